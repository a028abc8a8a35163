import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyPieces } from '#gateway/http/http1-body-pieces.ts';

const chunkOf = (text: string): Buffer => {
  const chunk = Buffer.allocUnsafeSlow(text.length);
  chunk.write(text, 'latin1');
  return chunk;
};

test('chunks that a body has used up are given back, and none that may hold more', () => {
  const [head, middle, last] = [chunkOf('head|one'), chunkOf('two,three'), chunkOf('four|next')];
  const pieces = new BodyPieces({ addBytes: (count) => count });
  pieces.add(head.subarray(5), head);
  pieces.add(middle.subarray(0, 3), middle);
  pieces.add(middle.subarray(4), middle);
  pieces.add(last.subarray(0, 4), last);
  assert.equal(pieces.bytes, 15);
  assert.equal(pieces.joined().toString(), 'onetwothreefour');
  assert.deepEqual([head.length, middle.length], [0, 0]);
  assert.equal(last.toString(), 'four|next');
});

test('a body of one piece is not copied, so its chunk stays', () => {
  const chunk = chunkOf('head|body');
  const pieces = new BodyPieces({ addBytes: (count) => count });
  pieces.add(chunk.subarray(5), chunk);
  assert.equal(pieces.joined().toString(), 'body');
  assert.equal(chunk.toString(), 'head|body');
  pieces.drop();
  assert.equal(pieces.joined().length, 0);
});

test('a chunk of which several pieces were the last is not given back', () => {
  const chunk = chunkOf('one,two|next');
  const pieces = new BodyPieces({ addBytes: (count) => count });
  pieces.add(chunk.subarray(0, 3), chunk);
  pieces.add(chunk.subarray(4, 7), chunk);
  assert.equal(pieces.joined().toString(), 'onetwo');
  assert.equal(chunk.toString(), 'one,two|next');
});
