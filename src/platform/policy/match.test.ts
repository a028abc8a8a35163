import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, globOf } from '#platform/policy/match.ts';
import { isLike } from '#platform/policy/reference.ts';

test('wildcards', () => {
  const table: readonly (readonly [pattern: string, text: string, expected: boolean])[] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['?', '', false],
    ['a*', 'a', true],
    ['*a', 'aba', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*a*b*', 'xxbxaxbx', true],
    ['a**b', 'ab', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*?b', 'ab', true],
    ['?*b', 'b', false],
    ['*ab?*cd', 'abababxcdcd', true],
    ['sqs:Send*', 'sqs:SendMessage', true],
    ['*ab*b', 'ab', false],
    ['*aa*aa*', 'aaa', false],
    [`*${'?'.repeat(40)}b`, `${'a'.repeat(40)}b`, true],
    [`*${'?'.repeat(40)}b`, `${'a'.repeat(39)}b`, false],
    [`?${'a'.repeat(70)}?`, 'a'.repeat(72), true],
    ['a.c', 'abc', false],
    ['[a]', 'a', false],
  ];
  for (const [pattern, text, expected] of table) assert.equal(globOf(pattern)(text), expected, `${pattern} ~ ${text}`);
});

test('what stands for a star itself is not a wildcard', () => {
  const matches = compileGlob(
    [
      { text: 'a', wild: true },
      { text: '*', wild: false },
      { text: '*c', wild: true },
    ],
    'plain',
  );
  assert.equal(matches('a*bc'), true);
  assert.equal(matches('abc'), false);
});

test('in a Resource element a star crosses a colon only at the end of its part, or in the resource', () => {
  const queue = 'arn:aws:sqs:us-east-1:111111111111:jobs';
  const table: readonly (readonly [pattern: string, text: string, expected: boolean])[] = [
    ['arn:aws:sqs:*', queue, true],
    ['arn:aws:*:jobs', queue, true],
    ['arn:aws:sqs:us*1:111111111111:jobs', queue, true],
    ['arn:aws:sqs:us*1:jobs', queue, false],
    ['arn:aws:sqs:us-east-1:1*1:jobs', queue, true],
    ['arn:aws:sqs?us-east-1:111111111111:jobs', queue, false],
    ['arn:aws:s3:::pail/*.txt', 'arn:aws:s3:::pail/10:30:00.txt', true],
    ['arn:aws:s3:::DOC/*/test/*', 'arn:aws:s3:::DOC/1/2/test/3/object.jpg', true],
    ['arn:aws:s3:::DOC/*/test/*', 'arn:aws:s3:::DOC/1-test-3.jpg', false],
  ];
  for (const [pattern, text, expected] of table) {
    assert.equal(globOf(pattern, 'resource')(text), expected, `${pattern} ~ ${text}`);
  }
});

test('in an ARN condition nothing crosses a colon of the first five', () => {
  const topic = 'arn:aws:sns:us-east-1:111111111111:topic';
  assert.equal(globOf('arn:aws:sns:*:111111111111:*', 'arn')(topic), true);
  assert.equal(globOf('arn:aws:sns:*', 'arn')(topic), false);
  assert.equal(globOf('arn:aws:sns:*:*:*', 'arn')('arn:aws:sns:us-east-1:111111111111:a:b:c'), true);
});

test('agrees with the definition on any pattern and text', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 12 });
  const wildcards = fc.constantFrom('a', 'b', '*', '?', ':');
  const short = fc.string({ unit: wildcards, maxLength: 7 });
  const patterns = fc.oneof(short, fc.string({ unit: wildcards, minLength: 30, maxLength: 70 }));
  fc.assert(
    fc.property(patterns, letters, fc.boolean(), (pattern, text, isLong) => {
      const subject = isLong ? pattern.replaceAll('*', text).replaceAll('?', 'b') : text;
      const reference = [...pattern].map((letter) => ({ letter, wild: true, colons: true }));
      assert.equal(globOf(pattern)(subject), isLike(subject, reference));
    }),
    { numRuns: 3000 },
  );
});

test('adversarial patterns cost no more than length times a small constant', () => {
  const text = 'a'.repeat(20_000);
  const patterns = [
    '*a'.repeat(1000),
    `${'*a'.repeat(1000)}*b`,
    `*${'a'.repeat(1000)}b*`,
    `${'*a?'.repeat(700)}b`,
    `${'?*'.repeat(1000)}b`,
  ];
  for (const pattern of patterns) {
    const matches = globOf(pattern);
    const start = process.cpuUsage();
    matches(text);
    const { user } = process.cpuUsage(start);
    // Backtracking would not end; this is some 20,000 characters times 60 words at worst.
    assert.ok(user < 400_000, `${pattern.slice(0, 12)}… took ${user} us`);
  }
});

test('a pattern of very many different characters compiles in no time and little memory', () => {
  const letters = Array.from({ length: 30_000 }, (_, index) => String.fromCharCode(0x3000 + index)).join('');
  const start = process.cpuUsage();
  const before = process.memoryUsage().arrayBuffers;
  const matches = globOf(`?${letters}?`);
  assert.equal(matches(`x${letters}y`), true);
  assert.equal(matches(`x${letters}`), false);
  assert.ok(process.cpuUsage(start).user < 1_500_000);
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
});
