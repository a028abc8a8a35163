/**
 * What the owner of an account's partition keeps ready for the request path: opened credentials, compiled policies of
 * each principal, trust policies. A write to the account's identities forgets all of it, within the write's own
 * transaction, so the next request meets the change; such writes are rare and compiling again is cheap.
 */

import type { PrincipalPolicies } from '#platform/policy/evaluate.ts';
import type { Credential } from '#platform/principal.ts';
import type { MemorySlot, Transaction } from '#platform/store/store.ts';
import type { Tags } from '#platform/tags.ts';
import type { RoleView } from '#services/iam/api.ts';

export class AccountMemory {
  /** Changes with every write: what is kept elsewhere (sessions) was true for one generation. */
  generation = 0;
  /** Of long-term keys, by access key id. */
  readonly credentials = new Map<string, Credential>();
  /** By the unique id of a user or role; undefined when there is none any more. */
  readonly policies = new Map<string, PrincipalPolicies | undefined>();
  /** Of users and roles, by ARN: aws:PrincipalTag. */
  readonly tags = new Map<string, Tags>();
  /** By ARN. */
  readonly roles = new Map<string, RoleView>();

  forget(): void {
    this.generation++;
    this.credentials.clear();
    this.policies.clear();
    this.tags.clear();
    this.roles.clear();
  }
}

/** Generations go on where a dropped memory ended, so that an old one never comes back. */
let lastGeneration = 0;

export const accountMemory: MemorySlot<AccountMemory> = {
  name: 'iam/account',
  load() {
    const memory = new AccountMemory();
    lastGeneration += 2 ** 20;
    memory.generation = lastGeneration;
    return memory;
  },
};

/** Called by every transaction that writes users, keys, roles, groups or policies. */
export function identitiesChanged(tx: Transaction): void {
  const { partition } = tx;
  partition.memory(accountMemory).forget();
  tx.onUndo(() => partition.memory(accountMemory).forget());
}
