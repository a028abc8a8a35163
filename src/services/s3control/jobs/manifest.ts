/**
 * Manifests as text: CSV, with quotes or without, a line an object. Pure. "Object keys must be URL-encoded"; a plus stands for a blank, as in
 * forms. Lines come in pieces as the bytes do, and none may be longer than a key, encoded, can make it.
 */
import type { JobManifestFieldName } from '#platform/model/generated/s3control.ts';
import type { Task } from '#services/s3control/jobs/state.ts';

/** Why a manifest can't be used. */
export class ManifestProblem extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const LONGEST_LINE = 16_384;

export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new ManifestProblem('InvalidManifest', 'A line of the manifest is too long.');
    yield* lines;
  }
  yield rest + decoder.decode();
}

/** The values of one line. Undefined: its quotes don't fit. */
export function readLine(line: string): readonly string[] | undefined {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (!text.includes('"')) return text.split(',').map((value) => value.trim());
  const values: string[] = [];
  for (let at = 0; ; ) {
    const quoted = /^\s*"((?:[^"]|"")*)"\s*(?=,|$)/.exec(text.slice(at));
    const plain = quoted ?? /^([^",]*)(?=,|$)/.exec(text.slice(at));
    if (plain === null) return undefined;
    values.push(quoted === null ? (plain[1] ?? '').trim() : (quoted[1] ?? '').replaceAll('""', '"'));
    at += plain[0].length;
    if (at >= text.length) return values;
    at++;
  }
}

/** Throws ManifestProblem. An empty version stays: the task will fail by it. */
export function taskOf(line: string, fields: readonly JobManifestFieldName[], number: number): Task {
  const invalid = (): never => {
    throw new ManifestProblem('InvalidManifest', `Line ${number} of the manifest is not valid.`);
  };
  const values = readLine(line) ?? invalid();
  const value = (field: JobManifestFieldName): string | undefined => values[fields.indexOf(field)];
  const bucket = value('Bucket') || invalid();
  const encoded = value('Key') || invalid();
  const versionId = fields.includes('VersionId') ? (value('VersionId') ?? '') : undefined;
  try {
    const key = decodeURIComponent(encoded.replaceAll('+', '%20'));
    return { bucket, key, ...(versionId !== undefined && { versionId }) };
  } catch {
    return invalid();
  }
}

/** `Bucket, Key, VersionId, IsLatest, …` of an inventory's manifest.json. */
export function fieldsOfSchema(schema: string): readonly JobManifestFieldName[] {
  const known: ReadonlySet<string> = new Set(['Bucket', 'Key', 'VersionId']);
  return schema.split(',').map((name) => (known.has(name.trim()) ? (name.trim() as JobManifestFieldName) : 'Ignore'));
}
