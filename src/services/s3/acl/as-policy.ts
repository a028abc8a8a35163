/**
 * What an access control list allows, as a policy (User Guide, "Access control list (ACL) overview", "Mapping of ACL permissions and
 * access policy permissions"). What it allows for keys that have no object yet is from memory.
 */
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import { ALL_USERS, isPublicAcl } from '#services/s3/acl/grants.ts';
import { bucketArn, objectArn } from '#services/s3/names.ts';
import type { Acl, AclGrant, AclPermission } from '#services/s3/state.ts';

type Actions = Readonly<Record<Exclude<AclPermission, 'FULL_CONTROL'>, readonly string[]>>;

const ON_BUCKET: Actions = {
  READ: ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads'],
  WRITE: ['s3:PutObject'],
  READ_ACP: ['s3:GetBucketAcl'],
  WRITE_ACP: ['s3:PutBucketAcl'],
};
const ON_OBJECT: Actions = {
  READ: ['s3:GetObject', 's3:GetObjectVersion'],
  WRITE: [],
  READ_ACP: ['s3:GetObjectAcl', 's3:GetObjectVersionAcl'],
  WRITE_ACP: ['s3:PutObjectAcl', 's3:PutObjectVersionAcl'],
};

/** Who may write to a bucket says who may read what is written. */
const ON_NEW_OBJECT: Actions = { READ: [], WRITE: ['s3:PutObjectAcl'], READ_ACP: [], WRITE_ACP: [] };

/** Who may list a bucket may learn that a key is not there. */
const ON_ABSENT_OBJECT: Actions = { ...ON_NEW_OBJECT, READ: ON_OBJECT.READ, WRITE: [] };

export const absentObjectAclPolicy = (acl: Acl, bucket: string): CompiledPolicy =>
  policyOf(acl, ON_ABSENT_OBJECT, [objectArn(bucket, '*')]);

export const bucketAclPolicy = (acl: Acl, bucket: string): CompiledPolicy =>
  policyOf(acl, ON_BUCKET, [bucketArn(bucket), objectArn(bucket, '*')]);

export const newObjectAclPolicy = (acl: Acl, bucket: string): CompiledPolicy =>
  policyOf(acl, ON_NEW_OBJECT, [objectArn(bucket, '*')]);

/** A key may hold `*` or `?`, which mean themselves: the list is of one object, whatever its name. */
export const objectAclPolicy = (acl: Acl, bucket: string): CompiledPolicy =>
  policyOf(acl, ON_OBJECT, [objectArn(bucket, '*')]);

function policyOf({ owner, grants }: Acl, actions: Actions, Resource: readonly string[]): CompiledPolicy {
  // An owner can read and write the list whatever it says: from memory.
  const always = (['READ_ACP', 'WRITE_ACP'] as const).map((permission) => ({ id: owner, permission }));
  const statements = [...grants, ...always].map((grant) => ({
    Effect: 'Allow',
    ...granteeOf(grant),
    Action: grant.permission === 'FULL_CONTROL' ? Object.values(actions).flat() : actions[grant.permission],
    Resource,
  }));
  const Statement = statements.filter(({ Action }) => Action.length > 0);
  return compiledPolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'resource');
}

function granteeOf(grant: AclGrant): object {
  if ('id' in grant) return { Principal: { CanonicalUser: grant.id } };
  if (grant.uri === ALL_USERS) return { Principal: '*' };
  if (isPublicAcl({ owner: '', grants: [grant] })) {
    // Whoever has signed, of whatever account.
    return { Principal: '*', Condition: { Null: { 'aws:PrincipalAccount': 'false' } } };
  }
  return { Principal: { Service: 'logging.s3.amazonaws.com' } };
}
