/** Gathers what speaks about a user or role, read from rows and compiled. Kept by identity.ts until something changes. */
import type { AccountId } from '#platform/base/ids.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { PrincipalPolicies } from '#platform/policy/evaluate.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { SessionFacts } from '#platform/principal.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { OWN_PASSWORD_POLICY, policyOf } from '#services/iam/passwords/policy.ts';
import { effectivePolicies } from '#services/iam/policies/held-policies.ts';
import { managedDocument } from '#services/iam/policies/managed-policies.ts';
import { entities, roles, users } from '#services/iam/state.ts';

/** Undefined if there is no user or role of this unique id (any more). */
export function policiesOfOwner(tx: ReadTransaction, account: AccountId, id: string): PrincipalPolicies | undefined {
  const entity = tx.get(entities, entities.key(id));
  if (!entity) return undefined;
  const row = entity.kind === 'role' ? tx.get(roles, roles.key(entity.name)) : tx.get(users, users.key(entity.name));
  if (!row) return undefined;
  const held = effectivePolicies(tx, account, { noun: entity.kind, id, name: row.name });
  const identity = held.map(({ document }) => compiledPolicy(document, 'identity'));
  if (entity.kind === 'user' && policyOf(tx)?.allowUsersToChange) {
    identity.push(compiledPolicy(OWN_PASSWORD_POLICY, 'identity'));
  }
  if (row.boundary === undefined) return { identity };
  // A boundary whose policy is gone bounds to nothing (DeletePolicy refuses that, but it must not open a door).
  const document = managedDocument(tx, account, row.boundary) ?? NOTHING_ALLOWED;
  return { identity, boundary: compiledPolicy(document, 'identity') };
}

const NOTHING_ALLOWED = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}';

/** The inline and the named policies that were passed when the session was made. */
export function compiledSessionPolicies(
  tx: ReadTransaction,
  account: AccountId,
  facts: SessionFacts,
): CompiledPolicy[] {
  const documents = (facts.policyArns ?? []).map((arn) => managedDocument(tx, account, arn) ?? NOTHING_ALLOWED);
  if (facts.policy !== undefined) documents.push(facts.policy);
  return documents.map((document) => compiledPolicy(document, 'identity'));
}
