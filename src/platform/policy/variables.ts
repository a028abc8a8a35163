/**
 * Policy variables: `${aws:username}`, with a default `${aws:PrincipalTag/team, 'none'}`, and the three escapes `${*}`,
 * `${?}` and `${$}`. Only documents of version 2012-10-17 have them; in older ones `${` is plain text.
 *
 * A value is put in as it is: a `*` in a tag's value is a star, not a wildcard. A variable that has no value in a request
 * makes the text that holds it match nothing.
 */
import type { Piece } from '#platform/policy/match.ts';

/** What a request says about a condition key (in lower case); undefined where it says nothing. */
export type Context = (key: string) => string | readonly string[] | undefined;

interface Variable {
  /** As it is written. */
  readonly name: string;
  readonly key: string;
  readonly fallback: string | undefined;
}

export interface Template {
  readonly parts: readonly (Piece | Variable)[];
  /** False: there is no variable in it, and the pieces are known before any request. */
  readonly varies: boolean;
}

export function templateOf(text: string, variables: boolean): Template {
  if (!variables || !text.includes('${')) return { parts: [{ text, wild: true }], varies: false };
  const parts: (Piece | Variable)[] = [];
  let start = 0;
  for (;;) {
    const open = text.indexOf('${', start);
    const close = open < 0 ? -1 : text.indexOf('}', open);
    if (close < 0) break;
    if (open > start) parts.push({ text: text.slice(start, open), wild: true });
    parts.push(partOf(text.slice(open + 2, close)));
    start = close + 1;
  }
  if (start < text.length) parts.push({ text: text.slice(start), wild: true });
  return { parts, varies: parts.some((part) => 'key' in part) };
}

function partOf(inner: string): Piece | Variable {
  if (inner === '*' || inner === '?' || inner === '$') return { text: inner, wild: false };
  const comma = inner.indexOf(',');
  const name = (comma < 0 ? inner : inner.slice(0, comma)).trim();
  const key = name.toLowerCase();
  if (comma < 0) return { name, key, fallback: undefined };
  const quoted = inner.slice(comma + 1).trim();
  const isQuoted = quoted.length >= 2 && quoted.startsWith("'") && quoted.endsWith("'");
  return { name, key, fallback: isQuoted ? quoted.slice(1, -1) : quoted };
}

/** The names of the variables in a text, as they are written. */
export const variablesIn = (text: string): string[] =>
  templateOf(text, true).parts.flatMap((part) => ('key' in part ? part.name : []));

/** Undefined when a variable has no value. Keys with several values can't be used as variables (IAM User Guide). */
export function resolve(template: Template, context: Context): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const part of template.parts) {
    if (!('key' in part)) {
      pieces.push(part);
      continue;
    }
    const value = context(part.key);
    const text = typeof value === 'string' ? value : value?.length === 1 ? value[0] : part.fallback;
    if (text === undefined) return undefined;
    pieces.push({ text, wild: false });
  }
  return pieces;
}

export const plainText = (pieces: readonly Piece[]): string => pieces.map((piece) => piece.text).join('');
