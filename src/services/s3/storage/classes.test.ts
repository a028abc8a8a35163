import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours } from '#platform/base/clock.ts';
import type { VersionRow } from '#services/s3/state.ts';
import { earlyDeletion, storageOf } from '#services/s3/storage/classes.ts';

const START = days(20_000);
const KIB = 1024;
const row = (storageClass: string, bytes: number, more: Partial<VersionRow> = {}): VersionRow => ({
  sequence: 1,
  modifiedAt: START,
  etag: '',
  bytes,
  storageClass,
  ...more,
});
const billed = (version: VersionRow, now = START) =>
  Object.fromEntries(storageOf(version, now, days(1)).map(({ usageType, bytes }) => [usageType, bytes]));

test('what a version occupies: least sizes, indexes of archives, restored copies, tiers', () => {
  const plain = { sequence: 1, modifiedAt: START, etag: '', bytes: 1 };
  assert.deepEqual(billed(plain), { 'TimedStorage-ByteHrs': 1 });
  assert.deepEqual(billed(row('REDUCED_REDUNDANCY', 5)), { 'TimedStorage-RRS-ByteHrs': 5 });
  for (const [name, code] of [
    ['STANDARD_IA', 'SIA'],
    ['ONEZONE_IA', 'ZIA'],
    ['GLACIER_IR', 'GIR'],
  ] as const) {
    assert.deepEqual(billed(row(name, 128 * KIB)), { [`TimedStorage-${code}-ByteHrs`]: 128 * KIB });
    assert.deepEqual(billed(row(name, 1)), { [`TimedStorage-${code}-SmObjects`]: 128 * KIB });
  }
  assert.deepEqual(billed(row('GLACIER', 10)), {
    'TimedStorage-GlacierByteHrs': 10 + 32 * KIB,
    'TimedStorage-ByteHrs': 8 * KIB,
  });
  const restore = { readyAt: START, expiresAt: START + days(2) };
  assert.equal(billed(row('DEEP_ARCHIVE', 10, { restore }))['TimedStorage-ByteHrs'], 8 * KIB + 10);
  const tiered = row('INTELLIGENT_TIERING', 128 * KIB);
  const after = (count: number) => Object.keys(billed(tiered, START + days(count)))[0];
  assert.deepEqual(
    [after(29), after(30), after(89), after(90)],
    [
      'TimedStorage-INT-FA-ByteHrs',
      'TimedStorage-INT-IA-ByteHrs',
      'TimedStorage-INT-IA-ByteHrs',
      'TimedStorage-INT-AIA-ByteHrs',
    ],
  );
  assert.deepEqual(billed({ ...tiered, tiering: { archive: 'DEEP_ARCHIVE_ACCESS' } }), {
    'TimedStorage-INT-DAA-ByteHrs': 160 * KIB,
    'TimedStorage-ByteHrs': 8 * KIB,
  });
});

test('what goes early is charged for the rest of its time, reckoned from when it came into its class', () => {
  const early = (version: VersionRow, after: number) => earlyDeletion(version, START + after);
  const infrequent = row('STANDARD_IA', 128 * KIB);
  assert.deepEqual(early(infrequent, 0), { usageType: 'EarlyDelete-SIA', byteHours: 128 * KIB * 30 * 24 });
  assert.equal(early(infrequent, days(29) + hours(23) + 1)?.byteHours, 128 * KIB);
  assert.equal(early(infrequent, days(30)), undefined);
  assert.equal(early(row('STANDARD_IA', 1), days(30)), undefined);
  assert.deepEqual(early(row('ONEZONE_IA', 1), days(29)), {
    usageType: 'EarlyDelete-ZIA-SmObjects',
    byteHours: 128 * KIB * 24,
  });
  assert.equal(early({ ...infrequent, classSince: START + days(10) }, days(30))?.byteHours, 128 * KIB * 10 * 24);
  assert.equal(early(row('GLACIER', 0), days(89))?.usageType, 'EarlyDelete-ByteHrs');
  assert.equal(early(row('GLACIER', 0), days(90)), undefined);
  assert.equal(early(row('DEEP_ARCHIVE', 0), days(179))?.byteHours, 32 * KIB * 24);
  assert.equal(early(row('GLACIER_IR', KIB), days(90)), undefined);
  for (const free of ['STANDARD', 'INTELLIGENT_TIERING', 'REDUCED_REDUNDANCY']) {
    assert.equal(early(row(free, 1), 0), undefined, free);
  }
});
