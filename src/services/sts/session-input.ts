/** What a caller may pass into a session: policies that limit it, and tags. Checked here, in STS's words. */
import { deflateRawSync } from 'node:zlib';
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { PolicyDescriptorType, Tag } from '#platform/model/generated/sts.ts';
import type { SessionFacts } from '#platform/principal.ts';
import type { SessionsApi } from '#services/iam/api.ts';

const MOST_POLICY_ARNS = 10;
const MOST_TAGS = 50;
/** AWS names the limit as a percentage of an unpublished packed form; ours is this many deflated bytes. */
const PACKED_LIMIT_BYTES = 2048;
const POLICY_LIMIT = 2048;

export interface SessionInput {
  readonly Policy?: string;
  readonly PolicyArns?: readonly PolicyDescriptorType[];
  readonly Tags?: readonly Tag[];
  readonly TransitiveTagKeys?: readonly string[];
}

type PassedFacts = Pick<SessionFacts, 'policy' | 'policyArns' | 'tags' | 'transitiveTagKeys'>;

export interface CheckedSession {
  readonly facts: PassedFacts;
  /** In percent; undefined when neither policies nor tags were passed. */
  readonly packedPolicySize: number | undefined;
}

/** `inherited`: the transitive tags of the calling session. Policies are those of `account`. */
export function checkSession(
  sessions: SessionsApi,
  account: AccountId,
  input: SessionInput,
  inherited: Readonly<Record<string, string>> = {},
): CheckedSession {
  const policyArns = checkPolicies(sessions, account, input);
  const tags = checkTags(input.Tags ?? [], inherited);
  const keys = input.TransitiveTagKeys ?? [];
  const passed = new Set((input.Tags ?? []).map(({ Key }) => Key.toLowerCase()));
  if (keys.some((key) => !passed.has(key.toLowerCase()))) {
    fail('InvalidParameterValue', 'The specified transitive tag key must be included in the requested tags.');
  }
  const isLimited = input.Policy !== undefined || policyArns.length > 0 || passed.size > 0;
  const transitiveTagKeys = [...Object.keys(inherited), ...keys];
  return {
    facts: {
      ...(input.Policy !== undefined && { policy: input.Policy }),
      ...(policyArns.length > 0 && { policyArns }),
      ...(Object.keys(tags).length > 0 && { tags }),
      ...(transitiveTagKeys.length > 0 && { transitiveTagKeys }),
    },
    packedPolicySize: isLimited ? packedSize([input.Policy, policyArns, input.Tags]) : undefined,
  };
}

function checkPolicies(sessions: SessionsApi, account: AccountId, input: SessionInput): string[] {
  if (input.Policy !== undefined) {
    if (input.Policy.length > POLICY_LIMIT) tooLarge(Math.ceil((100 * input.Policy.length) / POLICY_LIMIT));
    sessions.checkSessionPolicy(input.Policy);
  }
  const arns = (input.PolicyArns ?? []).flatMap(({ arn }) => arn ?? []);
  if (arns.length > MOST_POLICY_ARNS) {
    fail('ValidationError', `Session policies are limited to ${MOST_POLICY_ARNS} managed policies.`);
  }
  const missing = arns.find((arn) => sessions.managedPolicy(account, arn) === undefined);
  if (missing !== undefined) fail('NoSuchEntity', `Policy ${missing} does not exist or is not attachable.`);
  return arns;
}

function checkTags(tags: readonly Tag[], inherited: Readonly<Record<string, string>>): Record<string, string> {
  const seen = new Set<string>();
  const taken = new Set(Object.keys(inherited).map((key) => key.toLowerCase()));
  for (const { Key: key } of tags) {
    const name = key.toLowerCase();
    if (name.startsWith('aws:')) {
      fail('InvalidParameterValue', 'System tag keys cannot be added/updated by requester');
    }
    if (seen.has(name)) {
      fail('InvalidParameterValue', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    if (taken.has(name)) {
      const conflict = "One of the specified transitive tag keys can't be set because it conflicts with";
      fail('InvalidParameterValue', `${conflict} a transitive tag key from the calling session.`);
    }
    seen.add(name);
  }
  const all = { ...inherited, ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) };
  if (Object.keys(all).length > MOST_TAGS) fail('PackedPolicyTooLarge', `A session has at most ${MOST_TAGS} tags.`);
  return all;
}

/** Of a token or an assertion; the parameter's own form is the model's. */
export function checkedSourceIdentity(claim: unknown): string {
  const isGood = typeof claim === 'string' && /^[\w+=,.@-]{2,64}$/.test(claim) && !/^aws:/i.test(claim);
  if (isGood) return claim;
  const form = 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"';
  return fail('InvalidIdentityToken', form);
}

/** In percent; throws PackedPolicyTooLarge. */
export function packedSize(parts: readonly unknown[]): number {
  const percent = Math.ceil((100 * deflateRawSync(JSON.stringify(parts)).length) / PACKED_LIMIT_BYTES);
  return percent > 100 ? tooLarge(percent) : percent;
}

const tooLarge = (percent: number): never =>
  fail('PackedPolicyTooLarge', `Packed size of session tags and policies consumes ${percent}% of allotted space.`);
