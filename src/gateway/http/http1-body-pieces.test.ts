import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyPieces } from '#gateway/http/http1-body-pieces.ts';

const pieceOf = (text: string): Buffer => {
  const piece = Buffer.allocUnsafeSlow(text.length);
  piece.write(text, 'latin1');
  return piece;
};

test('pieces that a body was joined of are given back', () => {
  const given = ['one', 'two', 'three'].map(pieceOf);
  const pieces = new BodyPieces({ addBytes: (count) => count });
  for (const piece of given) pieces.add(piece);
  assert.equal(pieces.bytes, 11);
  assert.equal(pieces.take().toString(), 'onetwothree');
  assert.deepEqual(
    given.map(({ length }) => length),
    [0, 0, 0],
  );
});

test('a body of one piece is that piece', () => {
  const piece = pieceOf('body');
  const pieces = new BodyPieces({ addBytes: (count) => count });
  pieces.add(piece);
  assert.equal(pieces.take(), piece);
  assert.equal(piece.toString(), 'body');
  assert.equal(pieces.take().length, 0);
});
