/** Walks over a query's tokens. */
import { refuse } from '#services/s3/select/errors.ts';
import type { PathStep } from '#services/s3/select/syntax.ts';
import { type Token, tokensOf } from '#services/s3/select/tokens.ts';

/** Words that end a list, so that none is taken for an alias. */
const CLAUSES = new Set(['FROM', 'WHERE', 'LIMIT', 'GROUP', 'ORDER', 'HAVING', 'UNION', 'JOIN']);
const DEEPEST = 200;
const END: Token = { kind: 'end', text: '' };

export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(query: string) {
    this.#tokens = tokensOf(query);
  }

  get next(): Token {
    return this.peek(0);
  }

  peek(ahead: number): Token {
    return this.#tokens[this.#at + ahead] ?? END;
  }

  advance(): Token {
    const token = this.next;
    this.#at++;
    return token;
  }

  /** An operator. */
  take(text: string): boolean {
    const isNext = this.next.kind === 'operator' && this.next.text === text;
    if (isNext) this.#at++;
    return isNext;
  }

  isKeyword(word: string): boolean {
    return this.next.kind === 'name' && this.next.text.toUpperCase() === word;
  }

  isClause(): boolean {
    return this.next.kind === 'name' && CLAUSES.has(this.next.text.toUpperCase());
  }

  takeKeyword(word: string): boolean {
    const isNext = this.isKeyword(word);
    if (isNext) this.#at++;
    return isNext;
  }

  takeName(): Extract<PathStep, { name: string }> | undefined {
    const { kind, text } = this.next;
    if (kind !== 'name' && kind !== 'quoted') return undefined;
    this.#at++;
    return { name: text, isQuoted: kind === 'quoted' };
  }

  /** What stands in brackets: a number, or a name in quotes. */
  takeSubscript(): PathStep {
    const { kind, text } = this.advance();
    if (kind === 'text') return { name: text, isQuoted: true };
    return kind === 'number' && /^\d+$/.test(text)
      ? { index: Number(text) }
      : refuse('ParseInvalidPathComponent', text);
  }

  /** Expressions in expressions are bounded: they are walked by recursion. */
  nested<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) refuse('UnsupportedSqlStructure', 'nested too deeply');
    const result = read();
    this.#depth--;
    return result;
  }
}
