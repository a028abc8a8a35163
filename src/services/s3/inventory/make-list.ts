/**
 * Makes an inventory list: data files of a bounded number of rows, compressed as they are read, then the manifests that name them. The
 * check sum of the manifest comes last: users wait for it. Source: S3 User Guide, "Locating your inventory list".
 */
import { hash } from 'node:crypto';
import { uuid } from '#platform/base/ids.ts';
import { meter } from '#platform/metering/usage.ts';
import type { InventoryConfiguration, InventoryEncryption } from '#platform/model/generated/s3.ts';
import { again } from '#platform/store/again.ts';
import { configurationsOf } from '#services/s3/configurations/configurations.ts';
import { type Field, fieldsOf, type ListedVersion, type ListingFacts } from '#services/s3/inventory/fields.ts';
import { FORMATS, type ListFormat } from '#services/s3/inventory/formats.ts';
import { pageAfter, positionOf } from '#services/s3/inventory/walk.ts';
import { lifecycleOf } from '#services/s3/lifecycle/settings.ts';
import { bucketArn } from '#services/s3/names.ts';
import { destinationBucket, destinationFolder, putReport } from '#services/s3/reports/destination.ts';
import type { Report } from '#services/s3/reports/run.ts';
import type { ReportFile, ReportPosition, ReportRow } from '#services/s3/reports/state.ts';

const ROWS_A_FILE = 250_000;

interface Inventory extends Report {
  readonly wanted: InventoryConfiguration;
  readonly format: ListFormat;
  readonly fields: readonly Field[];
  readonly facts: ListingFacts;
}

export async function makeInventory(report: Report): Promise<void> {
  const { bucket, configuration, job, parts, save, signal } = report;
  const found = await again(() =>
    job.partition.read((tx) => ({
      wanted: configurationsOf<InventoryConfiguration>(tx, bucket, { name: 'inventory' }),
      lifecycle: lifecycleOf(tx, bucket),
    })),
  );
  const wanted = found.wanted.find(({ Id }) => Id === configuration);
  const format = wanted && FORMATS[wanted.Destination.S3BucketDestination.Format];
  if (wanted === undefined || format === undefined) return;
  const { account } = job;
  const facts = { account, now: report.row.startedAt, day: parts.day, lifecycle: found.lifecycle };
  const inventory = { ...report, wanted, format, fields: fieldsOf(wanted), facts };
  let { row } = report;
  for (;;) {
    const file = await makeFile(inventory, row.position);
    // One list has a file at least.
    if (file.rows > 0 || row.files.length === 0) row = await deliverFile(inventory, row, file);
    if (signal.aborted) return;
    if (file.rows < ROWS_A_FILE) break;
    await save(row);
  }
  await deliverManifests(inventory, row);
  const dimension = { usageType: 'Inventory-ObjectsListed', operation: 'Inventory', resource: bucketArn(bucket.name) };
  meter(job.partition, job.clock.now(), dimension, row.listed);
}

interface MadeFile {
  readonly body: Buffer;
  readonly rows: number;
  readonly position: ReportPosition | undefined;
}

async function makeFile(inventory: Inventory, start: ReportPosition | undefined): Promise<MadeFile> {
  const { job, bucket, wanted, format, fields, facts, signal } = inventory;
  const scope = { prefix: wanted.Filter?.Prefix ?? '', withVersions: wanted.IncludedObjectVersions === 'All' };
  let rows = 0;
  let position = start;
  async function* pages(): AsyncGenerator<readonly ListedVersion[]> {
    while (rows < ROWS_A_FILE && !signal.aborted) {
      const from = position;
      const page = await again(() => job.partition.read((tx) => pageAfter(tx, bucket, scope, from)));
      const last = page.at(-1);
      if (last === undefined) return;
      rows += page.length;
      position = positionOf(last);
      yield page;
      // Others have their turn between pages.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const body = await format.encode({ fields, facts, pages: pages() });
  // What it tells of must be on disk, as all that is told.
  await job.partition.durable();
  return { body, rows, position };
}

const md5Of = (body: Buffer): string => hash('md5', body, 'hex');

async function deliverFile(inventory: Inventory, row: ReportRow, file: MadeFile): Promise<ReportRow> {
  const key = `${folderOf(inventory)}data/${uuid()}.${inventory.format.extension}`;
  await deliver(inventory, key, file.body, inventory.format.contentType);
  const made: ReportFile = { key, size: file.body.length, MD5checksum: md5Of(file.body) };
  return {
    ...row,
    files: [...row.files, made],
    listed: row.listed + file.rows,
    ...(file.position && { position: file.position }),
  };
}

const folderOf = ({ wanted, bucket }: Inventory): string =>
  `${destinationFolder(wanted.Destination.S3BucketDestination)}${bucket.name}/${wanted.Id}/`;

async function deliverManifests(inventory: Inventory, { startedAt, files }: ReportRow): Promise<void> {
  const { wanted, bucket, fields, format } = inventory;
  const target = wanted.Destination.S3BucketDestination;
  const folder = folderOf(inventory);
  // `YYYY-MM-DDTHH-MMZ`, and `YYYY-MM-DD-HH-MM` for Hive
  const minute = new Date(startedAt).toISOString().slice(0, 16).replace(':', '-');
  const manifest = Buffer.from(
    JSON.stringify(
      {
        sourceBucket: bucket.name,
        destinationBucket: target.Bucket,
        version: '2016-11-30',
        creationTimestamp: String(startedAt),
        fileFormat: target.Format,
        fileSchema: format.schemaText(fields),
        files,
      },
      undefined,
      2,
    ),
  );
  const links = files.map(({ key }) => `s3://${destinationBucket(target)}/${key}\n`).join('');
  const hive = `${folder}hive/dt=${minute.replace('T', '-')}/symlink.txt`;
  await deliver(inventory, hive, Buffer.from(links), 'text/plain');
  await deliver(inventory, `${folder}${minute}Z/manifest.json`, manifest, 'application/json');
  await deliver(inventory, `${folder}${minute}Z/manifest.checksum`, Buffer.from(`${md5Of(manifest)}\n`), 'text/plain');
}

function deliver({ parts, job, bucket, wanted }: Inventory, key: string, body: Buffer, contentType: string) {
  const target = wanted.Destination.S3BucketDestination;
  const { account, region } = job;
  const further = {
    ...encryptionHeaders(target.Encryption),
    ...(target.AccountId !== undefined && { ExpectedBucketOwner: target.AccountId }),
  };
  return putReport(parts, { bucket: bucket.name, account, region }, target, { key, body, contentType, further });
}

function encryptionHeaders({ SSES3, SSEKMS }: InventoryEncryption = {}): Readonly<Record<string, string>> {
  if (SSEKMS !== undefined) return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: SSEKMS.KeyId };
  return SSES3 === undefined ? {} : { ServerSideEncryption: 'AES256' };
}
