import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LedgerTime } from '#platform/cluster/ledger-time.ts';

const BEGIN = 1_800_000_000_000;

test('time is the ledger’s, as the fastest answer has it, and runs on', () => {
  const time = new LedgerTime();
  assert.equal(time.now(5), undefined);
  time.hear(BEGIN, 0, 100);
  assert.equal(time.now(50), BEGIN);
  assert.equal(time.now(1050), BEGIN + 1000);
  // Read at 2001, just after it was sent.
  time.hear(BEGIN + 1951, 2000, 2002);
  time.hear(BEGIN + 2990, 3000, 3400);
  assert.equal(time.now(4050), BEGIN + 4000);
});

test('a small correction does not turn it back', () => {
  const time = new LedgerTime();
  time.hear(BEGIN + 40, 0, 100);
  assert.equal(time.now(100), BEGIN + 90);
  time.hear(BEGIN + 51, 101, 101);
  assert.equal(time.now(120), BEGIN + 90);
  assert.equal(time.now(200), BEGIN + 150);
});

test('when one of the clocks was moved, what was heard before does not count', () => {
  const time = new LedgerTime();
  time.hear(BEGIN, 0, 2);
  // The machine slept for an hour.
  time.hear(BEGIN + 3_600_500, 400, 600);
  assert.equal(time.now(500), BEGIN + 3_600_500);
  // The ledger's clock was set back, or another server has taken over.
  time.hear(BEGIN, 1000, 1000);
  assert.equal(time.now(1000), BEGIN);
});
