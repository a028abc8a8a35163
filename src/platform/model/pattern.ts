/**
 * The models' patterns as functions. They are in Java's syntax and must match the whole value. JavaScript's own engine
 * runs those that it decides in bounded time; for the others, where a hostile text could keep it busy for years, there is
 * a matcher of our own that is slower and never stuck. Which one a pattern gets is decided once (pattern/cost.ts).
 */
import { assert, unreachable } from '#platform/base/assert.ts';
import { isCheapToBacktrack } from '#platform/model/pattern/cost.ts';
import { compileLinear } from '#platform/model/pattern/linear.ts';
import { type PatternNode, parsePattern } from '#platform/model/pattern/parse.ts';

export type Matcher = (text: string) => boolean;

const compiled = new Map<string, Matcher>();

/** `maxLength` is the shape's own limit in code points; a longer text is not tested, it is refused for its length. */
export function compilePattern(pattern: string, maxLength?: number): Matcher {
  const key = `${maxLength ?? ''} ${pattern}`;
  const known = compiled.get(key);
  if (known) return known;
  const matcher = build(parsePattern(pattern), pattern, maxLength);
  compiled.set(key, matcher);
  return matcher;
}

function build(node: PatternNode, pattern: string, maxLength: number | undefined): Matcher {
  const matches = isCheapToBacktrack(node, maxLength) ? compileNative(node) : compileLinear(node);
  assert(matches, `pattern ${pattern} is too large to be matched in bounded time`);
  if (maxLength === undefined) return matches;
  // A code point has at most two characters. Beyond that the length constraint speaks.
  return (text) => text.length > 2 * maxLength || matches(text);
}

export function compileNative(node: PatternNode): Matcher {
  const expression = new RegExp(`^(?:${sourceOf(node)})$`, 'v');
  return (text) => expression.test(text);
}

function sourceOf(node: PatternNode): string {
  switch (node.kind) {
    case 'set':
      return node.set.source;
    case 'sequence':
      return node.nodes.map(sourceOf).join('');
    case 'choice':
      return `(?:${node.nodes.map(sourceOf).join('|')})`;
    case 'repeat':
      return atomOf(node.node) + quantifierOf(node.min, node.max);
    case 'look':
      return `(?${node.ahead ? '' : '<'}${node.negative ? '!' : '='}${sourceOf(node.node)})`;
    case 'start':
      return '^';
    case 'end':
      return '$';
    case 'boundary':
      return '\\b';
    default:
      return unreachable(node);
  }
}

const atomOf = (node: PatternNode): string => (node.kind === 'set' ? node.set.source : `(?:${sourceOf(node)})`);

function quantifierOf(min: number, max: number): string {
  if (!Number.isFinite(max)) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  return min === max ? `{${min}}` : `{${min},${max}}`;
}
