import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { days } from '#platform/base/clock.ts';
import { type PageCall, pageTokens } from '#platform/page-token.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import { OTHER, OWN, REGION, userOf } from '#platform/tiny-cloud.fixture.ts';

const pages = pageTokens(createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) }));
const NOW = Date.UTC(2026, 0, 31);
const call: PageCall = {
  service: 'sqs',
  operation: 'ListQueues',
  principal: userOf(OWN),
  account: OWN,
  region: REGION,
  now: NOW,
};
const invalid = (): never => {
  throw new RangeError('invalid');
};

test('a token gives its position back to the same caller and query, for a day', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (position, query) => {
      const token = pages.seal(call, query, position);
      assert.match(token, /^[a-zA-Z0-9/+]+={0,2}$/);
      assert.equal(pages.open({ ...call, now: NOW + days(1) }, query, token, invalid), position);
    }),
  );
  const token = pages.seal(call, { prefix: 'a' }, 'here');
  const others: [PageCall, unknown][] = [
    [{ ...call, now: NOW + days(1) + 1 }, { prefix: 'a' }],
    [{ ...call, principal: userOf(OTHER) }, { prefix: 'a' }],
    [{ ...call, account: OTHER }, { prefix: 'a' }],
    [{ ...call, operation: 'ListQueueTags' }, { prefix: 'a' }],
    [{ ...call, service: 'sns' }, { prefix: 'a' }],
    [call, { prefix: 'b' }],
    [call, {}],
  ];
  for (const [other, query] of others) assert.throws(() => pages.open(other, query, token, invalid), RangeError);
});

test('an altered token is none', () => {
  const token = pages.seal(call, {}, 'here');
  const at = fc.nat({ max: token.length });
  fc.assert(
    fc.property(at, fc.string({ maxLength: 3 }), fc.nat({ max: 2 }), (from, piece, removed) => {
      const altered = token.slice(0, from) + piece + token.slice(from + removed);
      fc.pre(altered !== token);
      assert.throws(() => pages.open(call, {}, altered, invalid), RangeError);
    }),
    { numRuns: 500 },
  );
});
