import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VersionRow } from '#services/s3/state.ts';
import { type ListedRow, listedRows, versionRows } from '#services/s3/version-rows.ts';

const word = fc.stringMatching(/^[\w-]{0,40}$/);
const time = fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.double({ min: 0, max: 4e12, noNaN: true }));
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const digest = fc.stringMatching(/^[A-Za-z0-9+/]{4,88}=?(-\d{1,5})?$/);

/** Names and values of these stand in rows behind what lists tell, and may look like it. */
const words = fc.dictionary(
  fc.oneof(fc.constantFrom('etag', 'storageClass', 'owner', 'versionId', 'isDeleteMarker'), fc.string()),
  fc.oneof(fc.constant('","versionId":"x'), fc.string({ unit: 'binary' })),
);

const rows: fc.Arbitrary<VersionRow> = fc.record(
  {
    sequence: count,
    modifiedAt: time,
    etag: fc.oneof(word, fc.string()),
    bytes: count,
    isDeleteMarker: fc.constant(true as const),
    checksum: fc.record({
      value: digest,
      name: fc.constantFrom('CRC64NVME', 'SHA512', 'MD5'),
      type: fc.constantFrom('FULL_OBJECT', 'COMPOSITE'),
    }),
    storageClass: fc.oneof(fc.constantFrom('STANDARD_IA', 'GLACIER'), fc.string()),
    owner: fc.oneof(fc.constantFrom('anonymous', '123456789012'), fc.string()),
    restore: fc.record({ expiresAt: time, readyAt: time }),
    versionId: fc.oneof(word, fc.stringMatching(/^[\w-]{200,300}$/)),
    metadata: words,
    tags: words,
    classSince: time,
    upload: word,
    partsCount: count,
  },
  { requiredKeys: ['sequence', 'modifiedAt', 'etag', 'bytes'] },
);

const told = ({ modifiedAt, etag, bytes, sequence, checksum, ...row }: VersionRow): ListedRow => ({
  modifiedAt,
  etag,
  bytes,
  sequence,
  isDeleteMarker: row.isDeleteMarker,
  checksum: checksum && { name: checksum.name, type: checksum.type },
  storageClass: row.storageClass,
  owner: row.owner,
  restore: row.restore,
  versionId: row.versionId,
});

/** A row that was parsed has more than a list tells. */
const ofListed = (row: ListedRow): ListedRow => told(row as VersionRow);

/** As `jsonRows` wrote them once, in any order. */
const asOnce = (row: VersionRow, isReversed: boolean): Buffer => {
  const members = Object.entries(row);
  return Buffer.from(JSON.stringify(Object.fromEntries(isReversed ? members.reverse() : members)));
};

test('a version is read as it was written, whole and by lists', () => {
  fc.assert(
    fc.property(rows, (row) => {
      const written = Buffer.from(versionRows.encode(row));
      // By way of JSON: it has no -0 and no objects without a prototype.
      const expected = JSON.parse(JSON.stringify(row)) as VersionRow;
      assert.deepEqual(versionRows.decode(written), expected);
      assert.deepEqual(ofListed(listedRows.decode(written)), told(expected));
    }),
    { numRuns: 2000 },
  );
});

test('lists read rows that were written before what they tell went first', () => {
  fc.assert(
    fc.property(rows, fc.boolean(), (row, isReversed) => {
      const written = asOnce(row, isReversed);
      const expected = JSON.parse(JSON.stringify(row)) as VersionRow;
      assert.deepEqual(versionRows.decode(written), expected);
      assert.deepEqual(ofListed(listedRows.decode(written)), told(expected));
    }),
  );
});

test('members that are undefined are not written', () => {
  const row = { sequence: 1, modifiedAt: 2, etag: 'e', bytes: 3, headers: undefined, owner: undefined };
  assert.equal(versionRows.encode(row as unknown as VersionRow), ' {"modifiedAt":2,"etag":"e","bytes":3,"sequence":1}');
});
