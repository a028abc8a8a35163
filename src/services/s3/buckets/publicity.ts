/** "Public" is what grants to everybody without a condition that fixes who or where from (S3 User Guide, "The meaning of public"). */
import type { CompiledPolicy } from '#platform/policy/parse.ts';

type Kind = 'bucket' | 'accesspoint';

const publicity = {
  bucket: new WeakMap<CompiledPolicy, boolean>(),
  accesspoint: new WeakMap<CompiledPolicy, boolean>(),
};

export const isPublic = (policy: CompiledPolicy): boolean => isPublicOn(policy, 'bucket');

/** "An access point that has a VPC network origin is always considered non-public" ("Blocking public access", "Access points"). */
export const isPublicPoint = (policy: CompiledPolicy, { vpcId }: { readonly vpcId?: string }): boolean =>
  vpcId === undefined && isPublicOn(policy, 'accesspoint');

function isPublicOn(policy: CompiledPolicy, kind: Kind): boolean {
  let known = publicity[kind].get(policy);
  if (known === undefined) {
    known = policy.document.statements.some((statement) => {
      const { effect, principal, conditions } = statement;
      if (effect !== 'Allow' || principal === undefined || !namesEverybody(principal)) return false;
      return !conditions.some(({ operator, key, values }) => fixes(kind, operator, key, values));
    });
    publicity[kind].set(policy, known);
  }
  return known;
}

type Principals = NonNullable<CompiledPolicy['document']['statements'][number]['principal']>;

const namesEverybody = ({ negated, principals }: Principals): boolean =>
  negated || principals === '*' || (principals.AWS?.includes('*') ?? false);

/** Keys that say who or where from, with values that are fixed. */
const FIXING_KEYS = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceorgid',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:userid',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
]);

function fixes(kind: Kind, operator: string, key: string, values: readonly string[]): boolean {
  // `ForAllValues` passes where the key is absent.
  if (/Not|Null|IfExists|ForAllValues/i.test(operator)) return false;
  const name = key.toLowerCase();
  // Wider than /8 of IPv4 or /32 of IPv6 is everywhere.
  if (name === 'aws:sourceip')
    return values.every((range) => Number(range.split('/')[1] ?? 32) >= (range.includes(':') ? 32 : 8));
  // "An access point policy that grants access to a set of access points using s3:DataAccessPointArn is considered public."
  if (name === 's3:dataaccesspointarn' && kind === 'bucket')
    return values.every((value) => !/^arn:aws:s3:[^:]*:[^:]*[*?]/.test(value));
  return FIXING_KEYS.has(name) && values.every((value) => !/[*?]|\$\{/.test(value));
}
