import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobPlace } from '#platform/blobs/blobs.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import { RecentBlobs } from './recent.ts';

const KEY = Buffer.alloc(32, 1);
const placeOf = (index: number): BlobPlace => `s1.${index}.1000` as BlobPlace;
const contentOf = (index: number): Buffer => Buffer.alloc(1000, index);
const ALL = { start: 0, end: 1000 };

function readTwice(recent: RecentBlobs, index: number): void {
  for (let i = 0; i < 2; i++) recent.wasRead(placeOf(index), contentOf(index), KEY);
}

test('what is read twice is kept, for its key and within its length, until it is dropped', () => {
  const recent = new RecentBlobs();
  recent.wasRead(placeOf(1), contentOf(1), KEY);
  assert.equal(recent.read(placeOf(1), ALL, KEY), undefined, 'read once');
  recent.wasRead(placeOf(1), contentOf(1), KEY);
  assert.deepEqual(recent.read(placeOf(1), ALL, Buffer.from(KEY)), contentOf(1));
  assert.deepEqual(recent.read(placeOf(1), { start: 10, end: 20 }, KEY), contentOf(1).subarray(10, 20));
  assert.equal(recent.read(placeOf(1), ALL, Buffer.alloc(32, 2)), undefined, 'another key');
  assert.equal(recent.read(placeOf(1), { start: 0, end: 1001 }, KEY), undefined, 'beyond its end');
  recent.drop(placeOf(1));
  assert.equal(recent.read(placeOf(1), ALL, KEY), undefined, 'dropped');
});

test('what is kept can not be given back by who reads it', () => {
  const recent = new RecentBlobs();
  readTwice(recent, 1);
  const found = recent.read(placeOf(1), ALL, KEY);
  if (found !== undefined) giveBack(found);
  assert.deepEqual(recent.read(placeOf(1), ALL, KEY), contentOf(1));
});

test('its memory is bounded, what is asked for stays, and many that are asked for in turns do not push each other out', () => {
  const room = 100 * 1400;
  const recent = new RecentBlobs(room);
  const isKept = (index: number): boolean => recent.read(placeOf(index), ALL, KEY) !== undefined;
  let found = 0;
  for (let round = 0; round < 40; round++) {
    assert.ok(round < 2 || isKept(7), 'the favourite');
    for (let index = 0; index < 200; index++) {
      if (isKept(index)) found += round < 20 ? 0 : 1;
      else recent.wasRead(placeOf(index), contentOf(index), KEY);
    }
    for (let i = 0; i < 20; i++) if (!isKept(7)) recent.wasRead(placeOf(7), contentOf(7), KEY);
  }
  const kept = Array.from({ length: 200 }, (_, index) => isKept(index)).filter(Boolean).length;
  assert.ok(kept > 80 && kept < 110, `${kept} are kept`);
  assert.ok(found > 20 * 60, `${found} of 4,000 were there`);
});
