/** Writes what the last runs of both settings found into docs/s3-conformance.md: `node tools/s3-conformance/report.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { reasonOf } from './reasons.ts';
import { readTable, type TestResult } from './results.ts';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENT = join(ROOT, 'docs', 's3-conformance.md');
const MARKS = /(<!-- results: .*?-->\n).*?(<!-- end of results -->)/s;
const SETTINGS = { today: 'defaults.tsv', old: 'old-defaults.tsv' } as const;
type Setting = keyof typeof SETTINGS;

const found = Object.fromEntries(
  Object.entries(SETTINGS).map(([setting, file]) => [
    setting,
    readTable(readFileSync(join(ROOT, '.cache', 's3-conformance', file), 'utf8')),
  ]),
) as Record<Setting, TestResult[]>;

interface Failure {
  readonly settings: Setting[];
  /** The last of what it said. */
  said: string;
}

const failing = new Map<string, Failure>();
for (const setting of ['today', 'old'] as const) {
  for (const { name, outcome, why } of found[setting]) {
    if (outcome === 'passed') continue;
    const failure = getOrInsert(failing, name, () => ({ settings: [], said: '' }));
    failure.settings.push(setting);
    failure.said = why;
  }
}

const UNKNOWN = { whose: '?', why: 'not looked into' };

/** Cells that lead to names of tests, as rows; the most tests first. */
const rowsOf = (tests: ReadonlyMap<string, readonly string[]>): string[] =>
  [...tests]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([cells, names]) => `| ${names.length} | ${cells} | ${names.map((name) => `\`${name}\``).join(', ')} |`);

const shortName = (name: string): string => name.replace('::test_', '::');

/** A row a reason. */
function failures(): string[] {
  const byReason = new Map<string, string[]>();
  for (const [name, { settings, said }] of [...failing].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { whose, why } = reasonOf(name, said, !settings.includes('old')) ?? UNKNOWN;
    const mark = settings.length === 2 ? '' : ` (${settings[0]})`;
    getOrInsert(byReason, `${why} | ${whose}`, () => []).push(`${shortName(name)}${mark}`);
  }
  return rowsOf(byReason);
}

/** What passed as AWS is today once buckets were set up, by what it said before. */
function setUp(): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, outcome, why: said, setUp } of found.today) {
    const reason = outcome === 'passed' && setUp ? reasonOf(name, said, true) : undefined;
    if (reason !== undefined) getOrInsert(byReason, reason.why, () => []).push(shortName(name));
  }
  return rowsOf(byReason);
}

const NAMES: Readonly<Record<Setting, string>> = { today: 'as AWS is today', old: '`--old-bucket-defaults`' };
const summary = (['today', 'old'] as const).map((setting) => {
  const passed = found[setting].filter(({ outcome }) => outcome === 'passed');
  const count = (is: (each: TestResult) => boolean): number => passed.filter(is).length;
  const [translated, isSetUp] = [count((each) => each.translated && !each.setUp), count((each) => each.setUp)];
  const cells = [passed.length, passed.length - translated - isSetUp, translated, isSetUp];
  return `| ${[NAMES[setting], ...cells, found[setting].length - passed.length].join(' | ')} |`;
});
const text = [
  '| Setting | Passed | As they are | Translated | Set up | Not passed |',
  '| --- | --- | --- | --- | --- | --- |',
  ...summary,
  '',
  'Passed as AWS is today once their buckets were set up, by what they meet before:',
  '',
  '| Tests | Why | Which |',
  '| --- | --- | --- |',
  ...setUp(),
  '',
  'Not passed:',
  '',
  '| Tests | Why | Whose | Which |',
  '| --- | --- | --- | --- |',
  ...failures(),
].join('\n');
writeFileSync(
  DOCUMENT,
  readFileSync(DOCUMENT, 'utf8').replace(MARKS, (_, open, close) => `${open}${text}\n${close}`),
);
