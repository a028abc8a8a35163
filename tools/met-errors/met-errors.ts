/**
 * Every operation is called by an SDK with success and with each error that AWS documents for it and our code has: a pair of
 * operation and error that no test in test/sdk has met is a gap. Which errors our code has, its source says: the service's folder
 * names the code. What can't occur in an operation stands in not-met.ts with its reason, and nothing else does.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceModel } from '#platform/model/schema.ts';
import type { DeclaredService } from '../documents/services.ts';

/** An error, the operations in which it can't occur, by their names and white space, and why. */
export type NotMet = readonly { readonly error: string; readonly in: string; readonly why: string }[];

export interface Gaps {
  /** `Decrypt DisabledException` */
  readonly missing: readonly string[];
  /** In not-met.ts, and met after all or in no model. */
  readonly needless: readonly string[];
  readonly pairs: number;
}

/** The names by which a model's errors may stand in a source text, and by which SDKs know them. */
function errorsOf({ shapes, operations }: ServiceModel, operation: string): { name: string; code: string }[] {
  return (operations[operation]?.errors ?? []).map(({ shape: name }) => ({
    name,
    code: shapes[name]?.error?.code ?? name,
  }));
}

/** `resourcegroupstaggingapi`, as the name of the SDK's client begins. */
const clientOf = ({ metadata }: ServiceModel): string => metadata.serviceId.replaceAll(' ', '').toLowerCase();

export function gapsOf(
  { declaration, model }: DeclaredService,
  source: string,
  seen: ReadonlySet<string>,
  notMet: NotMet,
): Gaps {
  const words = new Set(source.match(/\w+(?:\.\w+)*/g));
  const wanted = Object.keys(declaration.operations).flatMap((operation) => [
    `${operation} success`,
    ...errorsOf(model, operation)
      .filter(({ name, code }) => words.has(code) || words.has(name))
      .map(({ name }) => `${operation} ${name}`),
  ]);
  const excused = new Set(
    notMet.flatMap(({ error, in: where }) =>
      where
        .trim()
        .split(/\s+/)
        .map((operation) => `${operation} ${error}`),
    ),
  );
  const unmet = new Set(wanted.filter((pair) => !seen.has(`${clientOf(model)} ${pair}`)));
  return {
    missing: [...unmet].filter((pair) => !excused.has(pair)),
    needless: [...excused].filter((pair) => !unmet.has(pair)),
    pairs: wanted.length,
  };
}

export function sourceOf(root: string, service: string): string {
  const files = globSync(`src/services/${service}/**/*.ts`, { cwd: root });
  const own = files.filter((path) => !/\.(test|fixture)\.ts$/.test(path));
  return own.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
}
