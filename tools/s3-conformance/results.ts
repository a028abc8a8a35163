/** What tests gave, as a table: a line a test, as keep.py writes them, with the first line of what went wrong. */
export interface TestResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Into AWS's words, by dialect.py. */
  readonly translated: boolean;
  /** With calls beside its own, by set_up.py. */
  readonly setUp: boolean;
  /** What it said; of one that passed once it was set up, before that. */
  readonly why: string;
}

const TRANSLATED = 'translated';
const SET_UP = 'set up';

export const readTable = (text: string): TestResult[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [outcome = '', name = '', translated, setUp, why = ''] = line.split('\t');
      return {
        name,
        // Written by `tableOf` or keep.py.
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
