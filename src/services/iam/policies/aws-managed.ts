/**
 * Policies that AWS manages: the same in every account, attached by ARN, never changed by users. Their documents are AWS's
 * own, published with every account; they stand in aws-managed.json, which is unpacked when one is first asked for.
 */
import { readFileSync } from 'node:fs';

export interface AwsManagedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  /** `ANPA…`, derived from the name: the same in every cloud. */
  readonly id: string;
  /** `v3`: AWS's default version. Earlier ones are not kept. */
  readonly version: string;
  readonly createdAt: number;
  readonly description: string;
  readonly document: string;
}

/** Read at once: a process that gives up root may not do so later. */
const FILE = readFileSync(new URL('aws-managed.json', import.meta.url), 'utf8');

type Entry = Omit<AwsManagedPolicy, 'arn' | 'createdAt' | 'document'> & { createdAt: string; document: object };

let table: ReadonlyMap<string, AwsManagedPolicy> | undefined;

function load(): ReadonlyMap<string, AwsManagedPolicy> {
  // Our own file, of this form.
  const entries = JSON.parse(FILE) as Entry[];
  const policies = entries.map((entry) => ({
    ...entry,
    arn: `arn:aws:iam::aws:policy${entry.path}${entry.name}`,
    createdAt: Date.parse(entry.createdAt),
    get document() {
      return JSON.stringify(entry.document, undefined, 2);
    },
  }));
  return new Map(policies.map((policy) => [policy.arn, policy]));
}

export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  if (!arn.startsWith('arn:aws:iam::aws:policy/')) return undefined;
  table ??= load();
  return table.get(arn);
}

/** In the order of names. */
export function awsManagedPolicies(): AwsManagedPolicy[] {
  table ??= load();
  return [...table.values()];
}
