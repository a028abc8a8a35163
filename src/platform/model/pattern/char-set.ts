/**
 * A set of characters, as Java's regular expressions name them, in two forms: the text of a JavaScript character class
 * (flag v), and, where no Unicode property is in it, its ranges, by which two sets can be seen to have nothing in common.
 */
export interface CharSet {
  readonly source: string;
  readonly ranges: readonly CharRange[] | undefined;
}
export type CharRange = readonly [first: number, last: number];

const LAST = 0x10ffff;

const escaped = (codePoint: number): string => `\\u{${codePoint.toString(16)}}`;

export function rangeSet(...ranges: CharRange[]): CharSet {
  const merged = merge(ranges);
  const text = merged.map(([first, last]) => (first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`));
  return { source: `[${text.join('')}]`, ranges: merged };
}

export const charSet = (characters: string): CharSet =>
  rangeSet(...[...characters].map((character): CharRange => [code(character), code(character)]));

const code = (character: string): number => character.codePointAt(0) ?? 0;

/** `\p{L}`: its ranges are not spelled out. */
export const propertySet = (property: string): CharSet => ({ source: `[\\p{${property}}]`, ranges: undefined });

export function unionOf(sets: readonly CharSet[]): CharSet {
  const [only] = sets;
  if (only && sets.length === 1) return only;
  const ranges: CharRange[] = [];
  for (const set of sets) {
    if (!set.ranges) return { source: `[${sets.map(({ source }) => source).join('')}]`, ranges: undefined };
    ranges.push(...set.ranges);
  }
  return rangeSet(...ranges);
}

export function complementOf(set: CharSet): CharSet {
  if (!set.ranges) return { source: `[^${set.source}]`, ranges: undefined };
  const ranges: CharRange[] = [];
  let next = 0;
  for (const [first, last] of set.ranges) {
    if (first > next) ranges.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) ranges.push([next, LAST]);
  return rangeSet(...ranges);
}

export function intersectionOf(a: CharSet, b: CharSet): CharSet {
  if (!a.ranges || !b.ranges) return { source: `[${a.source}&&${b.source}]`, ranges: undefined };
  // What is neither outside of the one nor outside of the other.
  return complementOf(unionOf([complementOf(a), complementOf(b)]));
}

/** Whether no character is in both. Sets with Unicode properties are taken to overlap with everything. */
export const areDisjoint = (a: CharSet, b: CharSet): boolean =>
  a.ranges !== undefined && b.ranges !== undefined && intersectionOf(a, b).ranges?.length === 0;

/** Upper- and lower-case ASCII letters alike, as Java's (?i) means it. */
export function ignoringCase(set: CharSet): CharSet {
  if (!set.ranges) return set;
  const other: CharRange[] = [];
  for (const [first, last] of set.ranges) {
    const upper = clipped([first, last], 65, 90);
    const lower = clipped([first, last], 97, 122);
    if (upper) other.push([upper[0] + 32, upper[1] + 32]);
    if (lower) other.push([lower[0] - 32, lower[1] - 32]);
  }
  return rangeSet(...set.ranges, ...other);
}

function clipped([first, last]: CharRange, from: number, to: number): CharRange | undefined {
  const range: CharRange = [Math.max(first, from), Math.min(last, to)];
  return range[0] <= range[1] ? range : undefined;
}

function merge(ranges: readonly CharRange[]): CharRange[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const merged: CharRange[] = [];
  for (const range of sorted) {
    const previous = merged.at(-1);
    if (previous && range[0] <= previous[1] + 1)
      merged[merged.length - 1] = [previous[0], Math.max(previous[1], range[1])];
    else merged.push(range);
  }
  return merged;
}

/** Tests a code point; ASCII by a table. */
export function characterTest(set: CharSet): (codePoint: number) => boolean {
  const { ranges } = set;
  const pattern = new RegExp(`^${set.source}$`, 'v');
  const slow = ranges
    ? (codePoint: number): boolean => ranges.some(([first, last]) => codePoint >= first && codePoint <= last)
    : (codePoint: number): boolean => pattern.test(String.fromCodePoint(codePoint));
  const ascii = Array.from({ length: 128 }, (_, codePoint) => slow(codePoint));
  return (codePoint) => (codePoint < 128 ? ascii[codePoint] === true : slow(codePoint));
}
