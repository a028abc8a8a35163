/**
 * Every operation is called by an SDK with success and with each error that AWS documents for it and our code has: a pair of
 * operation and error that no test in test/sdk has met is a gap. Which errors our code has, its source says: the service's folder
 * names the code. What can't occur in an operation stands in not-met.ts with its reason, and nothing else does.
 *
 * EC2's model documents no errors: AWS lists them for all operations together. There each code that the service words must be met by
 * some operation (`* InvalidVolume.NotFound`).
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
  { text, codes }: Source,
  seen: ReadonlySet<string>,
  notMet: NotMet,
): Gaps {
  const words = new Set(text.match(/\w+(?:\.\w+)*/g));
  const wanted = Object.keys(declaration.operations).flatMap((operation) => [
    `${operation} success`,
    ...errorsOf(model, operation)
      .filter(({ name, code }) => words.has(code) || words.has(name))
      .map(({ name }) => `${operation} ${name}`),
  ]);
  const hasErrors = Object.values(model.operations).some(({ errors = [] }) => errors.length > 0);
  if (!hasErrors) wanted.push(...codes.map((code) => `* ${code}`));
  const excused = new Set(
    notMet.flatMap(({ error, in: where }) =>
      where
        .trim()
        .split(/\s+/)
        .map((operation) => `${operation} ${error}`),
    ),
  );
  const client = clientOf(model);
  const met = new Set([...seen].map((line) => line.split(' ')).map(([name, , answer]) => `${name} * ${answer}`));
  const unmet = new Set(wanted.filter((pair) => !seen.has(`${client} ${pair}`) && !met.has(`${client} ${pair}`)));
  return {
    missing: [...unmet].filter((pair) => !excused.has(pair)),
    needless: [...excused].filter((pair) => !unmet.has(pair)),
    pairs: wanted.length,
  };
}

/** Of a service: all of its code, and the codes in the files that word its errors. */
export interface Source {
  readonly text: string;
  readonly codes: readonly string[];
}

export function sourceOf(root: string, service: string): Source {
  const files = globSync(`src/services/${service}/**/*.ts`, { cwd: root });
  const own = files.filter((path) => !/\.(test|fixture)\.ts$/.test(path));
  const textOf = (paths: readonly string[]): string =>
    paths.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
  const worded = textOf(own.filter((path) => /errors\.ts$/.test(path)));
  // A message has spaces; `VPCs` is no code.
  const codes = [...worded.matchAll(/'([A-Z]\w*[a-z]{3}\w*(?:\.\w+)*)'/g)].map(([, code = '']) => code);
  return { text: textOf(own), codes: [...new Set(codes)].sort() };
}
