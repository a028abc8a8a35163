/** Key policies. A key has exactly one, named `default`; without its consent nobody has rights to the key, not even root. */
import type { AccountId } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import { globalContext } from '#platform/policy/context.ts';
import { evaluate } from '#platform/policy/evaluate.ts';
import { type FaultWords, reworded } from '#platform/policy/names.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import { asOfNow, savedPrincipals } from '#platform/policy/principal-ids.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { fail } from '#services/kms/errors.ts';
import { keyOf } from '#services/kms/identify.ts';
import { checkCustomerManaged } from '#services/kms/keys/key-states.ts';
import { type KeyPolicy, keyChanged } from '#services/kms/keys/open-key.ts';
import { MAX_POLICY_BYTES } from '#services/kms/limits.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { policies, policyPrincipals } from '#services/kms/state.ts';

const NAME = 'default';

const defaultPolicy = (account: AccountId): string =>
  JSON.stringify(
    {
      Version: '2012-10-17',
      Id: 'key-default-1',
      Statement: [
        {
          Sid: 'Enable IAM User Permissions',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: 'kms:*',
          Resource: '*',
        },
      ],
    },
    null,
    2,
  );

const ALL_IAM = parsePolicy(
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}',
  'identity',
);

/** "The principals in the key policy must exist and be visible to AWS KMS" (PutKeyPolicy). */
const INVALID_PRINCIPAL = 'Policy contains a statement with one or more invalid principals.';
/** Where KMS has other words than IAM, as its answers have been recorded. */
const OWN_WORDS: FaultWords = [
  ['Missing required field Principal', 'Policy contains a statement with no principal.'],
  ['Invalid principal in policy:', INVALID_PRINCIPAL],
];

interface GivenPolicy {
  readonly Policy?: string;
  readonly BypassPolicyLockoutSafetyCheck?: boolean;
}

/** The policy for a key of this ARN. The caller must be able to change it again, unless it waives that. */
export function checkedPolicy({ principals }: KmsParts, input: GivenPolicy, arn: string, call: Call): KeyPolicy {
  const { Policy: text = defaultPolicy(call.account), BypassPolicyLockoutSafetyCheck: isBypassed = false } = input;
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) fail('PolicyTooLong', MAX_POLICY_BYTES);
  const policy = compiled(text);
  if (!isBypassed && !mayPutPolicy(policy, arn, call)) fail('PolicyLockout');
  return { text, principals: savedPrincipals(principals, policy, () => fail('MalformedPolicy', INVALID_PRINCIPAL)) };
}

function compiled(text: string): CompiledPolicy {
  try {
    return parsePolicy(text, 'resource');
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { message } = error;
    if (/"arn:[^:"]*:iam::\d{12}:group\//.test(message)) fail('ArnInPolicy');
    return fail('MalformedPolicy', reworded(message, OWN_WORDS));
  }
}

/** As far as the key policy goes: what the account's IAM policies will say is the account's own affair. */
function mayPutPolicy(policy: CompiledPolicy, arn: string, { principal, account, region, now }: Call): boolean {
  const decision = evaluate({
    principal,
    policies: { identity: [ALL_IAM] },
    action: 'kms:PutKeyPolicy',
    resource: arn,
    resourceAccount: account,
    resourcePolicy: policy,
    resourcePolicyRequired: true,
    context: globalContext({
      principal,
      now,
      isSecure: true,
      requestedRegion: region,
      resourceAccount: account,
      serviceKeys: { 'kms:CallerAccount': account },
    }),
  });
  return decision.allowed;
}

export function putPolicy(tx: Transaction, keyId: string, { text, principals }: KeyPolicy): void {
  tx.put(policies, policies.key(keyId), text);
  tx.put(policyPrincipals, policyPrincipals.key(keyId), principals);
  keyChanged(tx, keyId);
}

export function putKeyPolicy(parts: KmsParts, input: Model.PutKeyPolicyRequest, call: Call): void {
  const key = keyOf(call.tx, call, input.KeyId);
  checkCustomerManaged(key);
  if (input.PolicyName === 'AWS_RAM') fail('Validation', 'The AWS_RAM policy can only be managed by the RAM service.');
  if ((input.PolicyName ?? NAME) !== NAME) fail('PolicyNotFound');
  putPolicy(call.tx, key.row.id, checkedPolicy(parts, input, key.arn, call));
}

export function getKeyPolicy(
  { principals }: KmsParts,
  input: Model.GetKeyPolicyRequest,
  call: Call,
): Model.GetKeyPolicyResponse {
  const { policy } = keyOf(call.tx, call, input.KeyId);
  if ((input.PolicyName ?? NAME) !== NAME) fail('PolicyNotFound');
  return { Policy: asOfNow(policy.text, policy.principals, principals), PolicyName: NAME };
}

export function listKeyPolicies(input: Model.ListKeyPoliciesRequest, call: Call): Model.ListKeyPoliciesResponse {
  keyOf(call.tx, call, input.KeyId);
  return { PolicyNames: [NAME], Truncated: false };
}
