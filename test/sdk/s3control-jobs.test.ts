/** S3 Batch Operations: jobs over manifests, as a role, with their reports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  DeleteBucketReplicationCommand,
  DeleteObjectAnnotationCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectAnnotationsCommand,
  ListObjectVersionsCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
} from '@aws-sdk/client-s3';
import {
  DeleteJobTaggingCommand,
  GetJobTaggingCommand,
  ListJobsCommand,
  PutJobTaggingCommand,
  UpdateJobPriorityCommand,
  UpdateJobStatusCommand,
} from '@aws-sdk/client-s3-control';
import { days } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { counts, EVERYTHING, type Given, OFFICE, REPORT, startJobs, tagged } from '#test/sdk/jobs.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import {
  arnOf,
  configure,
  makeRole,
  REPLICATION_STATEMENTS,
  rule,
  SOURCE,
  TARGET,
  versionedBucket,
} from '#test/sdk/replication.ts';
import { textOf } from '#test/sdk/s3.ts';
import { until } from '#test/until.ts';

const METERED = new Map([
  ['BatchOperations-Jobs', 1],
  ['BatchOperations-Objects', 4],
]);

test('a job tags what its manifest lists, and reports', async (t) => {
  const { c, s3, create, ends, manifest, put, read, describe } = await startJobs(t);
  for (const key of ['a', 'with blank', 'ü,"']) await put(key);
  const lines = `${SOURCE},a\n${SOURCE},with%20blank\r\n"${SOURCE}","%C3%BC%2C%22"\n\n${SOURCE},missing\n`;
  const id = await create({ Manifest: await manifest(lines), Operation: tagged, Report: REPORT, Description: 'tags' });
  const job = await ends(id);
  assert.deepEqual(counts(job), [4, 3, 1]);
  assert.equal(job.Description, 'tags');
  assert.ok(job.TerminationDate);
  for (const Key of ['a', 'with blank', 'ü,"']) {
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: SOURCE, Key }));
    assert.deepEqual(TagSet, [{ Key: 'k', Value: 'v' }]);
  }
  const report = JSON.parse(await read(`reports/job-${id}/manifest.json`));
  assert.equal(report.Format, 'Report_CSV_20180820');
  const files = new Map(
    report.Results.map((each: { TaskExecutionStatus: string; Key: string }) => [each.TaskExecutionStatus, each.Key]),
  );
  const succeeded = (await read(String(files.get('succeeded')))).trim().split('\n');
  assert.equal(succeeded.length, 3);
  assert.equal(succeeded[0], `${SOURCE},a,,succeeded,200,,Successful`);
  const failed = await read(String(files.get('failed')));
  assert.match(failed, new RegExp(`^${SOURCE},missing,,failed,404,NoSuchKey,`));
  assert.match(await read(`reports/job-${id}/manifest.json.md5`), /^[0-9a-f]{32}$/);
  const { JobArn } = await describe(id);
  assert.equal(JobArn?.endsWith(`:job/${id}`), true);
  const place = { service: 's3control', account: c.account as AccountId, region: 'us-east-1' as Region };
  const metered = c.running.cloud.store.partition(place).read((tx) => usageOf(tx, 0, c.clock.now() + 1));
  const ofJob = metered.filter(({ resource, operation }) => resource === JobArn && operation === 'BatchOperations');
  assert.deepEqual(new Map(ofJob.map(({ usageType, amount }) => [usageType, amount])), METERED);
});

test('each operation does what its own would', async (t) => {
  const { c, s3, create, ends, manifest, put, read } = await startJobs(t);
  const Rules = [{ ObjectOwnership: 'ObjectWriter' as const }];
  await s3.send(new PutBucketOwnershipControlsCommand({ Bucket: SOURCE, OwnershipControls: { Rules } }));
  const { VersionId } = await put('a', { Tagging: 'old=tag', ChecksumAlgorithm: 'SHA1' });
  await put('archived', { StorageClass: 'GLACIER' });
  const one = await manifest(`${SOURCE},a,${VersionId}\n`, ['Bucket', 'Key', 'VersionId']);
  const run = async (Operation: Given['Operation'], Manifest = one, Report: Given['Report'] = { Enabled: false }) => {
    const id = await create({ Operation, Manifest, Report });
    const job = await ends(id);
    assert.deepEqual(counts(job), [1, 1, 0], `${Object.keys(Operation ?? {})}`);
    return id;
  };
  const head = (Bucket: string, Key: string) => s3.send(new HeadObjectCommand({ Bucket, Key }));
  await run({ S3DeleteObjectTagging: {} });
  assert.equal((await head(SOURCE, 'a')).TagCount, undefined);
  await run({ S3PutObjectAcl: { AccessControlPolicy: { CannedAccessControlList: 'bucket-owner-read' } } });
  const { Owner } = await s3.send(new GetObjectAclCommand({ Bucket: SOURCE, Key: 'a' }));
  const Grants = [
    { Grantee: { TypeIdentifier: 'id', Identifier: Owner?.ID }, Permission: 'READ' },
    { Grantee: { TypeIdentifier: 'id', Identifier: Owner?.ID }, Permission: 'READ_ACP' },
  ] as const;
  const AccessControlList = { Owner: { ID: Owner?.ID }, Grants: [...Grants] };
  await run({ S3PutObjectAcl: { AccessControlPolicy: { AccessControlList } } });
  assert.equal((await s3.send(new GetObjectAclCommand({ Bucket: SOURCE, Key: 'a' }))).Grants?.length, 2);
  await run({
    S3PutObjectCopy: {
      TargetResource: arnOf(TARGET),
      TargetKeyPrefix: 'copies',
      StorageClass: 'STANDARD_IA',
      NewObjectTagging: [{ Key: 'new', Value: 'one' }],
      NewObjectMetadata: { ContentType: 'text/plain', UserMetadata: { by: 'a job' } },
    },
  });
  const copy = await head(TARGET, 'copies/a');
  assert.deepEqual(
    [copy.StorageClass, copy.ContentType, copy.Metadata, copy.TagCount],
    ['STANDARD_IA', 'text/plain', { by: 'a job' }, 1],
  );
  const label = { Bucket: SOURCE, Key: 'a', AnnotationName: 'label', AnnotationPayload: 'cat' };
  await s3.send(new PutObjectAnnotationCommand(label));
  // The SDK does not know AnnotationDirective in jobs yet.
  await run({ S3PutObjectCopy: { TargetResource: arnOf(TARGET), RequesterPays: true } });
  assert.equal((await s3.send(new ListObjectAnnotationsCommand({ Bucket: TARGET, Key: 'a' }))).AnnotationCount, 1);
  await s3.send(new DeleteObjectAnnotationCommand({ Bucket: SOURCE, Key: 'a', AnnotationName: 'label' }));
  const archived = await manifest(`${SOURCE},archived\n`);
  await run({ S3InitiateRestoreObject: { ExpirationInDays: 1, GlacierJobTier: 'BULK' } }, archived);
  assert.equal((await head(SOURCE, 'archived')).Restore, 'ongoing-request="true"');
  const again = await manifest(`${SOURCE},a,${VersionId}\n`, ['Bucket', 'Key', 'VersionId']);
  const id = await run({ S3ComputeObjectChecksum: { ChecksumAlgorithm: 'SHA1' } }, again, REPORT);
  const { Results } = JSON.parse(await read(`reports/job-${id}/manifest.json`));
  const { ChecksumSHA1 } = await s3.send(new HeadObjectCommand({ Bucket: SOURCE, Key: 'a', ChecksumMode: 'ENABLED' }));
  assert.ok((await read(Results[0].Key)).includes(ChecksumSHA1 ?? '-'));
  c.advance(1000);
  const { KeyMetadata } = await c.client(KMSClient).send(new CreateKeyCommand({}));
  await run(
    { S3UpdateObjectEncryption: { ObjectEncryption: { SSEKMS: { KMSKeyArn: KeyMetadata?.Arn ?? '' } } } },
    again,
  );
  assert.equal((await head(SOURCE, 'a')).SSEKMSKeyId, KeyMetadata?.Arn);
});

test('locks by a job', async (t) => {
  const { c, s3, create, ends, manifest } = await startJobs(t);
  await versionedBucket(s3, 'locked-things', true);
  await s3.send(new PutObjectCommand({ Bucket: 'locked-things', Key: 'a', Body: 'x' }));
  const Manifest = await manifest('locked-things,a\n');
  const RetainUntilDate = new Date(Math.ceil(c.clock.now() / 1000) * 1000 + days(3));
  await ends(await create({ Manifest, Operation: { S3PutObjectLegalHold: { LegalHold: { Status: 'ON' } } } }));
  await ends(
    await create({
      Manifest,
      Operation: { S3PutObjectRetention: { Retention: { Mode: 'GOVERNANCE', RetainUntilDate } } },
    }),
  );
  const shown = await s3.send(new HeadObjectCommand({ Bucket: 'locked-things', Key: 'a' }));
  assert.deepEqual([shown.ObjectLockLegalHoldStatus, shown.ObjectLockMode], ['ON', 'GOVERNANCE']);
  assert.equal(Number(shown.ObjectLockRetainUntilDate), Number(RetainUntilDate));
});

test('existing objects are replicated by a job, chosen by their status', async (t) => {
  const { c, s3, create, ends, put, read } = await startJobs(t);
  await s3.send(new PutBucketVersioningCommand({ Bucket: SOURCE, VersioningConfiguration: { Status: 'Enabled' } }));
  const { VersionId: older } = await put('a');
  const { VersionId: newer } = await put('a');
  const role = await makeRole(c, 'replication', REPLICATION_STATEMENTS);
  await configure(s3, SOURCE, role, rule());
  await put('b');
  const Bucket = TARGET;
  const head = (Key: string, VersionId?: string) => s3.send(new HeadObjectCommand({ Bucket, Key, VersionId }));
  await until(
    () =>
      head('b').then(
        () => true,
        () => false,
      ),
    'the new object',
  );
  await assert.rejects(head('a'), { name: 'NotFound' });
  const S3JobManifestGenerator = {
    SourceBucket: arnOf(SOURCE),
    EnableManifestOutput: true,
    ManifestOutputLocation: {
      Bucket: arnOf(OFFICE),
      ManifestPrefix: 'made',
      ManifestFormat: 'S3InventoryReport_CSV_20211130' as const,
    },
    Filter: { EligibleForReplication: true, ObjectReplicationStatuses: ['NONE' as const, 'FAILED' as const] },
  };
  const generated = { Operation: { S3ReplicateObject: {} }, ManifestGenerator: { S3JobManifestGenerator } };
  const id = await create({ ...generated, Report: REPORT });
  const job = await ends(id);
  assert.deepEqual(counts(job), [2, 2, 0]);
  assert.equal((await head('a')).VersionId, newer);
  assert.equal((await head('a', older)).ReplicationStatus, 'REPLICA');
  const source = await s3.send(new HeadObjectCommand({ Bucket: SOURCE, Key: 'a', VersionId: older }));
  assert.equal(source.ReplicationStatus, 'COMPLETED');
  const location = job.GeneratedManifestDescriptor?.Location;
  assert.equal(location?.ObjectArn, `${arnOf(OFFICE)}/made/job-${id}/manifest.json`);
  const { files } = JSON.parse(await read(`made/job-${id}/manifest.json`));
  const file = await s3.send(new GetObjectCommand({ Bucket: OFFICE, Key: files[0].key }));
  const lines = gunzipSync((await file.Body?.transformToByteArray()) ?? new Uint8Array(0)).toString('utf8');
  assert.equal(lines.trim().split('\n').length, 2);
  const none = await ends(await create(generated), 'Failed');
  assert.match(none.FailureReasons?.[0]?.FailureReason ?? '', /no keys matching the filter criteria/);
  // The manifest that was made is one that a job takes.
  const Manifest = {
    Spec: { Format: 'S3InventoryReport_CSV_20161130' as const },
    Location: { ObjectArn: location?.ObjectArn ?? '', ETag: location?.ETag ?? '' },
  };
  assert.deepEqual(counts(await ends(await create({ Operation: { S3ReplicateObject: {} }, Manifest }))), [2, 2, 0]);
});

test('a job waits for its confirmation, may be cancelled, and has tags and a priority', async (t) => {
  const { control, AccountId, create, ends, manifest, put, describe } = await startJobs(t);
  await put('a');
  const Manifest = await manifest(`${SOURCE},a\n`);
  const Tags = [{ Key: 'team', Value: 'one' }];
  const JobId = await create({ Manifest, Operation: tagged, ConfirmationRequired: true, Tags });
  const suspended = await ends(JobId, 'Suspended');
  assert.equal(suspended.SuspendedCause, 'AWAITING_CONFIRMATION');
  assert.deepEqual(counts(suspended), [1, 0, 0]);
  const tags = async () => (await control.send(new GetJobTaggingCommand({ AccountId, JobId }))).Tags;
  assert.deepEqual(await tags(), Tags);
  const changed = [{ Key: 'team', Value: 'two' }];
  await control.send(new PutJobTaggingCommand({ AccountId, JobId, Tags: changed }));
  assert.deepEqual(await tags(), changed);
  await control.send(new DeleteJobTaggingCommand({ AccountId, JobId }));
  assert.deepEqual((await tags()) ?? [], []);
  const many = Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
  await assert.rejects(control.send(new PutJobTaggingCommand({ AccountId, JobId, Tags: many })), {
    name: 'TooManyTagsException',
  });
  const prioritised = await control.send(new UpdateJobPriorityCommand({ AccountId, JobId, Priority: 7 }));
  assert.deepEqual([prioritised.JobId, prioritised.Priority], [JobId, 7]);
  const confirm = { AccountId, JobId, RequestedJobStatus: 'Ready' } as const;
  assert.equal((await control.send(new UpdateJobStatusCommand(confirm))).Status, 'Ready');
  await ends(JobId);
  await assert.rejects(control.send(new UpdateJobStatusCommand(confirm)), { name: 'JobStatusException' });
  await assert.rejects(control.send(new UpdateJobPriorityCommand({ AccountId, JobId, Priority: 1 })), {
    name: 'BadRequestException',
  });
  const second = await create({ Manifest, ConfirmationRequired: true });
  await ends(second, 'Suspended');
  const cancel = {
    AccountId,
    JobId: second,
    RequestedJobStatus: 'Cancelled',
    StatusUpdateReason: 'not needed',
  } as const;
  await control.send(new UpdateJobStatusCommand(cancel));
  assert.equal((await ends(second, 'Cancelled')).StatusUpdateReason, 'not needed');
  const list = async (more: object = {}) => control.send(new ListJobsCommand({ AccountId, ...more }));
  assert.deepEqual(
    (await list()).Jobs?.map((job) => job.JobId),
    [second, JobId],
  );
  assert.deepEqual(
    (await list({ JobStatuses: ['Complete'] })).Jobs?.map(({ Operation }) => Operation),
    ['S3PutObjectTagging'],
  );
  const page = await list({ MaxResults: 1 });
  assert.equal((await list({ MaxResults: 1, NextToken: page.NextToken })).Jobs?.[0]?.JobId, JobId);
  await assert.rejects(list({ NextToken: 'abc' }), { name: 'InvalidNextTokenException' });
  await assert.rejects(describe('no-such-job'), { name: 'NoSuchJob' });
});

test('a version from before versioning is replicated as the null version that it is', async (t) => {
  const { c, s3, create, ends, manifest } = await startJobs(t);
  const Bucket = 'older-things';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const put = (Body: string, name = Bucket) => s3.send(new PutObjectCommand({ Bucket: name, Key: 'a', Body }));
  await put('the first');
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const { VersionId: newer } = await put('in the way', TARGET);
  await configure(s3, Bucket, await makeRole(c, 'replication', EVERYTHING), rule());
  const Manifest = await manifest(`${Bucket},a,null\n`, ['Bucket', 'Key', 'VersionId']);
  const again = { Operation: { S3ReplicateObject: {} }, Manifest };
  for (let time = 0; time < 2; time++) assert.deepEqual(counts(await ends(await create(again))), [1, 1, 0]);
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: TARGET }));
  assert.deepEqual(Versions.map(({ VersionId }) => VersionId).sort(), [newer, 'null'].sort());
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: TARGET, Key: 'a', VersionId: 'null' }));
  assert.equal(await textOf(Body), 'the first');
  // One that is locked stays what it is.
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const;
  await s3.send(new PutObjectLockConfigurationCommand({ Bucket: TARGET, ObjectLockConfiguration }));
  const held = { Bucket: TARGET, Key: 'a', VersionId: 'null', LegalHold: { Status: 'ON' } } as const;
  await s3.send(new PutObjectLegalHoldCommand(held));
  const suspended = { Bucket, VersioningConfiguration: { Status: 'Suspended' } } as const;
  await s3.send(new DeleteBucketReplicationCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand(suspended));
  c.advance(1000);
  const fresh = c.client(PathStyleS3);
  await fresh.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'another' }));
  await fresh.send(new PutBucketVersioningCommand({ ...suspended, VersioningConfiguration: { Status: 'Enabled' } }));
  await configure(fresh, Bucket, `arn:aws:iam::${c.account}:role/replication`, rule());
  assert.deepEqual(counts(await ends(await create(again))), [1, 0, 1]);
});

test('an inventory’s manifest names its files', async (t) => {
  const { s3, create, ends, put } = await startJobs(t);
  await put('a b');
  const body = gzipSync(`"${SOURCE}","a+b","4"\n`);
  await s3.send(new PutObjectCommand({ Bucket: OFFICE, Key: 'data/1.csv.gz', Body: body }));
  const inventory = {
    sourceBucket: SOURCE,
    destinationBucket: arnOf(OFFICE),
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key, Size',
    files: [{ key: 'data/1.csv.gz' }],
  };
  const target = { Bucket: OFFICE, Key: 'inventory/manifest.json' };
  const { ETag = '' } = await s3.send(new PutObjectCommand({ ...target, Body: JSON.stringify(inventory) }));
  const Location = { ObjectArn: `${arnOf(OFFICE)}/inventory/manifest.json`, ETag };
  const Manifest = { Spec: { Format: 'S3InventoryReport_CSV_20161130' as const }, Location };
  assert.deepEqual(counts(await ends(await create({ Manifest, Operation: tagged }))), [1, 1, 0]);
});
