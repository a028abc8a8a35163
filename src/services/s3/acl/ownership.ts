/**
 * What object ownership and the public access block make of access control lists: who owns a new object, which lists a bucket
 * takes, which of them count (S3 User Guide, "Controlling ownership of objects and disabling ACLs for your bucket").
 */
import type { AccountId } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Call } from '#platform/service.ts';
import {
  absentObjectAclPolicy,
  bucketAclPolicy,
  newObjectAclPolicy,
  objectAclPolicy,
} from '#services/s3/acl/as-policy.ts';
import {
  type AclRequest,
  aclOf,
  isPrivate,
  isPublicAcl,
  ownerId,
  privateAcl,
  saysAcl,
} from '#services/s3/acl/grants.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import type { ShownOwner } from '#services/s3/canonical-users.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { Acl, VersionRow } from '#services/s3/state.ts';

export const takesAcls = ({ ownership }: Pick<OpenBucket, 'ownership'>): boolean => ownership !== 'BucketOwnerEnforced';

/** Grants to everybody don't count where the block ignores them. */
function inForce(acl: Acl, { publicAccessBlock }: OpenBucket): Acl {
  if (!publicAccessBlock?.IgnorePublicAcls || !isPublicAcl(acl)) return acl;
  return { ...acl, grants: acl.grants.filter((grant) => !isPublicAcl({ owner: '', grants: [grant] })) };
}

/** Undefined: the bucket's list adds nothing to what policies say. */
export const bucketAclInForce = (bucket: OpenBucket): CompiledPolicy | undefined =>
  bucket.acl && takesAcls(bucket) ? bucketAclPolicy(inForce(bucket.acl, bucket), bucket.name) : undefined;

export const newObjectAclInForce = (bucket: OpenBucket): CompiledPolicy | undefined =>
  bucket.acl && takesAcls(bucket) ? newObjectAclPolicy(inForce(bucket.acl, bucket), bucket.name) : undefined;

export function objectAclInForce(bucket: OpenBucket, row: VersionRow | undefined): CompiledPolicy | undefined {
  if (!takesAcls(bucket)) return undefined;
  if (row === undefined) return bucket.acl && absentObjectAclPolicy(inForce(bucket.acl, bucket), bucket.name);
  const acl = row.acl ?? (row.owner === undefined ? undefined : privateAcl(ownerId(row.owner)));
  return acl && objectAclPolicy(inForce(acl, bucket), bucket.name);
}

/** The account that an object belongs to, where it is not the bucket owner's. */
export const holderOf = (bucket: OpenBucket, row: VersionRow | undefined): AccountId | undefined =>
  row?.owner === undefined || row.isDeleteMarker || !takesAcls(bucket) ? undefined : (row.owner as AccountId);

/** Who owns the versions of a bucket, as lists show them. */
export function ownersOf(parts: S3Parts, bucket: OpenBucket, { account }: Call): (row: Owned) => ShownOwner {
  const own = parts.users.shown(ownerId(account));
  return takesAcls(bucket) ? ({ owner }) => (owner === undefined ? own : parts.users.shown(ownerId(owner))) : () => own;
}

type Owned = Pick<VersionRow, 'owner'>;

export interface ObjectOwnership {
  readonly owner?: string;
  readonly acl?: Acl;
}

/** Of a new object. */
export function ownershipOf(parts: S3Parts, bucket: OpenBucket, request: AclRequest, call: Call): ObjectOwnership {
  if (!takesAcls(bucket)) {
    // What the User Guide calls "Uploads with bucket owner full control ACLs or uploads that don't specify an ACL".
    const isAccepted = !saysAcl(request) || request.ACL === 'bucket-owner-full-control';
    return isAccepted ? {} : fail('AccessControlListNotSupported');
  }
  const { principal } = call;
  const writer =
    principal.kind === 'anonymous' ? 'anonymous' : 'account' in principal ? principal.account : call.account;
  const isGivenAway = bucket.ownership === 'BucketOwnerPreferred' && request.ACL === 'bucket-owner-full-control';
  const owner = isGivenAway ? call.account : (writer ?? call.account);
  const acl = checkedAcl(parts, bucket, request, 'object', { account: call.account, owner });
  return { ...(owner !== call.account && { owner }), ...(acl && !isPrivate(acl) && { acl }) };
}

interface AclPlace {
  /** The bucket's. */
  readonly account: AccountId;
  readonly owner: string;
}

/** The list that a request asks for, if the bucket takes it. */
export function checkedAcl(
  parts: S3Parts,
  bucket: Pick<OpenBucket, 'publicAccessBlock'>,
  request: AclRequest,
  of: 'bucket' | 'object',
  { account, owner }: AclPlace,
): Acl | undefined {
  const owners = { owner: ownerId(owner), bucketOwner: ownerId(account), isUser: parts.users.has };
  const acl = aclOf(request, of, owners);
  if (acl !== undefined && bucket.publicAccessBlock?.BlockPublicAcls && isPublicAcl(acl)) fail('AccessDenied');
  return acl;
}
