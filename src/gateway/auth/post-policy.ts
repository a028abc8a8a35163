/**
 * The signed policy of a form (S3 API Reference, "POST Policy"): the signature is over the policy alone, so the policy must say
 * something of every field of the form. What refusals say is from memory.
 */
import { type Authentication, isAlgorithm, readCredential, s3Dialect } from '#gateway/auth/authentication.ts';
import { signedHeaders } from '#gateway/auth/canonical.ts';
import type { SignedForm } from '#gateway/auth/sigv2.ts';
import { parseBasicDate } from '#gateway/auth/timestamp.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';

export type Fields = ReadonlyMap<string, string>;

const argument = (name: string): ServiceError =>
  new ServiceError(
    'InvalidArgument',
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    { status: 400, fields: { ArgumentName: name, ArgumentValue: '' } },
  );
const denied = (message: string): ServiceError =>
  new ServiceError('AccessDenied', `Invalid according to Policy: ${message}`, { status: 403 });
const invalid = (message: string): ServiceError =>
  new ServiceError('InvalidPolicyDocument', `Invalid Policy: ${message}`, { status: 400 });

const NAMES = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature'] as const;

/** Undefined for a form without a policy, which comes from nobody in particular. */
export function readFormAuthentication(fields: Fields): Authentication | SignedForm | undefined {
  if (!fields.has('policy')) {
    if (fields.has('x-amz-signature') || fields.has('signature')) throw argument('policy');
    return undefined;
  }
  if (isVersion2(fields)) {
    const [accessKeyId = '', signature = ''] = ['AWSAccessKeyId', 'signature'].map(
      (name) => fields.get(name.toLowerCase()) || raise(argument(name)),
    );
    return { accessKeyId, signature, sessionToken: fields.get('x-amz-security-token') };
  }
  const [algorithm = '', credential = '', timestamp = '', signature = ''] = NAMES.map(
    (name) => fields.get(name.toLowerCase()) || raise(argument(name)),
  );
  const { faults } = s3Dialect;
  if (!isAlgorithm(algorithm) || algorithm !== 'AWS4-HMAC-SHA256')
    throw faults.unsupportedAlgorithm('query', algorithm);
  return {
    form: 'query',
    algorithm,
    ...readCredential('query', algorithm, credential, faults),
    regionSet: undefined,
    signedHeaders: signedHeaders('host'),
    signature,
    timestamp,
    time: parseBasicDate(timestamp) ?? raise(faults.malformedDate('query', timestamp)),
    expiresSeconds: undefined,
    sessionToken: fields.get('x-amz-security-token'),
    declaredPayload: undefined,
  };
}

const isVersion2 = (fields: Fields): boolean =>
  !fields.has('x-amz-algorithm') && (fields.has('awsaccesskeyid') || fields.has('signature'));

const raise = (error: Error): never => {
  throw error;
};

export interface LengthRange {
  readonly least: number;
  readonly most: number;
}

interface Policy {
  readonly expiration?: unknown;
  readonly conditions?: unknown;
}

/** Fields that need no condition ("HTML forms", "Conditions"): those of the signature itself, and those that nobody reads. */
const UNCOVERED = new Set(['x-amz-signature', 'signature', 'policy', 'file', 'awsaccesskeyid']);

/** Throws unless the policy holds now and allows the form. `fields` has the bucket and the key as it will be. */
export function checkPostPolicy(text: string, fields: Fields, now: Milliseconds): LengthRange | undefined {
  const { expiration, conditions } = parsed(text);
  if (typeof expiration !== 'string') throw invalid('Policy missing expiration.');
  const end = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(expiration) ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(end)) throw invalid(`Invalid 'expiration' value: '${expiration}'`);
  if (now >= end) throw denied('Policy expired.');
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.");
  const covered = new Set<string>();
  let range: LengthRange | undefined;
  for (const condition of conditions as readonly unknown[]) {
    if (Array.isArray(condition) && String(condition[0]).toLowerCase() === 'content-length-range') {
      range = lengthRange(condition);
      continue;
    }
    for (const { operator, name, value } of comparisons(condition)) {
      covered.add(name);
      const given = fields.get(name) ?? '';
      const holds = operator === 'eq' ? given === value : given.startsWith(value);
      if (!holds) throw denied(`Policy Condition failed: ["${operator}", "$${name}", "${value}"]`);
    }
  }
  const extra = [...fields.keys()].find(
    (name) => !covered.has(name) && !UNCOVERED.has(name) && name !== 'bucket' && !name.startsWith('x-ignore-'),
  );
  if (extra !== undefined) throw denied(`Extra input fields: ${extra}`);
  return range;
}

function parsed(text: string): Policy {
  try {
    const policy: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
    if (typeof policy === 'object' && policy !== null) return policy;
  } catch {
    // Refused below, like every other thing that is no object.
  }
  throw invalid('Invalid JSON.');
}

interface Comparison {
  readonly operator: 'eq' | 'starts-with';
  readonly name: string;
  readonly value: string;
}

/** `{"bucket": "b"}`, `["eq", "$acl", "private"]`, `["starts-with", "$key", "user/"]` */
function comparisons(condition: unknown): Comparison[] {
  if (Array.isArray(condition)) {
    const [operator, name, value] = condition as readonly unknown[];
    const known = (['eq', 'starts-with'] as const).find((each) => each === String(operator).toLowerCase());
    if (known === undefined || typeof name !== 'string' || !name.startsWith('$') || typeof value !== 'string') {
      throw invalid(`Invalid Condition: ${JSON.stringify(condition)}`);
    }
    return [{ operator: known, name: name.slice(1).toLowerCase(), value }];
  }
  if (typeof condition !== 'object' || condition === null) throw invalid('Invalid Condition.');
  const entries = Object.entries(condition);
  if (entries.length !== 1)
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.');
  return entries.map(([name, value]) => {
    if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.');
    return { operator: 'eq', name: name.toLowerCase(), value };
  });
}

function lengthRange([, ...bounds]: readonly unknown[]): LengthRange {
  const [least = Number.NaN, most = Number.NaN] = bounds.map(Number);
  if (bounds.length !== 2 || !Number.isSafeInteger(least) || !Number.isSafeInteger(most) || least < 0) {
    throw invalid('Invalid content-length-range: wrong number of arguments.');
  }
  return { least, most };
}
