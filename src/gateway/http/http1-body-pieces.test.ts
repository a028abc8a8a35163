import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyPieces } from '#gateway/http/http1-body-pieces.ts';

const pieceOf = (letter: string): Buffer => Buffer.allocUnsafeSlow(16 * 1024).fill(letter);

test('pieces that a body was joined of are given back', () => {
  const given = ['a', 'b', 'c'].map(pieceOf);
  const pieces = new BodyPieces({ addBytes: (count) => count });
  for (const piece of given) pieces.add(piece);
  assert.equal(pieces.bytes, 48 * 1024);
  assert.match(pieces.take().toString(), /^a{16384}b{16384}c{16384}$/);
  assert.deepEqual(
    given.map(({ length }) => length),
    [0, 0, 0],
  );
});

test('a body of one piece is that piece', () => {
  const piece = pieceOf('a');
  const pieces = new BodyPieces({ addBytes: (count) => count });
  pieces.add(piece);
  assert.equal(pieces.take(), piece);
  assert.match(piece.toString(), /^a{16384}$/);
  assert.equal(pieces.take().length, 0);
});
