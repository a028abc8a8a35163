/**
 * The policies that a user, role or group has: inline and attached ones, with their documents in force. What decides requests
 * (identity/), what simulates them and what reports on them all gather them here.
 */
import type { AccountId } from '#platform/base/ids.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { nameOfArn } from '#services/iam/names.ts';
import { managedDocument } from '#services/iam/policies/managed-policies.ts';
import {
  attachments,
  type EntityKind,
  entities,
  type GroupRow,
  groups,
  inlinePolicies,
  memberships,
} from '#services/iam/state.ts';

export interface HeldPolicy {
  readonly name: string;
  /** Of a managed policy; undefined for an inline one. */
  readonly arn: string | undefined;
  readonly document: string;
  readonly holder: Holder;
}

export interface Holder {
  readonly noun: EntityKind;
  readonly id: string;
  readonly name: string;
}

/** In the order of names, inline ones first. A policy without a document (there should be none) grants nothing. */
function heldPolicies(tx: ReadTransaction, account: AccountId, holder: Holder): HeldPolicy[] {
  const inline = tx.range(inlinePolicies, { prefix: [holder.id] }).map(({ key, row: { document } }): HeldPolicy => {
    return { name: inlinePolicies.parts(key)[1], arn: undefined, document, holder };
  });
  const managed = tx.range(attachments, { prefix: [holder.id] }).flatMap(({ key }): HeldPolicy[] => {
    const arn = attachments.parts(key)[1];
    const document = managedDocument(tx, account, arn);
    return document === undefined ? [] : [{ name: nameOfArn(arn), arn, document, holder }];
  });
  return [...inline, ...managed];
}

/** Its own, and those of a user's groups. */
export function effectivePolicies(tx: ReadTransaction, account: AccountId, holder: Holder): HeldPolicy[] {
  const inherited = groupsOf(tx, holder.id).flatMap(({ id, name }) =>
    heldPolicies(tx, account, { noun: 'group', id, name }),
  );
  return [...heldPolicies(tx, account, holder), ...inherited];
}

export function groupsOf(tx: ReadTransaction, userId: string): GroupRow[] {
  return tx.range(memberships, { prefix: [userId] }).flatMap(({ key }) => {
    const entity = tx.get(entities, entities.key(memberships.parts(key)[1]));
    return (entity && tx.get(groups, groups.key(entity.name))) ?? [];
  });
}
