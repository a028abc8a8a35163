/**
 * Preparing a job: its manifest, whatever form it has, becomes rows of tasks. All of it is read, as the job's role, before the first task
 * runs ("S3 Batch Operations parses the entire manifest before running the job"). Broken off, it begins again.
 */

import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ServiceError } from '#platform/error.ts';
import { RoleNotAssumed } from '#platform/jobs/as-role.ts';
import type { Input, Output } from '#platform/service.ts';
import type { BatchCursor, BatchPage } from '#services/s3/api.ts';
import { bucketOfArn, objectOfArn } from '#services/s3control/jobs/check.ts';
import { isWanted } from '#services/s3control/jobs/generator.ts';
import { findJob } from '#services/s3control/jobs/jobs.ts';
import { fieldsOfSchema, linesOf, ManifestProblem, taskOf } from '#services/s3control/jobs/manifest.ts';
import type { Run } from '#services/s3control/jobs/run.ts';
import { TASKS_IN_CHUNK, type Task, taskChunks } from '#services/s3control/jobs/state.ts';

/** How many tasks there are; undefined if the job was cancelled meanwhile. Throws ManifestProblem. */
export async function prepareTasks(run: Run): Promise<number | undefined> {
  const { partition, id } = run;
  partition.transact((tx) => tx.deleteRange(taskChunks, [id]));
  let [total, chunk, waiting] = [0, 0, [] as Task[]];
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const tasks = waiting;
    waiting = [];
    partition.transact((tx) => tx.put(taskChunks, taskChunks.key(id, chunk), { tasks }));
    chunk++;
    await partition.durable();
  };
  for await (const task of tasksOf(run)) {
    waiting.push(task);
    total++;
    if (waiting.length < TASKS_IN_CHUNK) continue;
    await flush();
    run.checkStop();
    if (partition.read((tx) => findJob(tx, id))?.status !== 'Preparing') return undefined;
  }
  await flush();
  if (total === 0) {
    const isGenerated = run.job.generator !== undefined;
    throw isGenerated
      ? new ManifestProblem('NoMatchingKeys', 'Manifest generation found no keys matching the filter criteria.')
      : new ManifestProblem('InvalidManifest', 'The manifest is empty.');
  }
  return total;
}

function tasksOf(run: Run): AsyncGenerator<Task> {
  const { manifest } = run.job;
  if (manifest === undefined) return generated(run);
  return manifest.Spec.Format === 'S3InventoryReport_CSV_20161130' ? ofInventory(run) : ofList(run);
}

async function* ofList(run: Run): AsyncGenerator<Task> {
  const { Spec, Location } = run.job.manifest ?? missing();
  const output = await readManifest(run, Location);
  // "S3 Batch Operations does not support CSV manifest files that are AWS KMS-encrypted."
  if (String(output['ServerSideEncryption']).startsWith('aws:kms'))
    throw new ManifestProblem('InvalidManifest', 'Manifests that are encrypted with AWS KMS are not supported.');
  let number = 0;
  for await (const line of linesOf(bodyOf(output))) {
    number++;
    if (line.trim() !== '') yield taskOf(line, Spec.Fields ?? [], number);
  }
}

interface Inventory {
  readonly destinationBucket: string;
  readonly fileFormat: string;
  readonly fileSchema: string;
  readonly files: readonly { readonly key: string }[];
}

const MOST_INVENTORY_BYTES = 16 * 1024 * 1024;

async function* ofInventory(run: Run): AsyncGenerator<Task> {
  const { Location } = run.job.manifest ?? missing();
  const { destinationBucket, fileFormat, fileSchema, files } = await inventoryOf(run, Location);
  if (fileFormat !== 'CSV') throw new ManifestProblem('InvalidManifest', 'The inventory report is not in CSV format.');
  const bucket = bucketOfArn(destinationBucket) ?? destinationBucket;
  const fields = fieldsOfSchema(fileSchema);
  for (const { key } of files) {
    const output = await read(run, { Bucket: bucket, Key: key });
    const plain = Readable.from(bodyOf(output)).pipe(createGunzip());
    let number = 0;
    for await (const line of linesOf(plain)) {
      number++;
      if (line.trim() !== '') yield taskOf(line, fields, number);
    }
  }
}

async function inventoryOf(run: Run, location: Parameters<typeof readManifest>[1]): Promise<Inventory> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of bodyOf(await readManifest(run, location))) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_INVENTORY_BYTES) throw new ManifestProblem('InvalidManifest', 'The manifest is too large.');
  }
  try {
    const found = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Partial<Inventory>;
    const { destinationBucket, fileFormat, fileSchema, files } = found;
    if (typeof destinationBucket === 'string' && typeof fileFormat === 'string' && typeof fileSchema === 'string') {
      const isList = Array.isArray(files) && files.every(({ key }) => typeof key === 'string');
      if (isList) return { destinationBucket, fileFormat, fileSchema, files };
    }
  } catch {
    // No JSON: refused like other things that are no inventory.
  }
  throw new ManifestProblem('InvalidManifest', 'The manifest is not that of an inventory report.');
}

async function* generated(run: Run): AsyncGenerator<Task> {
  const { SourceBucket, Filter, ExpectedBucketOwner } = run.job.generator?.S3JobManifestGenerator ?? missing();
  const Bucket = bucketOfArn(SourceBucket) ?? '';
  const owner = ExpectedBucketOwner === undefined ? {} : { ExpectedBucketOwner };
  const allVersions = Filter?.EligibleForReplication === true;
  for (let cursor: BatchCursor | undefined; ; ) {
    const input = { Bucket, ...owner, allVersions, ...(cursor && { cursor }) };
    const page = (await asked(() => run.ask('ListForBatch', Bucket, input, true))) as unknown as BatchPage;
    for (const version of page.versions) {
      const { key, versionId } = version;
      if (isWanted(version, Filter)) yield { bucket: Bucket, key, ...(versionId !== undefined && { versionId }) };
    }
    cursor = page.next;
    if (cursor === undefined) return;
    run.checkStop();
  }
}

interface Location {
  readonly ObjectArn: string;
  readonly ObjectVersionId?: string;
  readonly ETag: string;
}

const readManifest = (run: Run, { ObjectArn, ObjectVersionId, ETag }: Location): Promise<Output> => {
  const { bucket, key } = objectOfArn(ObjectArn) ?? missing();
  return read(run, {
    Bucket: bucket,
    Key: key,
    IfMatch: `"${ETag.replace(/^"(.*)"$/, '$1')}"`,
    ...(ObjectVersionId !== undefined && { VersionId: ObjectVersionId }),
  });
};

const read = (run: Run, input: Input & { readonly Bucket: string }): Promise<Output> =>
  asked(() => run.ask('GetObject', input.Bucket, input));

/** A refusal ends the job; what may pass does not. */
async function asked(ask: () => Promise<Output>): Promise<Output> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RoleNotAssumed)
      throw new ManifestProblem('AssumeRoleFailed', 'The role could not be assumed.');
    if (!(error instanceof ServiceError) || (error.status ?? 400) >= 500) throw error;
    const { code } = error;
    if (code === 'AccessDenied') throw new ManifestProblem(code, `Reading the manifest is forbidden: ${code}`);
    if (code === 'PreconditionFailed') throw new ManifestProblem(code, 'The ETag of the manifest does not match.');
    throw new ManifestProblem(code, `The manifest could not be read: ${code}`);
  }
}

/** A body is bytes, or comes as a stream. */
async function* bodyOf({ Body }: Output): AsyncGenerator<Uint8Array> {
  if (Body instanceof Uint8Array) yield Body;
  else yield* Body as AsyncIterable<Uint8Array>;
}

const missing = (): never => {
  throw new Error('a job has what was checked when it was made');
};
