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

/** A row a reason, the most tests first. */
function rows(): string[] {
  const byReason = new Map<string, string[]>();
  for (const [name, { settings, said }] of [...failing].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { whose, why } = reasonOf(name, said, !settings.includes('old')) ?? UNKNOWN;
    const mark = settings.length === 2 ? '' : ` (${settings[0]})`;
    getOrInsert(byReason, `${why} | ${whose}`, () => []).push(`${name.replace('::test_', '::')}${mark}`);
  }
  return [...byReason]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([key, names]) => `| ${names.length} | ${key} | ${names.map((name) => `\`${name}\``).join(', ')} |`);
}

const NAMES: Readonly<Record<Setting, string>> = { today: 'as AWS is today', old: '`--old-bucket-defaults`' };
const summary = (['today', 'old'] as const).map((setting) => {
  const passed = found[setting].filter(({ outcome }) => outcome === 'passed');
  const [all, translated] = [found[setting].length, passed.filter((each) => each.translated).length];
  return `| ${NAMES[setting]} | ${passed.length} | ${translated} | ${all - passed.length} |`;
});
const text = [
  '| Setting | Passed | Of these, translated | Not passed |',
  '| --- | --- | --- | --- |',
  ...summary,
  '',
  '| Tests | Why | Whose | Which |',
  '| --- | --- | --- | --- |',
  ...rows(),
].join('\n');
writeFileSync(
  DOCUMENT,
  readFileSync(DOCUMENT, 'utf8').replace(MARKS, (_, open, close) => `${open}${text}\n${close}`),
);
