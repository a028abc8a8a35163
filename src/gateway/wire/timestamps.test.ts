import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTimestamp, parseTimestamp, type TimestampFormat } from '#gateway/wire/timestamps.ts';

const TIME = Date.UTC(2014, 3, 29, 18, 30, 38);

const READ: readonly (readonly [TimestampFormat, string, number])[] = [
  ['iso8601', '2014-04-29T18:30:38Z', TIME],
  ['iso8601', '2014-04-29T18:30:38.123456Z', TIME + 123],
  ['iso8601', '2014-04-29T20:30:38+02:00', TIME],
  ['iso8601', '2014-04-29T17:00:38-01:30', TIME],
  ['iso8601', '20140429T183038Z', TIME],
  ['iso8601', '2014-04-29', Date.UTC(2014, 3, 29)],
  ['iso8601', '2014-04-29T18:30Z', TIME - 38_000],
  ['iso8601', '2016-12-31T23:59:60Z', Date.UTC(2016, 11, 31, 23, 59, 59)],
  ['iso8601', '0001-01-01T00:00:00Z', -62_135_596_800_000],
  ['rfc822', 'Tue, 29 Apr 2014 18:30:38 GMT', TIME],
  ['rfc822', 'Tue, 29 Apr 2014 18:30:38.5 GMT', TIME + 500],
  ['unixTimestamp', '1398796238', TIME],
  ['unixTimestamp', '1398796238.123', TIME + 123],
  ['unixTimestamp', '1.398796238E9', TIME],
];

const REFUSED: readonly (readonly [TimestampFormat, string])[] = [
  ['iso8601', '2014-02-30T00:00:00Z'],
  ['iso8601', '2014-13-01T00:00:00Z'],
  ['iso8601', '2014-04-29T24:00:00Z'],
  ['iso8601', '2014-04-29T18:60:00Z'],
  ['iso8601', '1398796238'],
  ['iso8601', 'Tue, 29 Apr 2014 18:30:38 GMT'],
  ['iso8601', ''],
  ['rfc822', '2014-04-29T18:30:38Z'],
  ['rfc822', 'Tue, 31 Apr 2014 18:30:38 GMT'],
  ['unixTimestamp', ''],
  ['unixTimestamp', '0x10'],
  ['unixTimestamp', '99999999999999999'],
];

for (const [format, text, time] of READ) {
  test(`${format} reads ${text}`, () => assert.equal(parseTimestamp(text, format), time));
}
for (const [format, text] of REFUSED) {
  test(`${format} refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseTimestamp(text, format), { code: 'SerializationException' }));
}

test('writes each format, with a fraction only where there is one', () => {
  assert.equal(formatTimestamp(TIME, 'iso8601'), '2014-04-29T18:30:38Z');
  assert.equal(formatTimestamp(TIME + 120, 'iso8601'), '2014-04-29T18:30:38.120Z');
  assert.equal(formatTimestamp(TIME, 'rfc822'), 'Tue, 29 Apr 2014 18:30:38 GMT');
  assert.equal(formatTimestamp(TIME + 120, 'unixTimestamp'), '1398796238.12');
});

test('writes what Date does', () => {
  const times = fc.integer({ min: -8.64e15, max: 8.64e15 });
  const soon = fc.integer({ min: TIME - 100_000_000, max: TIME + 100_000_000 });
  fc.assert(
    fc.property(fc.array(fc.oneof(times, soon, fc.double({ min: -1e12, max: 1e13, noNaN: true }))), (all) => {
      for (const time of all) {
        assert.equal(formatTimestamp(time, 'iso8601Milliseconds'), new Date(time).toISOString());
        assert.equal(formatTimestamp(time, 'iso8601'), new Date(time).toISOString().replace('.000Z', 'Z'));
      }
    }),
  );
  assert.throws(() => formatTimestamp(Number.NaN, 'iso8601'), RangeError);
  assert.throws(() => formatTimestamp(8.64e15 + 86_400_000, 'iso8601'), RangeError);
});
