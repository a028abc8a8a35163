/**
 * What object ownership and the public access block make of access control lists: who owns a new object, which lists a bucket
 * takes, which of them count (S3 User Guide, "Controlling ownership of objects and disabling ACLs for your bucket").
 */
import type { AccountId } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Call, CallScope } from '#platform/service.ts';
import {
  absentObjectAclPolicy,
  bucketAclPolicy,
  newObjectAclPolicy,
  objectAclPolicy,
} from '#services/s3/acl/as-policy.ts';
import {
  type AclRequest,
  aclOf,
  isFullControlOfBucketOwner,
  isPrivate,
  isPublicAcl,
  type ObjectAclRequest,
  ownerId,
  privateAcl,
  saysAcl,
} from '#services/s3/acl/grants.ts';
import { blocks } from '#services/s3/buckets/block-public-access.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import type { ShownOwner } from '#services/s3/canonical-users.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { failBlocked } from '#services/s3/refusals.ts';
import type { Acl, VersionRow } from '#services/s3/state.ts';
import type { ListedRow } from '#services/s3/version-rows.ts';

export const takesAcls = ({ ownership }: Pick<OpenBucket, 'ownership'>): boolean => ownership !== 'BucketOwnerEnforced';

/** Whose bucket it is, and by what it is reached. */
type Reached = Pick<CallScope, 'account' | 'door'>;

/** Grants to everybody don't count where the block ignores them. */
function inForce(parts: S3Parts, acl: Acl, bucket: OpenBucket, reached: Reached): Acl {
  if (!isPublicAcl(acl) || !blocks(parts, bucket, reached, 'IgnorePublicAcls')) return acl;
  return { ...acl, grants: acl.grants.filter((grant) => !isPublicAcl({ owner: '', grants: [grant] })) };
}

/** Undefined: the bucket's list adds nothing to what policies say. */
export const bucketAclInForce = (parts: S3Parts, bucket: OpenBucket, reached: Reached): CompiledPolicy | undefined =>
  bucket.acl && takesAcls(bucket)
    ? bucketAclPolicy(inForce(parts, bucket.acl, bucket, reached), bucket.name)
    : undefined;

export const newObjectAclInForce = (
  parts: S3Parts,
  bucket: OpenBucket,
  reached: Reached,
): CompiledPolicy | undefined =>
  bucket.acl && takesAcls(bucket)
    ? newObjectAclPolicy(inForce(parts, bucket.acl, bucket, reached), bucket.name)
    : undefined;

export function objectAclInForce(
  parts: S3Parts,
  bucket: OpenBucket,
  row: VersionRow | undefined,
  reached: Reached,
): CompiledPolicy | undefined {
  if (!takesAcls(bucket)) return undefined;
  if (row === undefined) {
    return bucket.acl && absentObjectAclPolicy(inForce(parts, bucket.acl, bucket, reached), bucket.name);
  }
  const acl = row.acl ?? (row.owner === undefined ? undefined : privateAcl(ownerId(row.owner)));
  return acl && objectAclPolicy(inForce(parts, acl, bucket, reached), bucket.name);
}

/** The account that an object belongs to, where it is not the bucket owner's. */
export const holderOf = (bucket: OpenBucket, row: VersionRow | undefined): AccountId | undefined =>
  row?.owner === undefined || row.isDeleteMarker || !takesAcls(bucket) ? undefined : (row.owner as AccountId);

/** Who owns the versions of a bucket, as lists show them. */
export function ownersOf(parts: S3Parts, bucket: OpenBucket, { account }: Call): (row: Owned) => ShownOwner {
  const own = parts.users.shown(ownerId(account));
  return takesAcls(bucket) ? ({ owner }) => (owner === undefined ? own : parts.users.shown(ownerId(owner))) : () => own;
}

type Owned = Pick<ListedRow, 'owner'>;

export interface ObjectOwnership {
  readonly owner?: string;
  readonly acl?: Acl;
}

/** Of a new object. */
export function ownershipOf(
  parts: S3Parts,
  bucket: OpenBucket,
  request: ObjectAclRequest,
  call: Call,
): ObjectOwnership {
  if (!takesAcls(bucket)) {
    // What the User Guide calls "Uploads with bucket owner full control ACLs or uploads that don't specify an ACL".
    const isAccepted = !saysAcl(request) || isFullControlOfBucketOwner(request, call.account);
    return isAccepted ? {} : fail('AccessControlListNotSupported');
  }
  const { principal } = call;
  const writer =
    principal.kind === 'anonymous' ? 'anonymous' : 'account' in principal ? principal.account : call.account;
  const isGivenAway = bucket.ownership === 'BucketOwnerPreferred' && request.ACL === 'bucket-owner-full-control';
  const owner = isGivenAway ? call.account : (writer ?? call.account);
  const acl = wantedAcl(parts, request, 'object', { account: call.account, owner });
  refusePublicAcl(parts, bucket, acl, call, ['s3:PutObject', `${bucket.arn}/${request.Key}`]);
  return { ...(owner !== call.account && { owner }), ...(acl && !isPrivate(acl) && { acl }) };
}

/** The list that a request asks for. */
export function wantedAcl(
  { users }: S3Parts,
  request: AclRequest,
  of: 'bucket' | 'object',
  { account, owner }: { readonly account: AccountId; readonly owner: string },
): Acl | undefined {
  return aclOf(request, of, { owner: ownerId(owner), bucketOwner: ownerId(account), isUser: users.has });
}

/** Throws for a public list where such are blocked. */
export function refusePublicAcl(
  parts: S3Parts,
  bucket: OpenBucket,
  acl: Acl | undefined,
  call: Call,
  [action, resource]: readonly [action: string, resource: string],
): void {
  if (acl !== undefined && isPublicAcl(acl) && blocks(parts, bucket, call, 'BlockPublicAcls')) {
    failBlocked(call, action, resource, 'acl');
  }
}
