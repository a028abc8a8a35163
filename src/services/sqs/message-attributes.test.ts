import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesMd5, hasForbiddenCharacters, selectedAttributes, storedAttributes } from './message-attributes.ts';

const text = (StringValue: string, DataType = 'String') => ({ DataType, StringValue });

test('the MD5 of attributes is the one in the examples of the API Reference', () => {
  const one = { test_attribute_name_1: text('test_attribute_value_1') };
  const two = { test_attribute_name_2: text('test_attribute_value_2'), ...one };
  assert.equal(attributesMd5(one), 'ba056227cfd9533dba1f72ad9816d233');
  assert.equal(attributesMd5(two), 'd53f3b558fe951154770f25cb63dbba9');
  const binary = { test_attribute_name: { DataType: 'Binary', BinaryValue: Buffer.from('test_attribute_value') } };
  assert.equal(attributesMd5(storedAttributes(binary)), '23f6bd27ea87aab7dfeadcc9aebee495');
  assert.equal(attributesMd5({}), undefined);
});

test('names, types and values follow the rules', () => {
  const refused: [string, object, RegExp][] = [
    ['AWS.name', text('x'), /cannot start with/],
    ['amazon.name', text('x'), /cannot start with/],
    ['.name', text('x'), /starting or ending with/],
    ['a..b', text('x'), /starting or ending with/],
    ['a b', text('x'), /can only contain/],
    ['n', text(''), /non-empty/],
    ['n', text('x', 'Text'), /is invalid/],
    ['n', text('x', ''), /non-empty message attribute type/],
    ['n', text('twelve', 'Number'), /Can't cast/],
    ['n', { DataType: 'Binary', StringValue: 'x' }, /non-empty/],
    ['n', { DataType: 'String', StringListValues: ['x'] }, /not supported/],
  ];
  for (const [name, value, message] of refused) {
    assert.throws(() => storedAttributes({ [name]: value as never }), { message });
  }
  const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`n${i}`, text('x')]));
  assert.throws(() => storedAttributes(eleven), /\[11\] exceeds/);
  assert.deepEqual(storedAttributes({ n: text('-1.5e3', 'Number.float') }), { n: text('-1.5e3', 'Number.float') });
});

test('a number has 38 digits at most, and its bounds', () => {
  const takes = (value: string): boolean => {
    try {
      return storedAttributes({ n: text(value, 'Number') }) !== undefined;
    } catch {
      return false;
    }
  };
  const nines = '9'.repeat(38);
  const taken = [
    '0',
    '-0.00',
    nines,
    `${nines}000`,
    `-0.000${nines}`,
    '1e126',
    '-1E-128',
    `1${'0'.repeat(126)}`,
    '.5',
    '5.',
    '+1e+2',
  ];
  assert.deepEqual(
    taken.filter((value) => !takes(value)),
    [],
  );
  const refused = [`${nines}9`, `9.${nines}`, '1.1e126', '1e127', '9e-129', '1e400', '.', 'e5', '-', '', '1e'];
  assert.deepEqual(refused.filter(takes), []);
  const long = '0'.repeat(1_000_000);
  const before = performance.now();
  assert.deepEqual([`1${long}x`, `1${long}1`, `1.${long}1`].filter(takes), []);
  assert.ok(performance.now() - before < 2000, 'in a time that grows with the length alone');
});

test('a receive selects attributes by name and by prefix', () => {
  const all = { 'foo.a': text('1'), 'foo.b': text('2'), bar: text('3') };
  const names = (wanted: string[]) => Object.keys(selectedAttributes(all, wanted) ?? {});
  assert.deepEqual(names(['foo.*']), ['foo.a', 'foo.b']);
  assert.deepEqual(names(['bar', 'foo.b']), ['foo.b', 'bar']);
  assert.deepEqual(names(['All']), Object.keys(all));
  assert.deepEqual(names(['.*']), Object.keys(all));
  assert.deepEqual(names(['foo']), []);
  assert.deepEqual(names([]), []);
});

test('the characters a body may have', () => {
  for (const allowed of ['\t\n\r ', '\u{d7ff}\u{e000}\u{fffd}', '\u{10000}\u{10ffff}', '😀']) {
    assert.equal(hasForbiddenCharacters(allowed), false, JSON.stringify(allowed));
  }
  for (const forbidden of ['\0', '\x0b', '\x1f', '\ufffe', '\uffff', '\ud800', 'a\udc00b']) {
    assert.equal(hasForbiddenCharacters(forbidden), true, JSON.stringify(forbidden));
  }
});
