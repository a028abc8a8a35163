import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '#platform/base/ids.ts';
import { canonicalUsers } from '#services/s3/canonical-users.ts';
import { canonicalUser } from '#services/s3/names.ts';

const ANN = '111122223333' as AccountId;
const BOB = '444455556666' as AccountId;

function accountsOf(...ids: AccountId[]) {
  const rows = ids.map((id) => ({ id, name: `name of ${id}` }));
  let reads = 0;
  return {
    rows,
    reads: () => reads,
    made: () => rows.length,
    listAccounts: (after: string | undefined, limit: number) => {
      reads++;
      return rows.filter(({ id }) => id > (after ?? '')).slice(0, limit);
    },
  };
}

test('accounts are found by their canonical users, new ones too', () => {
  const accounts = accountsOf(ANN);
  const users = canonicalUsers(accounts, false);
  assert.equal(users.has(canonicalUser(ANN)), true);
  assert.equal(users.has(canonicalUser(BOB)), false);
  accounts.rows.push({ id: BOB, name: 'bob' });
  assert.equal(users.has(canonicalUser(BOB)), true);
  assert.deepEqual(users.shown(canonicalUser(BOB)), { ID: canonicalUser(BOB) });
});

test('names that nobody has don’t make it read all accounts again', () => {
  const accounts = accountsOf(ANN, BOB);
  const users = canonicalUsers(accounts, true);
  for (let at = 0; at < 100; at++) assert.equal(users.has(`unknown-${at}`), false);
  assert.equal(accounts.reads(), 1);
  assert.deepEqual(users.shown('unknown'), { ID: 'unknown' });
  assert.deepEqual(users.shown(canonicalUser(ANN)), { ID: canonicalUser(ANN), DisplayName: `name of ${ANN}` });
});
