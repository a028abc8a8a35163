/**
 * Wildcards: `*` stands for any run of characters, `?` for any one. Policies are written by tenants, so matching must never
 * blow up: a pattern with `*` alone is a walk with indexOf; every other one is a set of states held as bits (Baeza-Yates and
 * Gonnet's "shift-and" with self-loops for the stars), whose cost is text length times a thirty-second of the pattern's.
 *
 * In an ARN a colon is a border. Resource elements: a wildcard within the first five parts does not cross a colon, save a
 * `*` that ends its part, which "can expand to match beyond the colon boundaries" (IAM User Guide, Resource). ARN conditions:
 * each of the six parts is compared apart, so nothing crosses.
 */

export type Matcher = (text: string) => boolean;

/** A run of a pattern. In a run that is not `wild` (the value of a policy variable) `*` and `?` stand for themselves. */
export interface Piece {
  readonly text: string;
  readonly wild: boolean;
}

/** `plain`: no borders; `resource`: the rule of Resource elements; `arn`: the rule of ARN conditions. */
export type Borders = 'plain' | 'resource' | 'arn';

const ANY = -1;
const ANY_BUT_COLON = -2;
const RUN = -3;
const RUN_WITHOUT_COLON = -4;
const COLON = 58;
const STAR = 42;
const QUESTION = 63;

export const globOf = (pattern: string, borders: Borders = 'plain'): Matcher =>
  compileGlob([{ text: pattern, wild: true }], borders);

export function compileGlob(pieces: readonly Piece[], borders: Borders): Matcher {
  const tokens = tokensOf(pieces, borders);
  if (tokens.every((token) => token >= 0)) {
    const exact = textOf(tokens);
    return (text) => text === exact;
  }
  if (tokens.every((token) => token >= 0 || token === RUN)) return walk(literalsBetweenRuns(tokens));
  const first = tokens.findIndex((token) => token < 0);
  const last = tokens.findLastIndex((token) => token < 0);
  const prefix = textOf(tokens.slice(0, first));
  const suffix = textOf(tokens.slice(last + 1));
  const middle = stateSet(tokens.slice(first, last + 1));
  return (text) =>
    text.length >= prefix.length + suffix.length &&
    text.startsWith(prefix) &&
    text.endsWith(suffix) &&
    middle(text, prefix.length, text.length - suffix.length);
}

function tokensOf(pieces: readonly Piece[], borders: Borders): number[] {
  const tokens: number[] = [];
  let colons = 0;
  for (const [index, { text, wild }] of pieces.entries()) {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      const bordered = borders !== 'plain' && colons < 5;
      if (wild && code === QUESTION) {
        tokens.push(bordered ? ANY_BUT_COLON : ANY);
      } else if (wild && code === STAR) {
        const next = text[at + 1] ?? pieces[index + 1]?.text[0];
        const endsPart = next === undefined || next === ':';
        addRun(tokens, bordered && !(borders === 'resource' && endsPart) ? RUN_WITHOUT_COLON : RUN);
      } else {
        if (code === COLON) colons++;
        tokens.push(code);
      }
    }
  }
  return tokens;
}

/** Neighbouring runs are one, the freer of the two. */
function addRun(tokens: number[], run: number): void {
  const previous = tokens.at(-1);
  if (previous === RUN) return;
  if (previous === RUN_WITHOUT_COLON) tokens[tokens.length - 1] = run === RUN ? RUN : previous;
  else tokens.push(run);
}

/** In steps, because a call takes a bounded number of arguments. */
function textOf(codes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < codes.length; at += 4096) text += String.fromCharCode(...codes.slice(at, at + 4096));
  return text;
}

function literalsBetweenRuns(tokens: readonly number[]): string[] {
  const literals: string[] = [];
  let start = 0;
  for (let at = tokens.indexOf(RUN); at >= 0; at = tokens.indexOf(RUN, start)) {
    literals.push(textOf(tokens.slice(start, at)));
    start = at + 1;
  }
  literals.push(textOf(tokens.slice(start)));
  return literals;
}

/** The leftmost place for each literal leaves the most room for the rest, so no step is ever taken back. */
function walk(literals: readonly string[]): Matcher {
  const prefix = literals[0] ?? '';
  const suffix = literals.at(-1) ?? '';
  const middle = literals.slice(1, -1);
  if (middle.length === 0 && suffix === '') return prefix === '' ? () => true : (text) => text.startsWith(prefix);
  return (text) => {
    const end = text.length - suffix.length;
    if (end < prefix.length || !text.startsWith(prefix) || !text.endsWith(suffix)) return false;
    let at = prefix.length;
    for (const literal of middle) {
      const found = text.indexOf(literal, at);
      if (found < 0 || found + literal.length > end) return false;
      at = found + literal.length;
    }
    return true;
  };
}

/**
 * State i: the first i single-character tokens are consumed. A character moves every state whose token takes it one up,
 * and keeps the states that stand at a run which takes it. Characters that occur often in the pattern have their places
 * as bits, rare ones as a list, so that memory and time stay linear for a pattern of a thousand different characters.
 */
function stateSet(tokens: readonly number[]): (text: string, start: number, end: number) => boolean {
  const singles = tokens.filter((token) => token > RUN);
  const words = (singles.length >>> 5) + 1;
  const loops = new Uint32Array(words);
  const loopsOnColon = new Uint32Array(words);
  let state = 0;
  for (const token of tokens) {
    if (token > RUN) state++;
    else setBit(loops, state);
    if (token === RUN) setBit(loopsOnColon, state);
  }
  const wild = bitsOf(words, [...placesOf(singles, ANY), ...placesOf(singles, ANY_BUT_COLON)]);
  const wildOnColon = bitsOf(words, placesOf(singles, ANY));
  const { often, rare } = literalPlaces(singles, words);
  const nowhere = new Uint32Array(words);
  return (text, start, end) => {
    const states = new Uint32Array(words);
    states[0] = 1;
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      const hits = rare.get(code)?.filter((place) => hasBit(states, place));
      const isColon = code === COLON;
      step(states, isColon ? wildOnColon : wild, often.get(code) ?? nowhere, isColon ? loopsOnColon : loops);
      if (hits) for (const place of hits) setBit(states, place + 1);
    }
    return hasBit(states, singles.length);
  };
}

function step(states: Uint32Array, wild: Uint32Array, literal: Uint32Array, loops: Uint32Array): void {
  let carry = 0;
  for (let word = 0; word < states.length; word++) {
    // The four arrays have one length.
    const current = states[word] as number;
    const moved = current & ((wild[word] as number) | (literal[word] as number));
    states[word] = (moved << 1) | carry | (current & (loops[word] as number));
    carry = moved >>> 31;
  }
}

function literalPlaces(singles: readonly number[], words: number) {
  const often = new Map<number, Uint32Array>();
  const rare = new Map<number, number[]>();
  for (const [place, code] of singles.entries()) {
    if (code < 0) continue;
    const places = rare.get(code);
    if (places) places.push(place);
    else rare.set(code, [place]);
  }
  for (const [code, places] of rare) {
    if (places.length < words) continue;
    often.set(code, bitsOf(words, places));
    rare.delete(code);
  }
  return { often, rare };
}

const placesOf = (singles: readonly number[], token: number): number[] =>
  singles.flatMap((single, place) => (single === token ? [place] : []));

function bitsOf(words: number, places: readonly number[]): Uint32Array {
  const bits = new Uint32Array(words);
  for (const place of places) setBit(bits, place);
  return bits;
}

const hasBit = (bits: Uint32Array, index: number): boolean => ((bits[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;

function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}
