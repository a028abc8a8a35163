/** Pages of a walk against what they mean: all keys in the order of UTF-8, grouped, a few at a time. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { jsonRows } from '#platform/store/keys.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { type BucketRow, listedObjects, objects, type VersionRow } from '#services/s3/state.ts';
import { commonPrefix, type Listed, objectOf, shownNames, walkKeys } from './list.ts';

const BUCKET: BucketRow = { id: 1, name: 'books', createdAt: 0, sealedKey: '' };
const place = { service: 's3', account: '123456789012' as AccountId, region: 'us-east-1' as Region };
/** As rows were written before what lists tell went first. */
const once = { ...objects, codec: jsonRows<VersionRow>(1) };

interface Given {
  readonly key: string;
  readonly row: VersionRow;
  readonly isOld: boolean;
}

const part = fc.constantFrom('a', 'b', 'é', '\0', '/', '~', '\u{1f600}', '\uffff', ' ', '-');
const keys = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
const given: fc.Arbitrary<Given> = fc.record({
  key: keys,
  isOld: fc.boolean(),
  row: fc.record(
    {
      sequence: fc.nat(),
      modifiedAt: fc.nat(),
      etag: fc.stringMatching(/^[0-9a-f]{32}$/),
      bytes: fc.nat(),
      isDeleteMarker: fc.constant(true as const),
      storageClass: fc.constantFrom('GLACIER', 'STANDARD_IA'),
      metadata: fc.dictionary(fc.string(), fc.string()),
    },
    { requiredKeys: ['sequence', 'modifiedAt', 'etag', 'bytes'] },
  ),
});

interface Scope {
  readonly prefix: string;
  readonly delimiter: string;
}

function meant(all: readonly Given[], scope: Scope): string[] {
  const byKey = [...new Map(all.map((each) => [each.key, each])).values()];
  const sorted = byKey.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  const there = sorted.filter(({ key, row }) => key.startsWith(scope.prefix) && !row.isDeleteMarker);
  return [...new Set(there.map(({ key, row }) => commonPrefix(key, scope) ?? shown(key, row)))];
}

const asked = { ownerOf: undefined, restoresAt: undefined };
const shown = (key: string, row: VersionRow): string => JSON.stringify(objectOf(key, row, shownNames('url'), asked));

function walked(tx: ReadTransaction, scope: Scope, limit: number): string[] {
  const found: string[] = [];
  for (let after = ''; ; ) {
    const page = walkKeys(tx, listedObjects, BUCKET, { ...scope, after, limit });
    for (const entry of page.entries as Listed<VersionRow>[]) {
      found.push('prefix' in entry ? entry.prefix : shown(entry.key, entry.row));
    }
    if (page.next === undefined) return found;
    after = page.next;
  }
}

test('pages together are all keys, in order and grouped, whatever form their rows have', async () => {
  const scopes = fc.record({ prefix: fc.oneof(fc.constant(''), keys), delimiter: fc.constantFrom('', '/', 'a', 'é') });
  const all = fc.array(given, { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(all, all, scopes, fc.integer({ min: 1, max: 40 }), async (stored, pending, scope, limit) => {
      const partition = openStore({ drivers: memoryDrivers() }).partition(place);
      const put = (rows: readonly Given[]) =>
        partition.transact((tx) => {
          for (const { key, row, isOld } of rows) tx.put(isOld ? once : objects, objects.key(BUCKET.id, key), row);
        });
      put(stored);
      await partition.durable();
      put(pending);
      partition.read((tx) => {
        assert.deepEqual(walked(tx, scope, limit), meant([...stored, ...pending], scope));
      });
      await partition.durable();
    }),
  );
});
