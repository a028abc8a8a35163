import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashStep, knownIndex, knownNames, lowerCase } from './header-names.ts';

function lookUp(name: string): string | undefined {
  const bytes = Buffer.from(`x${name}x`, 'latin1');
  const hash = bytes.subarray(1, -1).reduce((sum, byte) => hashStep(sum, lowerCase[byte] ?? 0), 0);
  const index = knownIndex(bytes, 1, bytes.length - 1, hash);
  return index < 0 ? undefined : knownNames[index];
}

test('every known name is found, however it is capitalised', () => {
  for (const name of knownNames) {
    assert.equal(lookUp(name), name);
    assert.equal(lookUp(name.toUpperCase()), name);
  }
});

test('no other name is taken for a known one, though it meets it in the table', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  for (const a of letters) {
    for (const b of letters) {
      for (const c of letters) assert.equal(lookUp(`h${a}${b}${c}`), `h${a}${b}${c}` === 'host' ? 'host' : undefined);
    }
  }
});
