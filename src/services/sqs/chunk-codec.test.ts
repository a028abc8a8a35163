import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunkCodec, NOTHING_MORE, stateCodec } from './chunk-codec.ts';
import type { MessageRow, MessageState } from './state.ts';

const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((one) => one.isWellFormed());
const name = fc.stringMatching(/^[a-z.-]{1,20}$/);
const PLAIN = { noNullPrototype: true };
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const md5 = fc.stringMatching(/^[0-9a-f]{32}$/);
const count = fc.nat(2 ** 50);
/** As AWS allows them: printable, commas and dashes among them. */
const group = fc.stringMatching(/^[!-~]{1,20}$/);

const more = fc.oneof(
  fc.constant(NOTHING_MORE),
  fc.record(
    {
      group: maybe(group),
      deduplicationId: maybe(group),
      attributes: maybe(
        fc.dictionary(name, fc.record({ DataType: text, StringValue: text }, PLAIN), {
          minKeys: 1,
          noNullPrototype: true,
        }),
      ),
      traceHeader: maybe(text.filter((one) => one !== '')),
      deadLetterSource: maybe(group),
      receivedBefore: count,
      firstReceivedBefore: count,
    },
    PLAIN,
  ),
);

const rows: fc.Arbitrary<MessageRow[]> = fc
  .tuple(
    count,
    text,
    maybe(fc.record({ dataKey: text, queueArn: text }, PLAIN)),
    fc.array(fc.tuple(fc.uuid(), md5, text, fc.boolean(), more), { minLength: 1, maxLength: 10 }),
  )
  .map(([sentAt, sender, encryption, each]) =>
    each.map(([id, md5, body, isBodyApart, rest]) => {
      return { ...rest, id, sentAt, sender, md5, body: isBodyApart ? '' : body, isBodyApart, encryption };
    }),
  );

const state: fc.Arbitrary<MessageState> = fc.oneof(
  fc.constantFrom('untouched' as const, 'deleted' as const),
  fc.record(
    {
      visibleAt: count,
      receives: fc.nat(),
      firstReceivedAt: count,
      receivedAt: count,
      isBodyApart: fc.boolean(),
      group: maybe(group),
    },
    PLAIN,
  ),
);

const stored = (content: string | Uint8Array): Buffer => Buffer.from(content as string);

test('a chunk is read as it was written', () => {
  fc.assert(
    fc.property(rows, (messages) => {
      assert.deepEqual(chunkCodec.decode(stored(chunkCodec.encode(messages))), messages);
    }),
  );
});

test('the states of a chunk are read as they were written, and are short when they are alike', () => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 10 }), (states) => {
      assert.deepEqual(stateCodec.decode(stored(stateCodec.encode(states))), states);
    }),
  );
  const one = { visibleAt: 2, receives: 1, firstReceivedAt: 1, receivedAt: 1, isBodyApart: false, group: undefined };
  const alike = stateCodec.encode(Array.from({ length: 10 }, () => one));
  assert.equal(alike.length, stateCodec.encode([one]).length + 9);
});
