import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedAttributes } from './attributes.ts';

test('names that every object has are no attributes', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const given = JSON.parse(`{"${name}":"x"}`) as Record<string, string>;
    assert.throws(() => changedAttributes('orders', {}, given), { code: 'InvalidAttributeName' }, name);
  }
});
