/** Writes what the last runs of both settings found into docs/s3-conformance.md: `node tools/s3-conformance/report.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Test -> the settings that it fails with. */
const failing = new Map<string, Setting[]>();
for (const setting of ['today', 'old'] as const) {
  for (const { name, outcome } of found[setting]) {
    if (outcome !== 'passed') failing.set(name, [...(failing.get(name) ?? []), setting]);
  }
}

/** Reasons in their order in the table; what has none comes last. */
function rows(): string[] {
  const byReason = new Map<string, string[]>();
  for (const [name, settings] of [...failing].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const reason = reasonOf(name);
    // Access control lists and public access are what most tests of before need.
    const today = {
      whose: 'AWS',
      why: 'needs access control lists or public access, which buckets of today don’t have',
    };
    const { whose, why } = reason ?? (settings.includes('old') ? { whose: '?', why: 'not looked into' } : today);
    const key = `${why} | ${whose}`;
    const mark = settings.length === 2 ? '' : settings[0] === 'today' ? ' (today)' : ' (old)';
    byReason.set(key, [...(byReason.get(key) ?? []), `${name.replace('::test_', '::')}${mark}`]);
  }
  return [...byReason]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([key, names]) => `| ${names.length} | ${key} | ${names.map((name) => `\`${name}\``).join(', ')} |`);
}

const counted = (setting: Setting, outcome: TestResult['outcome']): number =>
  found[setting].filter((each) => each.outcome === outcome).length;
const summary = (['today', 'old'] as const).map(
  (setting) =>
    `| ${setting === 'today' ? 'as AWS is today' : '`--old-bucket-defaults`'} | ${counted(setting, 'passed')} | ${counted(setting, 'failed')} | ${counted(setting, 'skipped')} |`,
);
const text = [
  '| Setting | Passed | Failed | Skipped |',
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
