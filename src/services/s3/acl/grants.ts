/**
 * Access control lists as they are kept: an owner, and who else may do what. They come as a canned name, as headers or as a
 * document (S3 User Guide, "Access control list (ACL) overview"), and reach the authoriser as a policy of the resource, whose
 * principals are canonical users. A list that grants its owner everything and nobody anything is not kept at all.
 */
import type { AccountId } from '#platform/base/ids.ts';
import type { CanonicalUsers } from '#services/s3/canonical-users.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { canonicalUser } from '#services/s3/names.ts';
import type { Acl, AclGrant, AclPermission } from '#services/s3/state.ts';

const GROUPS = 'http://acs.amazonaws.com/groups/';
export const ALL_USERS = `${GROUPS}global/AllUsers`;
const AUTHENTICATED_USERS = `${GROUPS}global/AuthenticatedUsers`;
const LOG_DELIVERY = `${GROUPS}s3/LogDelivery`;
const KNOWN_GROUPS: ReadonlySet<string> = new Set([ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY]);
const PUBLIC_GROUPS: ReadonlySet<string> = new Set([ALL_USERS, AUTHENTICATED_USERS]);
/** "An ACL can have up to 100 grants." (User Guide, "Access control list (ACL) overview") */
const MOST_GRANTS = 100;
/** Who uploads without a name ("Access control list (ACL) overview", "Who is a grantee?"). */
const ANONYMOUS = '65a011a29cdf8ec533ec3d1ccaae921c';

/** `anonymous`, or an account. */
export const ownerId = (owner: string): string =>
  owner === 'anonymous' ? ANONYMOUS : canonicalUser(owner as AccountId);

const PERMISSIONS = ['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const satisfies AclPermission[];

export interface AclRequest {
  readonly ACL?: string;
  readonly AccessControlPolicy?: GivenPolicy;
  readonly GrantFullControl?: string;
  readonly GrantRead?: string;
  readonly GrantReadACP?: string;
  readonly GrantWrite?: string;
  readonly GrantWriteACP?: string;
}

/** With a new object. */
export interface ObjectAclRequest extends AclRequest {
  readonly Key: string;
}

interface GivenPolicy {
  readonly Owner?: { readonly ID?: string };
  readonly Grants?: readonly { readonly Grantee?: GivenGrantee; readonly Permission?: string }[];
}

interface GivenGrantee {
  readonly Type?: string;
  readonly ID?: string;
  readonly URI?: string;
}

/** Members of requests -> the header that they come in, the permission that they grant. */
const GRANT_HEADERS = {
  GrantFullControl: ['x-amz-grant-full-control', 'FULL_CONTROL'],
  GrantRead: ['x-amz-grant-read', 'READ'],
  GrantReadACP: ['x-amz-grant-read-acp', 'READ_ACP'],
  GrantWrite: ['x-amz-grant-write', 'WRITE'],
  GrantWriteACP: ['x-amz-grant-write-acp', 'WRITE_ACP'],
} as const satisfies Partial<Record<keyof AclRequest, readonly [header: string, permission: AclPermission]>>;
const GRANT_MEMBERS = Object.keys(GRANT_HEADERS) as (keyof typeof GRANT_HEADERS)[];

export interface Owners {
  /** Of the bucket or object that the list is for, as a canonical user. */
  readonly owner: string;
  readonly bucketOwner: string;
  readonly isUser: (id: string) => boolean;
}

type Canned = (owners: Owners) => readonly AclGrant[];
const toGroup =
  (uri: string, ...permissions: AclPermission[]): Canned =>
  () =>
    permissions.map((permission) => ({ uri, permission }));
const toBucketOwner =
  (permission: AclPermission): Canned =>
  ({ owner, bucketOwner }) =>
    owner === bucketOwner ? [] : [{ id: bucketOwner, permission }];

/** What each adds to the owner's full control ("Access control list (ACL) overview", "Canned ACL"). */
const CANNED: Readonly<Record<'bucket' | 'object', Readonly<Record<string, Canned>>>> = {
  bucket: {
    private: () => [],
    'public-read': toGroup(ALL_USERS, 'READ'),
    'public-read-write': toGroup(ALL_USERS, 'READ', 'WRITE'),
    'authenticated-read': toGroup(AUTHENTICATED_USERS, 'READ'),
    'log-delivery-write': toGroup(LOG_DELIVERY, 'WRITE', 'READ_ACP'),
    'aws-exec-read': () => [],
    // "If you specify this canned ACL when creating a bucket, Amazon S3 ignores it."
    'bucket-owner-read': () => [],
    'bucket-owner-full-control': () => [],
  },
  object: {
    private: () => [],
    'public-read': toGroup(ALL_USERS, 'READ'),
    'public-read-write': toGroup(ALL_USERS, 'READ', 'WRITE'),
    'authenticated-read': toGroup(AUTHENTICATED_USERS, 'READ'),
    // EC2 reads machine images by it; there is nobody else to grant it to.
    'aws-exec-read': () => [],
    'bucket-owner-read': toBucketOwner('READ'),
    'bucket-owner-full-control': toBucketOwner('FULL_CONTROL'),
  },
};

export const saysAcl = (request: AclRequest): boolean =>
  request.ACL !== undefined || GRANT_MEMBERS.some((member) => request[member] !== undefined);

/** Whether the bucket owner's full control is all that a request asks for: by the canned list, or by a header that grants it. */
export function isFullControlOfBucketOwner(request: AclRequest, owner: AccountId): boolean {
  if (request.ACL !== undefined) return request.ACL === 'bucket-owner-full-control';
  const others = GRANT_MEMBERS.filter((member) => member !== 'GrantFullControl' && request[member] !== undefined);
  const [, kind = '', value] = GRANTEE.exec(request.GrantFullControl ?? '') ?? [];
  return others.length === 0 && kind.toLowerCase() === 'id' && value === canonicalUser(owner);
}

/** The list that a request asks for; undefined if it says nothing of one. */
export function aclOf(request: AclRequest, of: 'bucket' | 'object', owners: Owners): Acl | undefined {
  const { ACL: canned, AccessControlPolicy: document } = request;
  const headers = GRANT_MEMBERS.filter((member) => request[member] !== undefined);
  if (canned !== undefined && headers.length > 0) {
    fail('InvalidRequest', { message: 'Specifying both Canned ACLs and Header Grants is not allowed' });
  }
  if (document !== undefined) {
    if (canned !== undefined || headers.length > 0) fail('UnexpectedContent');
    return aclOfDocument(document, owners);
  }
  if (canned !== undefined) {
    const grants = CANNED[of][canned] ?? invalidArgument('x-amz-acl', canned, '');
    return checked([{ id: owners.owner, permission: 'FULL_CONTROL' }, ...grants(owners)], owners);
  }
  if (headers.length === 0) return undefined;
  const grants = headers.flatMap((member) => {
    const [header, permission] = GRANT_HEADERS[member];
    return grantsOfHeader(header, permission, request[member] ?? '', owners);
  });
  return checked(grants, owners);
}

function checked(grants: readonly AclGrant[], { owner }: Owners): Acl {
  if (grants.length > MOST_GRANTS) fail('MalformedACLError');
  return { owner, grants };
}

const GRANTEE = /^\s*(id|uri|emailaddress)\s*=\s*"?([^",]*)"?\s*$/i;

/** `id="…", uri="…"` */
function grantsOfHeader(header: string, permission: AclPermission, text: string, owners: Owners): AclGrant[] {
  return text.split(',').map((each) => {
    const [, kind = '', value = ''] = GRANTEE.exec(each) ?? [];
    switch (kind.toLowerCase()) {
      case 'id':
        return { id: user(value, owners), permission };
      case 'uri':
        return { uri: group(value), permission };
      case 'emailaddress':
        return byEmail();
      default:
        return invalidArgument(header, text, 'Argument format not recognized');
    }
  });
}

function aclOfDocument({ Owner, Grants = [] }: GivenPolicy, owners: Owners): Acl {
  if (Owner?.ID === undefined) fail('MalformedACLError');
  // Owners don't change: a list that names another one is not of this resource.
  if (Owner.ID !== owners.owner) fail('AccessDenied');
  const grants = Grants.map(({ Grantee: grantee, Permission: given }): AclGrant => {
    const permission = PERMISSIONS.find((each) => each === given);
    if (grantee === undefined || permission === undefined) return fail('MalformedACLError');
    if (grantee.Type === 'AmazonCustomerByEmail') return byEmail();
    if (grantee.Type === 'Group') return { uri: group(grantee.URI ?? ''), permission };
    return { id: user(grantee.ID ?? '', owners), permission };
  });
  return checked(grants, owners);
}

const user = (id: string, { isUser }: Owners): string =>
  isUser(id) ? id : invalidArgument('CanonicalUser/ID', id, 'Invalid id');

const group = (uri: string): string =>
  KNOWN_GROUPS.has(uri) ? uri : invalidArgument('Group/URI', uri, 'Invalid group uri');

/**
 * "If you attempt to use an Email Grantee ACL in a request after October 1, 2025, the request will receive an HTTP 405 (Method Not
 * Allowed) error." (API Reference, PutBucketAcl)
 */
const byEmail = (): never => fail('MethodNotAllowed');

export const isPublicAcl = ({ grants }: Acl): boolean =>
  grants.some((grant) => 'uri' in grant && PUBLIC_GROUPS.has(grant.uri));

/** Nobody but the owner has a grant. */
export const isOwnersOnly = ({ owner, grants }: Acl): boolean =>
  grants.every((grant) => 'id' in grant && grant.id === owner);

export const isPrivate = (acl: Acl): boolean =>
  isOwnersOnly(acl) && acl.grants.length === 1 && acl.grants[0]?.permission === 'FULL_CONTROL';

/** As GetBucketAcl and GetObjectAcl show it. No order is promised; where names are shown, clients of that time have groups first. */
export function shownAcl({ owner, grants }: Acl, users: CanonicalUsers) {
  const isFirst = (grant: AclGrant): boolean => users.showsNames && 'uri' in grant;
  return {
    Owner: users.shown(owner),
    Grants: [...grants.filter(isFirst), ...grants.filter((grant) => !isFirst(grant))].map((grant) => ({
      Grantee:
        'id' in grant
          ? { Type: 'CanonicalUser' as const, ...users.shown(grant.id) }
          : { Type: 'Group' as const, URI: grant.uri },
      Permission: grant.permission,
    })),
  };
}

export const privateAcl = (owner: string): Acl => ({ owner, grants: [{ id: owner, permission: 'FULL_CONTROL' }] });
