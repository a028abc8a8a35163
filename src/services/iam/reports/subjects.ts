/** What a report of last use is about: whose policies, and who could have used them. */
import type { AccountId } from '#platform/base/ids.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { requireEntity } from '#services/iam/entities.ts';
import { policyNotFound } from '#services/iam/errors.ts';
import { userById } from '#services/iam/identity/principals.ts';
import { entityArn } from '#services/iam/names.ts';
import { type OwnerRow, ROLE, USER } from '#services/iam/owners.ts';
import { effectivePolicies } from '#services/iam/policies/held-policies.ts';
import { checkPolicyArn, managedDocument } from '#services/iam/policies/managed-policies.ts';
import type { ReportedEntity } from '#services/iam/reports/state.ts';
import { attachedTo, type EntityKind, entities, members } from '#services/iam/state.ts';

export interface Subject {
  readonly policies: readonly CompiledPolicy[];
  readonly entities: readonly ReportedEntity[];
}

/** Throws NoSuchEntity, or InvalidInput for an ARN of something else. */
export function subjectOf(tx: ReadTransaction, account: AccountId, arn: string): Subject {
  return arn.includes(':policy/') ? ofPolicy(tx, account, arn) : ofEntity(tx, account, arn);
}

function ofPolicy(tx: ReadTransaction, account: AccountId, arn: string): Subject {
  checkPolicyArn(arn);
  const document = managedDocument(tx, account, arn) ?? policyNotFound(arn);
  const ids = tx.range(attachedTo, { prefix: [arn] }).map(({ key }) => attachedTo.parts(key)[1]);
  return { policies: [compiledPolicy(document, 'identity')], entities: usersAndRoles(tx, account, ids) };
}

function ofEntity(tx: ReadTransaction, account: AccountId, arn: string): Subject {
  const { noun, name, row } = requireEntity(tx, account, arn);
  const held = effectivePolicies(tx, account, { noun, id: row.id, name });
  return {
    policies: held.map(({ document }) => compiledPolicy(document, 'identity')),
    entities: usersAndRoles(tx, account, [row.id]),
  };
}

/** A group stands for its members. */
function usersAndRoles(tx: ReadTransaction, account: AccountId, ids: readonly string[]): ReportedEntity[] {
  const found = new Map<string, ReportedEntity>();
  for (const id of ids) {
    const entity = tx.get(entities, entities.key(id));
    if (entity?.kind === 'group') {
      for (const { key } of tx.range(members, { prefix: [id] })) {
        const row = userById(tx, members.parts(key)[1]);
        if (row) found.set(row.id, reported(account, 'user', row));
      }
    } else if (entity) {
      const { table } = entity.kind === 'user' ? USER : ROLE;
      const row = tx.get<OwnerRow>(table, table.key(entity.name));
      if (row) found.set(id, reported(account, entity.kind, row));
    }
  }
  return [...found.values()];
}

const reported = (account: AccountId, noun: EntityKind, row: OwnerRow): ReportedEntity => ({
  noun,
  id: row.id,
  name: row.name,
  path: row.path,
  arn: entityArn(account, noun, row),
});
