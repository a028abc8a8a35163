import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newRing, RecordReader, RecordWriter } from './record-ring.ts';

test('records come as they were given, whatever their lengths, and only a sleeper is woken', () => {
  const lengths = fc.array(fc.nat(100), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 20 }), (rounds) => {
      const ring = newRing(512);
      let wakes = 0;
      const writer = new RecordWriter(ring, () => wakes++);
      const reader = new RecordReader(ring);
      let number = 0;
      for (const round of rounds) {
        const given: string[] = [];
        for (const length of round) {
          const at = writer.place(length);
          if (at < 0) break;
          writer.space.bytes.fill(number % 256, at, at + length);
          writer.give(length, number);
          given.push(`${number++} ${length}`);
        }
        assert.equal(wakes, given.length > 0 ? 1 : 0);
        wakes = 0;
        const taken: string[] = [];
        const take = (): boolean =>
          reader.take(3, (got, at, length) => {
            assert.ok(reader.space.bytes.subarray(at, at + length).every((byte) => byte === got % 256));
            taken.push(`${got} ${length}`);
          });
        while (take());
        assert.deepEqual(taken, given);
        assert.ok(writer.place(100) >= 0, 'an empty ring has room for a fifth of it');
      }
    }),
  );
});

test('a ring that is full takes no more until something was read', () => {
  const ring = newRing(256);
  const [writer, reader] = [new RecordWriter(ring, () => {}), new RecordReader(ring)];
  let given = 0;
  while (writer.place(24) >= 0) writer.give(24, given++);
  assert.ok(given >= 6);
  assert.equal(
    reader.take(1, () => {}),
    true,
  );
  assert.equal(writer.place(24), -1, 'one place is left free, or full and empty would look alike');
  reader.take(1, () => {});
  assert.ok(writer.place(24) >= 0);
});
