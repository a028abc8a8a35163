/**
 * Reads regular expressions in Java's syntax, which the models' patterns are in, into a tree. What it does not know is
 * an error that names the pattern: a constraint must not be dropped in silence.
 */
import { AssertionFailure } from '#platform/base/assert.ts';
import {
  type CharSet,
  charSet,
  complementOf,
  ignoringCase,
  intersectionOf,
  rangeSet,
  unionOf,
} from '#platform/model/pattern/char-set.ts';
import { ANY, ANY_IN_LINE, CLASS_ESCAPES, namedSet } from '#platform/model/pattern/named-sets.ts';

export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly node: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'look'; readonly node: PatternNode; readonly ahead: boolean; readonly negative: boolean }
  | { readonly kind: 'start' | 'end' | 'boundary' };

interface Flags {
  readonly dotAll: boolean;
  readonly ignoreCase: boolean;
}

const CONTROL: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', a: '\x07', e: '\x1b' };

export function parsePattern(pattern: string): PatternNode {
  const parser = new PatternParser(pattern);
  return parser.whole();
}

/** A cursor over the pattern's code points. */
class PatternParser {
  readonly #pattern: string;
  readonly #characters: readonly string[];
  #at = 0;
  #flags: Flags = { dotAll: false, ignoreCase: false };

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#characters = [...pattern];
  }

  whole(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#characters.length) this.#unknown('a closing parenthesis too many');
    return node;
  }

  #unknown(what: string): never {
    throw new AssertionFailure(`pattern ${this.#pattern} at ${this.#at}: ${what}`);
  }

  #peek(text: string): boolean {
    return [...text].every((character, i) => this.#characters[this.#at + i] === character);
  }

  #take(text: string): boolean {
    const isThere = this.#peek(text);
    if (isThere) this.#at += [...text].length;
    return isThere;
  }

  #next(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) this.#unknown('ends too early');
    this.#at++;
    return character;
  }

  #choice(): PatternNode {
    const flags = this.#flags;
    const nodes = [this.#sequence()];
    while (this.#take('|')) nodes.push(this.#sequence());
    this.#flags = flags; // (?i) lasts to the end of its group
    const [only] = nodes;
    return only && nodes.length === 1 ? only : { kind: 'choice', nodes };
  }

  #sequence(): PatternNode {
    const nodes: PatternNode[] = [];
    while (this.#at < this.#characters.length && !this.#peek('|') && !this.#peek(')')) {
      const atom = this.#atom();
      if (atom) nodes.push(this.#quantified(atom));
    }
    return { kind: 'sequence', nodes };
  }

  #quantified(node: PatternNode): PatternNode {
    const count = this.#quantifier();
    if (!count) return node;
    // A lazy quantifier accepts the same texts. A possessive one does not, and nobody uses it.
    if (!this.#take('?') && this.#take('+')) this.#unknown('a possessive quantifier');
    return this.#quantified({ kind: 'repeat', node, ...count });
  }

  #quantifier(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    const rest = this.#characters.slice(this.#at, this.#at + 24).join('');
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(rest);
    if (!counted) return undefined;
    this.#at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : Number.POSITIVE_INFINITY;
    return { min, max };
  }

  #atom(): PatternNode | undefined {
    if (this.#take('(')) return this.#group();
    if (this.#take('[')) return this.#set(this.#class());
    if (this.#take('.')) return { kind: 'set', set: this.#flags.dotAll ? ANY : ANY_IN_LINE };
    if (this.#take('^') || this.#take('\\A')) return { kind: 'start' };
    if (this.#take('$') || this.#take('\\z') || this.#take('\\Z')) return { kind: 'end' };
    if (this.#take('\\b')) return { kind: 'boundary' };
    if (this.#peek('*') || this.#peek('+') || this.#peek('?')) this.#unknown('a quantifier without anything before it');
    if (this.#take('\\')) return this.#set(this.#escape());
    return this.#set(charSet(this.#next()));
  }

  #set(set: CharSet): PatternNode {
    return { kind: 'set', set: this.#flags.ignoreCase ? ignoringCase(set) : set };
  }

  #group(): PatternNode | undefined {
    if (!this.#take('?') || this.#take(':')) return this.#closed();
    for (const [text, ahead, negative] of [
      ['=', true, false],
      ['!', true, true],
      ['<=', false, false],
      ['<!', false, true],
    ] as const) {
      if (this.#take(text)) return { kind: 'look', node: this.#closed(), ahead, negative };
    }
    if (this.#take('<')) {
      while (this.#next() !== '>');
      return this.#closed();
    }
    return this.#flagGroup();
  }

  /** `(?i)` for the rest of the group that it stands in, `(?i:…)` for its own. */
  #flagGroup(): PatternNode | undefined {
    const outer = this.#flags;
    let on = true;
    for (;;) {
      const letter = this.#next();
      if (letter === ')') return undefined;
      if (letter === ':') break;
      if (letter === '-') on = false;
      else if (letter === 's') this.#flags = { ...this.#flags, dotAll: on };
      else if (letter === 'i') this.#flags = { ...this.#flags, ignoreCase: on };
      else this.#unknown(`group (?${letter}`);
    }
    const node = this.#closed();
    this.#flags = outer;
    return node;
  }

  #closed(): PatternNode {
    const node = this.#choice();
    if (!this.#take(')')) this.#unknown('a parenthesis that is not closed');
    return node;
  }

  /** After the opening bracket. Java's classes nest, and `&&` intersects. */
  #class(): CharSet {
    const isNegated = this.#take('^');
    let left: CharSet | undefined;
    let parts: CharSet[] = [];
    const soFar = (): CharSet => (left ? intersectionOf(left, unionOf(parts)) : unionOf(parts));
    let isFirst = true;
    while (isFirst || !this.#peek(']')) {
      if (this.#take('&&')) {
        left = soFar();
        parts = [];
      } else parts.push(this.#take('[') ? this.#class() : this.#classItem());
      isFirst = false;
    }
    this.#at++;
    return isNegated ? complementOf(soFar()) : soFar();
  }

  #classItem(): CharSet {
    const first = this.#take('\\') ? this.#escape() : charSet(this.#next());
    const isRange = this.#peek('-') && !this.#peek('-]') && !this.#peek('-[') && !this.#peek('-&&');
    const from = single(first);
    if (!isRange || from === undefined) return first;
    this.#at++;
    const last = this.#take('\\') ? this.#escape() : charSet(this.#next());
    const to = single(last);
    // `[a-\d]`: the hyphen is itself.
    if (to === undefined) return unionOf([first, charSet('-'), last]);
    if (to < from) this.#unknown('a range that ends before it begins');
    return rangeSet([from, to]);
  }

  /** After the backslash. */
  #escape(): CharSet {
    const letter = this.#next();
    const known = Object.hasOwn(CLASS_ESCAPES, letter) ? CLASS_ESCAPES[letter] : undefined;
    if (known) return known;
    if (letter === 'p' || letter === 'P') return this.#property(letter === 'P');
    if (letter === 'u') return this.#unicode();
    if (letter === 'x')
      return this.#take('{') ? codeSet(this.#hex(this.#until('}'))) : codeSet(this.#hex(this.#digits(2)));
    const control = Object.hasOwn(CONTROL, letter) ? CONTROL[letter] : undefined;
    if (control) return charSet(control);
    if (/[A-Za-z0-9]/.test(letter)) this.#unknown(`escape \\${letter}`);
    return charSet(letter);
  }

  #property(isNegated: boolean): CharSet {
    const name = this.#take('{') ? this.#until('}') : this.#next();
    const isInverted = name.startsWith('^');
    const set = namedSet(isInverted ? name.slice(1) : name);
    if (!set) this.#unknown(`property ${name}`);
    return isNegated !== isInverted ? complementOf(set) : set;
  }

  #unicode(): CharSet {
    const high = this.#hex(this.#digits(4));
    if (high < 0xd800 || high > 0xdbff || !this.#peek('\\u')) return codeSet(high);
    const before = this.#at;
    this.#at += 2;
    const low = this.#hex(this.#digits(4));
    if (low >= 0xdc00 && low <= 0xdfff) return codeSet((high - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000);
    this.#at = before;
    return codeSet(high);
  }

  #digits(count: number): string {
    return Array.from({ length: count }, () => this.#next()).join('');
  }

  #until(end: string): string {
    let text = '';
    for (let character = this.#next(); character !== end; character = this.#next()) text += character;
    return text;
  }

  #hex(text: string): number {
    if (!/^[0-9A-Fa-f]+$/.test(text)) this.#unknown(`${text} is no hexadecimal number`);
    return Number.parseInt(text, 16);
  }
}

const codeSet = (codePoint: number): CharSet => rangeSet([codePoint, codePoint]);

/** The only character of a set. */
function single({ ranges }: CharSet): number | undefined {
  const [range] = ranges ?? [];
  return range && ranges?.length === 1 && range[0] === range[1] ? range[0] : undefined;
}
