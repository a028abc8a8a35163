import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilters, type Filter } from './filters.ts';

interface Machine {
  readonly id: string;
  readonly zones: readonly string[];
  readonly address?: string;
  readonly tags: Record<string, string>;
}
const machines: Machine[] = [
  { id: 'i-1', zones: ['a', 'b'], tags: { Name: 'web', Owner: 'Anna' } },
  { id: 'i-2', zones: ['b'], address: '10.0.0.1', tags: { Name: 'w*b' } },
  { id: 'i-3', zones: [], tags: {} },
];
const fields = {
  id: ({ id }: Machine) => id,
  zone: ({ zones }: Machine) => zones,
  address: ({ address }: Machine) => address,
};
const passing = (...filters: Filter[]): string =>
  machines
    .filter(compileFilters(filters, fields, ({ tags }) => tags))
    .map(({ id }) => id)
    .join(' ');

test('values are alternatives, filters together narrow', () => {
  assert.equal(passing(), 'i-1 i-2 i-3');
  assert.equal(passing({ Name: 'id', Values: ['i-1', 'i-3'] }), 'i-1 i-3');
  assert.equal(passing({ Name: 'zone', Values: ['b'] }, { Name: 'address', Values: ['*'] }), 'i-2');
  assert.equal(passing({ Name: 'zone', Values: ['c'] }), '');
});

test('wildcards, and how to mean the characters themselves', () => {
  assert.equal(passing({ Name: 'id', Values: ['i-?'] }), 'i-1 i-2 i-3');
  assert.equal(passing({ Name: 'id', Values: ['I-1'] }), '');
  assert.equal(passing({ Name: 'tag:Name', Values: ['w*'] }), 'i-1 i-2');
  assert.equal(passing({ Name: 'tag:Name', Values: ['w\\*b'] }), 'i-2');
  assert.equal(passing({ Name: 'tag:Name', Values: ['w\\b'] }), '');
});

test('tags by key, by value, by both', () => {
  assert.equal(passing({ Name: 'tag-key', Values: ['Owner'] }), 'i-1');
  assert.equal(passing({ Name: 'tag-value', Values: ['A*'] }), 'i-1');
  assert.equal(passing({ Name: 'tag:constructor', Values: ['*'] }), '');
});

test('what makes no sense is refused', () => {
  const code = (...filters: Filter[]) => {
    try {
      passing(...filters);
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  assert.equal(code({ Name: 'colour', Values: ['red'] }), 'InvalidParameterValue');
  assert.equal(code({ Name: 'toString', Values: ['x'] }), 'InvalidParameterValue');
  assert.equal(code({ Name: 'id' }), 'MissingParameter');
  assert.equal(code({ Values: ['x'] }), 'MissingParameter');
  assert.equal(code({ Name: 'id', Values: Array.from({ length: 201 }, String) }), 'FilterLimitExceeded');
});
