/**
 * Policies that AWS manages: the same in every account, attached by ARN, never changed by users. aws-managed.tsv lists them,
 * aws-managed.jsonl holds AWS's own documents, the same line each (tools/managed-policies makes both). The list is read when one
 * is first asked for; of the documents, three megabytes in all, only those that somebody uses.
 */
import { createHash } from 'node:crypto';
import { openSync, readFileSync, readSync } from 'node:fs';

export interface AwsManagedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  /** `ANPA…`, derived from the name: the same in every cloud. */
  readonly id: string;
  /** `v3`: AWS's default version. Earlier ones are not kept. */
  readonly version: string;
  readonly createdAt: number;
  /** When this version was made. */
  readonly updatedAt: number;
  readonly description: string | undefined;
  /** False for those of service-linked roles, which only their services attach. */
  readonly isAttachable: boolean;
  readonly document: string;
}

const beside = (name: string): URL => new URL(name, import.meta.url);

/** Both at once: a process that gives up root may not do so later. */
const LIST = readFileSync(beside('aws-managed.tsv'), 'utf8');
const DOCUMENTS = openSync(beside('aws-managed.jsonl'), 'r');

/** A line of the list, and where its document stands. */
interface Entry {
  readonly line: string;
  readonly offset: number;
}

/** By ARN. Lines are read when they are asked for. */
let table: ReadonlyMap<string, Entry> | undefined;

function load(): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  let offset = 0;
  for (const line of LIST.trimEnd().split('\n')) {
    const [name, path, , , , length] = columnsOf(line);
    entries.set(`arn:aws:iam::aws:policy${path}${name}`, { line, offset });
    offset += Number(length) + '\n'.length;
  }
  return entries;
}

/** Our own file, of this form. */
const columnsOf = (line: string) => line.split('\t') as [string, string, string, string, string, string, string];

function policyOf(arn: string, { line, offset }: Entry): AwsManagedPolicy {
  const [name, path, version, created, updated, length, description] = columnsOf(line);
  return {
    arn,
    name,
    path,
    version,
    createdAt: Date.parse(created),
    updatedAt: Date.parse(updated),
    description: description || undefined,
    isAttachable: path !== '/aws-service-role/',
    get id() {
      return idOf(name);
    },
    get document() {
      return documentAt(offset, Number(length));
    },
  };
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function idOf(name: string): string {
  const digest = createHash('sha256').update(name).digest().subarray(0, 17);
  return `ANPA${Array.from(digest, (byte) => BASE32[byte % 32]).join('')}`;
}

/** Laid out over lines, as the console shows it. */
function documentAt(offset: number, length: number): string {
  const bytes = Buffer.allocUnsafe(length);
  readSync(DOCUMENTS, bytes, 0, length, offset);
  return JSON.stringify(JSON.parse(bytes.toString('utf8')), undefined, 4);
}

export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  if (!arn.startsWith('arn:aws:iam::aws:policy/')) return undefined;
  table ??= load();
  const entry = table.get(arn);
  return entry && policyOf(arn, entry);
}

/** In the order of names. */
export function* awsManagedPolicies(): Generator<AwsManagedPolicy> {
  table ??= load();
  for (const [arn, entry] of table) yield policyOf(arn, entry);
}
