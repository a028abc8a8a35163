import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days } from '#platform/base/clock.ts';
import { selectionOf } from '#services/s3/configurations/filters.ts';
import type { VersionRow } from '#services/s3/state.ts';
import { dueTier } from '#services/s3/tiering/run.ts';
import { accessTierOf } from '#services/s3/tiering/tiers.ts';

const START = days(20_000);
const row: VersionRow = {
  sequence: 1,
  modifiedAt: START,
  etag: '',
  bytes: 128 * 1024,
  storageClass: 'INTELLIGENT_TIERING',
};
const at = (count: number, more: Partial<VersionRow> = {}) =>
  accessTierOf({ ...row, ...more }, START + days(count), days(1));

test('a tier follows from the last access', () => {
  assert.equal(at(0, { storageClass: 'STANDARD' }), undefined);
  assert.equal(at(500, { bytes: 1 }), 'FREQUENT');
  assert.equal(at(31, { tiering: { accessedAt: START + days(2) } }), 'FREQUENT');
  assert.equal(at(31, { classSince: START + days(2) }), 'FREQUENT');
  assert.equal(at(31), 'INFREQUENT');
  assert.equal(at(91), 'ARCHIVE_INSTANT_ACCESS');
  const archived = { tiering: { archive: 'ARCHIVE_ACCESS' } } as const;
  assert.equal(at(91, archived), 'ARCHIVE_ACCESS');
  const restore = { readyAt: START + days(95), expiresAt: START + days(95) };
  assert.equal(at(94, { ...archived, restore }), 'ARCHIVE_ACCESS');
  assert.equal(at(96, { ...archived, restore }), 'FREQUENT');
  assert.equal(at(126, { ...archived, restore }), 'INFREQUENT');
});

test('of several configurations the deepest tier that is due counts, for objects that they select', () => {
  const rule = (prefix: string, ...tiers: { tier: 'ARCHIVE_ACCESS' | 'DEEP_ARCHIVE_ACCESS'; days: number }[]) => ({
    selection: selectionOf({ Prefix: prefix }),
    tiers,
  });
  const archive = { tier: 'ARCHIVE_ACCESS', days: 90 } as const;
  const deep = { tier: 'DEEP_ARCHIVE_ACCESS', days: 180 } as const;
  const due = (key: string, count: number) =>
    dueTier([rule('', archive), rule('deep/', deep, archive)], key, row, START + days(count), days(1));
  assert.deepEqual([due('a', 89), due('a', 90), due('a', 700)], [undefined, 'ARCHIVE_ACCESS', 'ARCHIVE_ACCESS']);
  assert.deepEqual([due('deep/a', 90), due('deep/a', 180)], ['ARCHIVE_ACCESS', 'DEEP_ARCHIVE_ACCESS']);
});
