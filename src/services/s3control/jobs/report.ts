/** What a job leaves in buckets: its completion report, and the manifest that was generated for it. As the job's role. */
import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Key } from '#platform/store/keys.ts';
import { bucketOfArn } from '#services/s3control/jobs/check.ts';
import type { Run } from '#services/s3control/jobs/run.ts';
import { resultChunks, type TaskResult, taskChunks } from '#services/s3control/jobs/state.ts';

const CHUNKS_IN_FILE = 1000;
const SCHEMA = 'Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage';

const md5 = (text: string | Uint8Array): string => hash('md5', text, 'hex');

interface ReportFile {
  readonly TaskExecutionStatus: 'succeeded' | 'failed';
  readonly Bucket: string;
  readonly MD5Checksum: string;
  readonly Key: string;
}

/** Throws what S3 says of the report's bucket. */
export async function writeReport(run: Run): Promise<void> {
  const { Enabled, Bucket: arn = '', Prefix: prefix, ExpectedBucketOwner: owner } = run.job.report;
  const hasRun = run.job.succeeded + run.job.failed > 0;
  if (!Enabled || !hasRun) return;
  const bucket = bucketOfArn(arn) ?? '';
  const folder = `${prefix === undefined ? '' : `${prefix}/`}job-${run.id}`;
  const put = (key: string, body: string) =>
    run.ask('PutObject', bucket, {
      Bucket: bucket,
      Key: key,
      Body: Buffer.from(body),
      // "Completion reports are always encrypted with Amazon S3 managed keys".
      ServerSideEncryption: 'AES256',
      ...(owner !== undefined && { ExpectedBucketOwner: owner }),
    });
  const Results: ReportFile[] = [];
  for (const results of resultsOf(run)) {
    for (const status of ['succeeded', 'failed'] as const) {
      const lines = results.filter(({ code }) => (code === '') === (status === 'succeeded')).map(reportLine);
      if (lines.length === 0) continue;
      const text = lines.join('');
      const Key = `${folder}/results/${hash('sha1', text, 'hex')}.csv`;
      await put(Key, text);
      Results.push({ TaskExecutionStatus: status, Bucket: bucket, MD5Checksum: md5(text), Key });
    }
  }
  const ReportCreationDate = new Date(run.clock.now()).toISOString();
  const manifest = JSON.stringify({ Format: 'Report_CSV_20180820', ReportCreationDate, Results, ReportSchema: SCHEMA });
  await put(`${folder}/manifest.json`, manifest);
  await put(`${folder}/manifest.json.md5`, md5(manifest));
}

function* resultsOf({ partition, id }: Run): Generator<readonly TaskResult[]> {
  for (let after: Key | undefined; ; ) {
    const from = after === undefined ? {} : { after };
    const rows = partition.read((tx) => tx.range(resultChunks, { prefix: [id], ...from, limit: CHUNKS_IN_FILE }));
    if (rows.length === 0) return;
    yield rows.flatMap(({ row }) => row.results);
    after = rows.at(-1)?.key;
  }
}

const quoted = (value: string): string => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** In the order of AWS's examples, which have the status before the code. */
const reportLine = ({ bucket, key, versionId = '', code, status, message }: TaskResult): string =>
  `${[
    bucket,
    encodeURIComponent(key).replaceAll('%2F', '/'),
    versionId,
    code === '' ? 'succeeded' : 'failed',
    status,
    code,
    message,
  ]
    .map((value) => quoted(String(value)))
    .join(',')}\n`;

const MANIFEST_FORMAT = 'S3InventoryReport_CSV_20211130';

/** A generated manifest as an inventory report, where the job wants it. */
export async function writeManifest(run: Run) {
  const generator = run.job.generator?.S3JobManifestGenerator;
  const output = generator?.ManifestOutputLocation;
  if (generator?.EnableManifestOutput !== true || output === undefined) return undefined;
  const bucket = bucketOfArn(output.Bucket) ?? '';
  const folder = `${output.ManifestPrefix === undefined ? '' : `${output.ManifestPrefix}/`}job-${run.id}`;
  const { SSEKMS } = output.ManifestEncryption ?? {};
  const encryption =
    SSEKMS === undefined
      ? { ServerSideEncryption: 'AES256' }
      : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: SSEKMS.KeyId };
  const owner = output.ExpectedManifestBucketOwner;
  const put = (key: string, body: Uint8Array) =>
    run.ask('PutObject', bucket, {
      Bucket: bucket,
      Key: key,
      Body: body,
      ...encryption,
      ...(owner !== undefined && { ExpectedBucketOwner: owner }),
    });
  const files: { key: string; size: number; MD5checksum: string }[] = [];
  for (const text of taskFiles(run)) {
    const body = gzipSync(text);
    const key = `${folder}/${hash('sha1', text, 'hex')}.csv.gz`;
    await put(key, body);
    files.push({ key, size: body.length, MD5checksum: md5(body) });
  }
  const manifest = {
    sourceBucket: bucketOfArn(generator.SourceBucket),
    destinationBucket: output.Bucket,
    version: '2021-11-30',
    creationTimestamp: String(run.clock.now()),
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key, VersionId',
    files,
  };
  const key = `${folder}/manifest.json`;
  const { ETag } = await put(key, Buffer.from(JSON.stringify(manifest)));
  const ObjectArn = `${output.Bucket}/${key}`;
  return { Format: MANIFEST_FORMAT, Location: { ObjectArn, ETag: String(ETag).replaceAll('"', '') } } as const;
}

function* taskFiles({ partition, id }: Run): Generator<string> {
  for (let after: Key | undefined; ; ) {
    const from = after === undefined ? {} : { after };
    const rows = partition.read((tx) => tx.range(taskChunks, { prefix: [id], ...from, limit: CHUNKS_IN_FILE }));
    if (rows.length === 0) return;
    const tasks = rows.flatMap(({ row }) => row.tasks);
    yield tasks
      .map(({ bucket, key, versionId = '' }) => `"${bucket}","${encodeURIComponent(key)}","${versionId}"\n`)
      .join('');
    after = rows.at(-1)?.key;
  }
}
