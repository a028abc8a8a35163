import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountRows } from '#platform/policy/decisions/accounts.fixture.ts';
import { deputyRows } from '#platform/policy/decisions/deputies.fixture.ts';
import { elementRows } from '#platform/policy/decisions/elements.fixture.ts';
import { grantRows } from '#platform/policy/decisions/grants.fixture.ts';
import { limitRows } from '#platform/policy/decisions/limits.fixture.ts';
import { operatorRows } from '#platform/policy/decisions/operators.fixture.ts';
import { principalRows } from '#platform/policy/decisions/principals.fixture.ts';
import { outcomeOf, PAGES, type Row, requestOf } from '#platform/policy/decisions/row.fixture.ts';
import { judge } from '#platform/policy/reference.ts';

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  'within the account, across, and by a key’s policy': accountRows,
  'explicit denies, boundaries, sessions, organizations': limitRows,
  'principals, services and trust': principalRows,
  'for whom a service acts, and who calls from where': deputyRows,
  'grants beside a resource': grantRows,
  'actions, resources and variables': elementRows,
  'condition operators': operatorRows,
};

for (const [name, rows] of Object.entries(TABLES)) {
  test(`${rows.length} decisions as documented: ${name}`, () => {
    const wrong = rows.flatMap((row) => {
      const outcome = outcomeOf(row);
      return outcome === row.outcome
        ? []
        : [{ ...row, outcome: `${row.outcome}, but was ${outcome}`, page: PAGES[row.page] }];
    });
    assert.deepEqual(wrong, []);
  });
}

test('the reference evaluator decides them alike', () => {
  for (const row of Object.values(TABLES).flat()) {
    const expected = { allowed: row.outcome === 'allowed', explicit: row.outcome.startsWith('denied') };
    assert.deepEqual(judge(requestOf(row)), expected, row.rule);
  }
});

test('there are several hundred', () => {
  assert.ok(Object.values(TABLES).flat().length > 950);
});
