/** The words of a query: names, quoted names, texts, numbers, operators. Keywords are names; the parser knows them where they stand. */
import { refuse } from '#services/s3/select/errors.ts';

export interface Token {
  readonly kind: 'name' | 'quoted' | 'text' | 'number' | 'operator' | 'end';
  readonly text: string;
}

const BLANK = /\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\//y;
const FORMS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['name', /[A-Za-z_][A-Za-z0-9_$]*/y],
  ['quoted', /"(?:[^"]|"")*"/y],
  ['text', /'(?:[^']|'')*'/y],
  ['operator', /<>|!=|<=|>=|\|\||[-+*/%=<>(),.[\];]/y],
];

/** Without their quotes. */
const CONTENT: Partial<Record<Token['kind'], (text: string) => string>> = {
  quoted: (text) => text.slice(1, -1).replaceAll('""', '"'),
  text: (text) => text.slice(1, -1).replaceAll("''", "'"),
};

const MOST_TOKENS = 20_000;

export function tokensOf(query: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (form: RegExp): string | undefined => {
    form.lastIndex = at;
    return form.exec(query)?.[0];
  };
  while (at < query.length) {
    const blank = match(BLANK);
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    const found = FORMS.map(([kind, form]) => ({ kind, text: match(form) })).find(({ text }) => text !== undefined);
    if (found?.text === undefined) {
      const isOpen = query[at] === "'" || query[at] === '"';
      return refuse(isOpen ? 'LexerInvalidLiteral' : 'LexerInvalidChar', `at ${at}`);
    }
    const { kind, text } = found;
    at += text.length;
    tokens.push({ kind, text: CONTENT[kind]?.(text) ?? text });
    if (tokens.length > MOST_TOKENS) refuse('UnsupportedSqlStructure');
  }
  return [...tokens, { kind: 'end', text: '' }];
}
