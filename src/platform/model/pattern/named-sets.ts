/** The character classes that Java's regular expressions have names for. */
import {
  type CharSet,
  charSet,
  complementOf,
  propertySet,
  rangeSet,
  unionOf,
} from '#platform/model/pattern/char-set.ts';

const DIGIT = rangeSet([0x30, 0x39]);
const WORD = rangeSet([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]);
const SPACE = charSet(' \t\n\x0b\f\r');
const HORIZONTAL = unionOf([charSet(' \t\xa0\u1680\u180e\u202f\u205f\u3000'), rangeSet([0x2000, 0x200a])]);
const VERTICAL = charSet('\n\x0b\f\r\x85\u2028\u2029');

/** `\d` and its like: ASCII only, unlike some of JavaScript's. */
export const CLASS_ESCAPES: Readonly<Record<string, CharSet>> = {
  d: DIGIT,
  D: complementOf(DIGIT),
  w: WORD,
  W: complementOf(WORD),
  s: SPACE,
  S: complementOf(SPACE),
  h: HORIZONTAL,
  H: complementOf(HORIZONTAL),
  v: VERTICAL,
  V: complementOf(VERTICAL),
};

export const ANY = rangeSet([0, 0x10ffff]);
/** What `.` stands for without (?s). */
export const ANY_IN_LINE = complementOf(charSet('\n\r\x85\u2028\u2029'));

const POSIX: Readonly<Record<string, CharSet>> = {
  ASCII: rangeSet([0, 0x7f]),
  Alpha: rangeSet([0x41, 0x5a], [0x61, 0x7a]),
  Lower: rangeSet([0x61, 0x7a]),
  Upper: rangeSet([0x41, 0x5a]),
  Digit: DIGIT,
  Alnum: rangeSet([0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]),
  Punct: rangeSet([0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e]),
  Graph: rangeSet([0x21, 0x7e]),
  Print: rangeSet([0x20, 0x7e]),
  Blank: charSet(' \t'),
  Cntrl: rangeSet([0, 0x1f], [0x7f, 0x7f]),
  XDigit: rangeSet([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]),
  Space: SPACE,
};

/** `\p{name}`; undefined for a name that neither Java's ASCII classes nor Unicode has. */
export function namedSet(name: string): CharSet | undefined {
  const posix = Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;
  if (posix) return posix;
  const plain = name.replace(/^Is/, '');
  for (const property of [plain, `Script=${plain}`]) {
    try {
      new RegExp(`\\p{${property}}`, 'v');
      return propertySet(property);
    } catch {
      // Not a property of that kind; the next one may be.
    }
  }
  return undefined;
}
