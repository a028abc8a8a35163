/**
 * Keys in the memory of their partition's owner: the row, the policy, the materials, and the opened material of those that were
 * used. A request so costs no read of the store and no unsealing. Bounded; every transaction that writes a key drops it here
 * (`keyChanged`), so nothing that was revoked, rotated away or deleted stays.
 */
import type { KeyObject } from 'node:crypto';
import { formatArn } from '#platform/base/arn.ts';
import { byId, type SavedPrincipals } from '#platform/policy/principal-ids.ts';
import type { MemorySlot, ReadTransaction, Transaction } from '#platform/store/store.ts';
import {
  aliases,
  type GrantRow,
  grants,
  type KeyRow,
  keys,
  type MaterialRow,
  materials,
  policies,
  policyPrincipals,
} from '#services/kms/state.ts';

export interface OpenMaterial {
  readonly sequence: number;
  readonly row: MaterialRow;
  /** Opened at the first use (material.ts): a secret, or the private key of a pair. */
  secret?: KeyObject;
  publicKey?: KeyObject;
}

export interface OpenKey {
  readonly row: KeyRow;
  readonly arn: string;
  readonly policy: KeyPolicy;
  /** What decides: the policy by unique ids. */
  readonly policyById: string;
  /** In the order that they came. */
  readonly materials: readonly OpenMaterial[];
  readonly hasGrants: boolean;
  /** Grantee -> grants, as the authoriser asked for them. */
  readonly grantsTo: Map<string, readonly GrantRow[]>;
}

export interface KeyPolicy {
  readonly text: string;
  readonly principals: SavedPrincipals;
}

interface NotedUse {
  operation: string;
  at: number;
  requestId: string;
  eventId: string;
  writtenAt: number;
}

interface KeyMemory {
  /** The longest unused first. */
  readonly open: Map<string, OpenKey>;
  /** Alias -> key id. */
  readonly targets: Map<string, string>;
  /** By ARN: last uses that may be newer than their rows. */
  readonly uses: Map<string, NotedUse>;
}

export const keyMemory: MemorySlot<KeyMemory> = {
  name: 'kms keys',
  load: () => ({ open: new Map(), targets: new Map(), uses: new Map() }),
};

const MOST_OPEN = 5000;

export const arnOf = (tx: ReadTransaction, id: string): string => {
  const { region, account } = tx.partition.name;
  return formatArn('kms', region, account, `key/${id}`);
};

export function findKey(tx: ReadTransaction, id: string): OpenKey | undefined {
  const { open } = tx.partition.memory(keyMemory);
  return open.get(id) ?? readKey(tx, id, open);
}

function readKey(tx: ReadTransaction, id: string, open: Map<string, OpenKey>): OpenKey | undefined {
  const row = tx.get(keys, keys.key(id));
  if (row === undefined) return undefined;
  const policy = policyOf(tx, id);
  const key: OpenKey = {
    row,
    arn: arnOf(tx, id),
    policy,
    policyById: byId(policy.text, policy.principals),
    materials: tx
      .range(materials, { prefix: [id] })
      .map(({ key: at, row: material }) => ({ sequence: materials.parts(at)[1], row: material })),
    hasGrants: tx.range(grants, { prefix: [id], limit: 1 }).length > 0,
    grantsTo: new Map(),
  };
  const [oldest] = open.keys();
  if (open.size >= MOST_OPEN && oldest !== undefined) open.delete(oldest);
  open.set(id, key);
  return key;
}

const policyOf = (tx: ReadTransaction, id: string): KeyPolicy => ({
  text: tx.get(policies, policies.key(id)) ?? '',
  principals: tx.get(policyPrincipals, policyPrincipals.key(id)) ?? {},
});

/** Called by every transaction that writes something of a key. */
export function keyChanged(tx: Transaction, id: string): void {
  const { partition } = tx;
  const forget = (): void => void partition.memory(keyMemory).open.delete(id);
  forget();
  tx.onUndo(forget);
}

export function putKey(tx: Transaction, row: KeyRow): void {
  tx.put(keys, keys.key(row.id), row);
  keyChanged(tx, row.id);
}

/** The key that an alias stands for. */
export function aliasTarget(tx: ReadTransaction, alias: string): string | undefined {
  const { targets } = tx.partition.memory(keyMemory);
  const known = targets.get(alias);
  if (known !== undefined) return known;
  const target = tx.get(aliases, aliases.key(alias))?.target;
  if (target === undefined) return undefined;
  if (targets.size >= MOST_OPEN) targets.clear();
  targets.set(alias, target);
  return target;
}

export function aliasChanged(tx: Transaction, alias: string): void {
  const { partition } = tx;
  const forget = (): void => void partition.memory(keyMemory).targets.delete(alias);
  forget();
  tx.onUndo(forget);
}
