/** Reads what an inventory lists, a page at a time, each in a transaction of its own: between pages the bucket may change. */
import type { ReadTransaction } from '#platform/store/store.ts';
import type { ListedVersion } from '#services/s3/inventory/fields.ts';
import { walkKeys } from '#services/s3/objects/list.ts';
import { entriesOf } from '#services/s3/objects/list-versions.ts';
import type { ReportPosition } from '#services/s3/reports/state.ts';
import { type BucketRow, objects, versions } from '#services/s3/state.ts';

export interface InventoryScope {
  readonly prefix: string;
  readonly withVersions: boolean;
}

const ROWS_AT_ONCE = 1000;

/** What comes after `position`; empty at the end. */
export function pageAfter(
  tx: ReadTransaction,
  bucket: BucketRow,
  { prefix, withVersions }: InventoryScope,
  position: ReportPosition | undefined,
): readonly ListedVersion[] {
  const walk = { prefix, delimiter: '', after: position?.key ?? '', limit: ROWS_AT_ONCE, olderThan: position };
  const entries = withVersions
    ? entriesOf(tx, { newest: objects, older: versions }, bucket, walk)
    : walkKeys(tx, objects, bucket, walk).entries;
  const page: ListedVersion[] = [];
  for (const entry of entries) {
    // Without a delimiter there are no common prefixes.
    if ('prefix' in entry) continue;
    page.push({ bucket: bucket.name, isLatest: true, ...entry });
    if (page.length === ROWS_AT_ONCE) break;
  }
  return page;
}

export const positionOf = ({ key, row }: ListedVersion): ReportPosition => ({ key, sequence: row.sequence });
