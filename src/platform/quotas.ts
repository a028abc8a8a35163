/**
 * Quotas: declared by each service with AWS's default; an account's own value is a row that Service Quotas writes when an
 * operator approves an increase. Asked for rarely (creations), so they are read, not kept.
 */
import { type AccountId, GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import type { QuotaDeclaration } from '#platform/service.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { PartitionName, Store, Transaction } from '#platform/store/store.ts';

/** Service, quota code -> the account's own value. */
const appliedQuotas = table('applied-quota', [text, text], jsonRows<{ value: number }>(1));

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
  if (!quota.adjustable) return defaultQuota(quota, region);
  const place = partitionOf(account, quota.global ? GLOBAL_REGION : region);
  const applied = store.partition(place).read((tx) => tx.get(appliedQuotas, appliedQuotas.key(service, code)));
  return applied?.value ?? defaultQuota(quota, region);
}

export const defaultQuota = ({ value, regional }: QuotaDeclaration, region: Region): number =>
  regional?.[region] ?? value;

/** In a transaction of the account's `service-quotas` partition. */
export function applyQuota(tx: Transaction, service: string, code: string, value: number): void {
  tx.put(appliedQuotas, appliedQuotas.key(service, code), { value });
}
