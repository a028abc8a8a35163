/**
 * Quotas: declared by each service with AWS's default; an account's own value is a row that Service Quotas writes when an
 * operator approves an increase. An account has few of its own, and a FIFO queue asks with each call: they are kept in memory.
 */
import { type AccountId, GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import type { QuotaDeclaration } from '#platform/service.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { MemorySlot, PartitionName, Store, Transaction } from '#platform/store/store.ts';

/** Service, quota code -> the account's own value. */
const appliedQuotas = table('applied-quota', [text, text], jsonRows<{ value: number }>(1));

const slot: MemorySlot<Map<string, number>> = {
  name: 'applied quotas',
  load: (partition) => new Map(partition.read((tx) => tx.range(appliedQuotas)).map(({ key, row }) => [key, row.value])),
};

const partitionOf = (account: AccountId, region: Region): PartitionName => ({
  service: 'service-quotas',
  account,
  region,
});

export function effectiveQuota(
  store: Store,
  account: AccountId,
  region: Region,
  service: string,
  code: string,
  quota: QuotaDeclaration,
): number {
  if (!quota.adjustable) return quota.value;
  const place = partitionOf(account, quota.global ? GLOBAL_REGION : region);
  return store.partition(place).memory(slot).get(appliedQuotas.key(service, code)) ?? quota.value;
}

/** In a transaction of the account's `service-quotas` partition. */
export function applyQuota(tx: Transaction, service: string, code: string, value: number): void {
  const key = appliedQuotas.key(service, code);
  const known = tx.partition.memory(slot);
  const before = known.get(key);
  tx.put(appliedQuotas, key, { value });
  tx.onUndo(() => (before === undefined ? known.delete(key) : known.set(key, before)));
  known.set(key, value);
}
