/** What a user, role or group brings into a simulation: its policies and its boundary, without those that are to be left out. */
import type { AccountId } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import { globOf } from '#platform/policy/match.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { requireEntity } from '#services/iam/entities.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { nameOfArn } from '#services/iam/names.ts';
import { effectivePolicies, type HeldPolicy } from '#services/iam/policies/held-policies.ts';
import { checkPolicyArn, managedDocument } from '#services/iam/policies/managed-policies.ts';
import type { Held, Source } from '#services/iam/simulation/scene.ts';

type Exclusions = readonly Model.PolicyIdentifier[];

export function heldBy(tx: ReadTransaction, account: AccountId, arn: string, exclusions: Exclusions = []): Held {
  const { noun, name, row } = requireEntity(tx, account, arn);
  const isExcluded = exclusionOf(exclusions);
  const policies = effectivePolicies(tx, account, { noun, id: row.id, name })
    .filter((policy) => !isExcluded(policy))
    .map((policy): Source => ({ id: policy.name, policy: apart(policy.document) }));
  const isBounded = row.boundary !== undefined && !exclusions.some((each) => each.PolicyType === 'permission-boundary');
  const boundary = isBounded && row.boundary ? managedDocument(tx, account, row.boundary) : undefined;
  return { arn, policies, ...(boundary !== undefined && { boundary: compiledPolicy(boundary, 'identity') }) };
}

/** An object of its own: two policies may have the same text. */
const apart = (document: string): CompiledPolicy => ({ ...compiledPolicy(document, 'identity') });

/** Throws InvalidInput for an identifier that names nothing, or more than one thing. */
function exclusionOf(exclusions: Exclusions): (policy: HeldPolicy) => boolean {
  const tests = exclusions.map(testOf);
  return (policy) => tests.some((test) => test(policy));
}

function testOf(identifier: Model.PolicyIdentifier): (policy: HeldPolicy) => boolean {
  const { PolicyType: type, PolicyArn: arn, InlinePolicyIdentifier: inline } = identifier;
  if ([type, arn, inline].filter((each) => each !== undefined).length !== 1) {
    invalidInput('Specify exactly one of PolicyType, PolicyArn, or InlinePolicyIdentifier.');
  }
  if (type !== undefined) return (policy) => typeOf(policy) === type;
  if (arn !== undefined) return byArn(arn);
  const { PolicyName: name, AttachmentType: noun, AttachmentName: holder = '' } = inline ?? {};
  const isHolder = globOf(holder);
  return (policy) =>
    policy.arn === undefined && policy.name === name && policy.holder.noun === noun && isHolder(policy.holder.name);
}

function typeOf({ arn }: HeldPolicy): Model.PolicyIdentifierPolicyType {
  if (arn === undefined) return 'inline';
  return arn.startsWith('arn:aws:iam::aws:') ? 'aws-managed' : 'user-managed';
}

/** "Wildcard characters are supported in the resource name portion: at most one *, and any number of ?." */
function byArn(arn: string): (policy: HeldPolicy) => boolean {
  checkPolicyArn(arn);
  const name = nameOfArn(arn);
  if (/[*?]/.test(arn.slice(0, -name.length)) || name.split('*').length > 2) invalidInput(`ARN ${arn} is not valid.`);
  const matches = globOf(arn);
  return (policy) => policy.arn !== undefined && matches(policy.arn);
}
