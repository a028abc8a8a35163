import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { modelLoader, packagedModelFile } from '#platform/model/load.ts';
import { isCheapToBacktrack } from '#platform/model/pattern/cost.ts';
import { compileLinear } from '#platform/model/pattern/linear.ts';
import { parsePattern } from '#platform/model/pattern/parse.ts';
import { compileNative, compilePattern } from '#platform/model/pattern.ts';

const loadModel = modelLoader();

interface ModelPattern {
  readonly shape: string;
  readonly pattern: string;
  readonly max: number | undefined;
}

const modelPatterns: ModelPattern[] = Object.keys(JSON.parse(packagedModelFile('summaries')))
  .flatMap((service) =>
    Object.entries(loadModel(service).shapes).map(([name, { pattern, max }]) => ({
      shape: `${service}.${name}`,
      pattern: pattern ?? '',
      max,
    })),
  )
  .filter(({ pattern }) => pattern !== '');

/** Patterns that are not understood: none of our models may have one. */
const UNKNOWN: readonly string[] = [];

test('every pattern in the models is understood', () => {
  const unknown = modelPatterns.filter(({ pattern, max }) => {
    try {
      compilePattern(pattern, max);
      return false;
    } catch {
      return true;
    }
  });
  assert.deepEqual(
    unknown.map(({ shape }) => shape),
    UNKNOWN,
  );
  assert.ok(modelPatterns.length > 100);
});

/** Pattern, texts that match, texts that don't: as java.util.regex has it. */
const JAVA: readonly (readonly [pattern: string, matching: readonly string[], others: readonly string[]])[] = [
  ['[\\w+=,.@-]+', ['a', 'role-1', '+=,.@-_'], ['', 'x y', 'é', 'a\n']],
  ['[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*', ['', 'Grüße 1', '日本'], ['a*b', 'a\tb']],
  ['[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+', ['a\t\n\r b', 'ÿ'], ['', 'Ā', '\u0000']],
  // Not the astral characters that its author had in mind: Java reads 1000, then the range from 0 to 10FF, then FF.
  ['[\\u0020-\\u007E\\u10000-\\u10FFFF]+', ['a', 'Fက'], ['\u{10000}', '𐀁']],
  ['[\\uD800\\uDC00-\\uDBFF\\uDFFF]', ['\u{10000}', '\u{10ffff}'], ['a', '\ud800']],
  ['[a-zA-Z0-9-_. /]+', ['a-_. /9'], ['a+b']],
  ['[\\w|\\d|\\.|_]+', ['a|b'], ['a-b']],
  ['[a-c&&[^b]]+', ['ac'], ['abc']],
  ['[[a-c][x-z]]+', ['axz'], ['d']],
  ['[]a]+', [']a'], ['b']],
  ['.*', ['', 'abc'], ['a\nb', 'a\u0085b']],
  ['(?s).*', ['a\nb'], []],
  ['(?i)arn:[a-z]+', ['ARN:Xy'], ['ARN:É']],
  ['(?i:a)b', ['Ab'], ['AB']],
  ['\\s+', [' \t\n'], ['\u00a0']],
  ['\\p{Punct}+', ['!"#$'], ['a']],
  ['\\p{Alnum}+', ['aZ9'], ['é']],
  ['^(a|b)$|^c$', ['a', 'c'], ['ac']],
  ['[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]', ['my-alias', 'abc'], ['a--b', '-ab', 'ab-']],
  ['\\d{12}', ['123456789012'], ['12345678901', '1234567890123']],
  ['a{2,}', ['aa', 'aaa'], ['a']],
  ['a{,2}', ['a{,2}'], ['aa']],
  ['\\x41\\x{1F600}\\/\\-', ['A😀/-'], []],
  ['(?<name>a)+?b', ['aab'], ['b']],
  ['.*\\bx', ['a x'], ['ax']],
  ['.*(?<!b)c', ['ac', 'c'], ['bc']],
];

for (const [pattern, matching, others] of JAVA) {
  test(`pattern ${pattern}`, () => {
    const node = parsePattern(pattern);
    const linear = compileLinear(node);
    assert.ok(linear);
    for (const matches of [compileNative(node), linear, compilePattern(pattern)]) {
      for (const text of matching) assert.ok(matches(text), `should match: ${JSON.stringify(text)}`);
      for (const text of others) assert.ok(!matches(text), `should not match: ${JSON.stringify(text)}`);
    }
  });
}

test('what is not understood is an error that names the pattern', () => {
  for (const pattern of ['a++', '(a)\\1', '\\p{NoSuch}', '(a', 'a)', '[z-a]', '*a', '\\q']) {
    assert.throws(() => compilePattern(pattern), new RegExp(`AssertionFailure: pattern ${RegExp.escape(pattern)} at`));
  }
});

test('both engines agree on every pattern of the models', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...'aZ09-_./:+=,@ \t\n{}*é'), maxLength: 12 }),
    fc.constantFrom('s3://abc/def', '/a/b/', 'arn:aws:sqs:us-east-1:123456789012:q', 'o-abcdefghij/r-abcd/'),
  );
  for (const { shape, pattern } of modelPatterns) {
    const node = parsePattern(pattern);
    const linear = compileLinear(node);
    // One that unfolds too far is always cheap to backtrack, or compilePattern would have refused it.
    if (!linear) continue;
    const native = compileNative(node);
    fc.assert(
      fc.property(texts, (text) => assert.equal(linear(text), native(text), `${shape} ${pattern}`)),
      { numRuns: 60 },
    );
  }
});

test('patterns that could keep a backtracking engine busy get the other one, and end at once', () => {
  const hostile: readonly (readonly [pattern: string, text: string])[] = [
    ['(a+)+b', 'a'.repeat(5000)],
    ['(a|a)*b', 'a'.repeat(5000)],
    ['(a?b?)*c', 'ab'.repeat(2500)],
    ['(a?|b?){40}c', 'd'],
    ['(a{2,5}){1,3}a*b', 'a'.repeat(100)],
    ['(.*)*x', 'y'.repeat(5000)],
    ['((/[A-Za-z0-9\\.,\\+@=_-]+)*)/', `${'/a'.repeat(250)}!`],
    ['(?=(a+)+b)a*', 'a'.repeat(2000)],
    ['.*.*.*.*x', 'y'.repeat(2000)],
  ];
  for (const [pattern, text] of hostile) {
    assert.ok(!isCheapToBacktrack(parsePattern(pattern), text.length), pattern);
    assert.equal(compilePattern(pattern)(text), false);
  }
  for (const { shape, pattern, max } of modelPatterns.filter(({ max }) => max !== undefined && max < 5000)) {
    const matches = compilePattern(pattern, max);
    // Whatever comes of it, it comes; the test's own time limit would end it otherwise.
    for (const unit of ['a', '/a', '-', '0', '.'])
      assert.equal(typeof matches(unit.repeat(max ?? 0)), 'boolean', shape);
  }
});

test('a pattern is compiled once', () => {
  assert.equal(compilePattern('[a-z]+', 10), compilePattern('[a-z]+', 10));
});
