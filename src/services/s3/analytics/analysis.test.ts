import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days } from '#platform/base/clock.ts';
import {
  accessRatio,
  ageGroupOf,
  analysisFile,
  type Observation,
  SMALL,
  transitionAge,
} from '#services/s3/analytics/analysis.ts';

const MEGABYTE = 1024 * 1024;
const seen = (day: number, group: number, more: Partial<Observation> = {}): Observation => ({
  day,
  group,
  storageClass: 'STANDARD',
  requests: 0,
  retrieved: 0,
  uploaded: 0,
  objects: 1,
  bytes: MEGABYTE,
  ...more,
});

test('age groups begin at their first day; small objects have none', () => {
  const group = (age: number, bytes = MEGABYTE) =>
    ageGroupOf({ sequence: 1, modifiedAt: 0, etag: '', bytes }, days(age), days(1));
  assert.deepEqual(
    [0, 14, 15, 29, 30, 89, 90, 179, 180, 364, 365, 729, 730, 9999].map((age) => group(age)),
    [0, 0, 1, 1, 2, 5, 6, 8, 9, 9, 10, 10, 11, 11],
  );
  assert.equal(group(3, 1000), SMALL);
});

test('objects may move from the age on at which nobody reads them', () => {
  assert.equal(accessRatio([]), undefined);
  assert.equal(accessRatio([seen(1, 0, { retrieved: MEGABYTE / 10 }), seen(2, 0)]), 1.5);
  const hot = (group: number) => seen(1, group, { retrieved: MEGABYTE });
  assert.equal(transitionAge([seen(1, 3)], 29), undefined, 'too short a time');
  assert.equal(transitionAge([hot(0), hot(2), seen(1, 3), seen(1, 5)], 30), 45);
  assert.equal(transitionAge([hot(0), seen(1, 2)], 30), 30);
  assert.equal(transitionAge([hot(5)], 30), undefined);
});

test('the file recommends an age that has not changed for a month, and quotes what needs it', () => {
  const observed = Array.from({ length: 60 }, (_, day) => [
    seen(20_000 + day, 0, { retrieved: MEGABYTE }),
    seen(20_000 + day, 2),
  ]).flat();
  const lines = analysisFile({ Id: 'c', Filter: { Prefix: 'a,b' }, StorageClassAnalysis: {} }, observed, days(1))
    .trim()
    .split('\n');
  assert.equal(lines.length, 1 + 60 * 3);
  const totals = lines.slice(-60);
  assert.ok(totals.every((line) => line.includes(',c,"prefix=a,b",STANDARD,ALL,2,0,2,1,0,')));
  assert.ok(totals[28]?.endsWith(',,'));
  assert.ok(totals[29]?.endsWith(',30,'));
  assert.ok(totals[59]?.endsWith(',30,30'));
});
