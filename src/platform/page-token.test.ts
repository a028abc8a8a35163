import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { days } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { type PageCall, pageTokens } from '#platform/page-token.ts';
import { createSealer } from '#platform/secrets/sealer.ts';

const pages = pageTokens(createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) }));
const account = '123456789012' as AccountId;
const call: PageCall = {
  service: 'sqs',
  operation: 'ListQueues',
  principal: { kind: 'root', account, arn: `arn:aws:iam::${account}:root`, userId: account },
  account,
  region: 'us-east-1' as Region,
  now: Date.UTC(2026, 0, 1),
};
class Invalid extends Error {}
const invalid = (): never => {
  throw new Invalid();
};

test('a page token opens for its caller, operation and query, within a day', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.jsonValue(), (position, query) => {
      const token = pages.seal(call, query, position);
      assert.equal(pages.open({ ...call, now: call.now + days(1) }, query, token, invalid), position);
      const other = '210987654321' as AccountId;
      const foreign: PageCall[] = [
        { ...call, principal: { kind: 'root', account: other, arn: '', userId: other } },
        { ...call, operation: 'ListDeadLetterSourceQueues' },
        { ...call, region: 'eu-west-1' as Region },
        { ...call, now: call.now + days(1) + 1 },
      ];
      for (const each of foreign) assert.throws(() => pages.open(each, query, token, invalid), Invalid);
      assert.throws(() => pages.open(call, [query, 'else'], token, invalid), Invalid);
    }),
  );
});

test('nothing else is a page token', () => {
  fc.assert(fc.property(fc.string(), (text) => void assert.throws(() => pages.open(call, {}, text, invalid), Invalid)));
});
