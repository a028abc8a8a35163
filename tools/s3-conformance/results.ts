/** What pytest reports (JUnit's form), as a table: a line a test, with the last line of what it said. */
import { readFileSync } from 'node:fs';

export interface TestResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Into AWS's words, by dialect.py. */
  readonly translated: boolean;
  /** With calls beside its own, by set_up.py. */
  readonly setUp: boolean;
  /** The last of what it said; of one that passed once it was set up, before that. */
  readonly why: string;
}

const CASE = /<testcase classname="([^"]*)" name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs;
const PROBLEM = /<(failure|error|skipped)[^>]*?message="([^"]*)"/s;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

const TRANSLATED = 'translated';
const SET_UP = 'set up';

const plain = (text: string): string =>
  text.replace(/&(#?\w+);/g, (all, name: string) =>
    name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : (ENTITIES[name] ?? all),
  );

export function readResults(file: string): TestResult[] {
  const found = new Map<string, TestResult>();
  for (const [, path = '', test = '', inside = ''] of readFileSync(file, 'utf8').matchAll(CASE)) {
    const name = `${path.split('.').at(-1)}::${plain(test)}`;
    const [, kind, message = ''] = PROBLEM.exec(inside) ?? [];
    const outcome = kind === undefined ? 'passed' : kind === 'skipped' ? 'skipped' : 'failed';
    // A test whose clean-up fails as well is reported twice.
    if (found.get(name)?.outcome === 'failed') continue;
    const [translated, setUp] = [TRANSLATED, SET_UP].map((each) => inside.includes(`<property name="${each}"`));
    const why = plain(message).trim().split('\n')[0] ?? '';
    found.set(name, { name, outcome, translated: translated === true, setUp: setUp === true, why });
  }
  return [...found.values()];
}

export const readTable = (text: string): TestResult[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [outcome = '', name = '', translated, setUp, why = ''] = line.split('\t');
      return {
        name,
        // Written by `tableOf`.
        outcome: outcome as TestResult['outcome'],
        translated: translated === TRANSLATED,
        setUp: setUp === SET_UP,
        why,
      };
    });

export const tableOf = (results: readonly TestResult[]): string =>
  [...results]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ outcome, name, translated, setUp, why }) =>
      [outcome, name, translated ? TRANSLATED : '', setUp ? SET_UP : '', `${why}\n`].join('\t'),
    )
    .join('');
