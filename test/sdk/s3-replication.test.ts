/** Replication of what comes into being, and of what is changed later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketReplicationCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetBucketReplicationCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import {
  arnOf,
  configure,
  makeRole,
  replicationTest,
  rule,
  SOURCE,
  TARGET,
  versionedBucket,
} from '#test/sdk/replication.ts';
import { textOf } from '#test/sdk/s3.ts';
import { until } from '#test/until.ts';

test('a configuration is kept, shown, replaced and deleted', async (t) => {
  const { s3, role, configure: put } = await replicationTest(t);
  const get = () => s3.send(new GetBucketReplicationCommand({ Bucket: SOURCE }));
  await assert.rejects(get(), { name: 'ReplicationConfigurationNotFoundError' });
  await put(rule());
  assert.deepEqual((await get()).ReplicationConfiguration, { Role: role, Rules: [rule()] });
  const { ID: _, ...unnamed } = rule();
  await put(unnamed);
  assert.match((await get()).ReplicationConfiguration?.Rules?.[0]?.ID ?? '', /^[\w-]{48}$/);
  const suspend = { Bucket: SOURCE, VersioningConfiguration: { Status: 'Suspended' } } as const;
  await assert.rejects(s3.send(new PutBucketVersioningCommand(suspend)), { name: 'InvalidBucketState' });
  await s3.send(new DeleteBucketReplicationCommand({ Bucket: SOURCE }));
  await assert.rejects(get(), { name: 'ReplicationConfigurationNotFoundError' });
  await s3.send(new PutBucketVersioningCommand(suspend));
});

test('what S3 does not take as a configuration', async (t) => {
  const { s3, role } = await replicationTest(t);
  await s3.send(new CreateBucketCommand({ Bucket: 'unversioned' }));
  const refused = (name: string, message: RegExp, ...rules: ReturnType<typeof rule>[]) =>
    assert.rejects(configure(s3, SOURCE, role, ...rules), { name, message });
  const to = (Bucket: string, more: object = {}) => rule({ Destination: { Bucket, ...more } });
  await refused('InvalidRequest', /must have versioning enabled/, to(arnOf('unversioned')));
  await refused('InvalidRequest', /must exist/, to(arnOf('nobody-has-it')));
  await refused('InvalidRequest', /same as the source/, to(arnOf(SOURCE)));
  await refused('InvalidArgument', /bucket ARN/, to(TARGET));
  await refused('InvalidArgument', /specified account/, to(arnOf(TARGET), { Account: '999999999999' }));
  await refused('InvalidRequest', /Account/, to(arnOf(TARGET), { AccessControlTranslation: { Owner: 'Destination' } }));
  await assert.rejects(configure(s3, 'unversioned', role, rule()), {
    name: 'InvalidRequest',
    message: /Versioning must/,
  });
  await assert.rejects(configure(s3, SOURCE, 'replication', rule()), { name: 'InvalidArgument', message: /Role/ });
  await refused('MalformedXML', /well-formed/);
  await refused('InvalidRequest', /duplicate priority/, rule(), rule({ ID: 'other' }));
  await refused('InvalidArgument', /unique/, rule(), rule({ Priority: 2 }));
  const { Priority: _, ...unordered } = rule();
  await refused('InvalidRequest', /Priority must be specified/, unordered);
  const { DeleteMarkerReplication: __, ...unmarked } = rule();
  await refused('InvalidRequest', /DeleteMarkerReplication must be specified/, unmarked);
  const tagged = { Filter: { Tag: { Key: 'a', Value: 'b' } }, DeleteMarkerReplication: { Status: 'Enabled' } } as const;
  await refused('InvalidRequest', /not supported if any Tag filter/, rule(tagged));
  const old = (ID: string, Prefix: string) =>
    ({ ID, Prefix, Status: 'Enabled', Destination: { Bucket: arnOf(TARGET) } }) as const;
  await refused('InvalidRequest', /overlapping prefixes/, old('a', 'x'), old('b', 'xy'));
  await refused('InvalidRequest', /same schema/, old('a', 'x'), rule());
  const kms = { SseKmsEncryptedObjects: { Status: 'Enabled' } } as const;
  await refused('InvalidRequest', /EncryptionConfiguration must/, rule({ SourceSelectionCriteria: kms }));
  const time = { Status: 'Enabled', Time: { Minutes: 14 } } as const;
  await refused('InvalidArgument', /15/, to(arnOf(TARGET), { ReplicationTime: time, Metrics: { Status: 'Enabled' } }));
});

test('a new object arrives with its version, date, check sum, metadata and tags; its replica goes no further', async (t) => {
  const { s3, role, configure: put, ends, head } = await replicationTest(t);
  await versionedBucket(s3, `${TARGET}-2`);
  await put(rule());
  await configure(s3, TARGET, role, rule({ Destination: { Bucket: arnOf(`${TARGET}-2`) } }));
  const { VersionId } = await s3.send(
    new PutObjectCommand({
      Bucket: SOURCE,
      Key: 'a',
      Body: 'hello',
      Metadata: { of: 'mine' },
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      Tagging: 'k=v',
      StorageClass: 'STANDARD_IA',
      ChecksumAlgorithm: 'SHA256',
    }),
  );
  const source = await ends('a', 'COMPLETED');
  const replica = await head(TARGET, 'a');
  assert.equal(replica.ReplicationStatus, 'REPLICA');
  assert.equal(replica.VersionId, VersionId);
  for (const member of ['ETag', 'LastModified', 'Metadata', 'ContentType', 'CacheControl', 'ChecksumSHA256'] as const)
    assert.deepEqual(replica[member], source[member], member);
  assert.equal(replica.StorageClass, 'STANDARD_IA');
  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: TARGET, Key: 'a' }));
  assert.deepEqual(TagSet, [{ Key: 'k', Value: 'v' }]);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: TARGET, Key: 'a', VersionId }));
  assert.equal(await textOf(Body), 'hello');
  await assert.rejects(head(`${TARGET}-2`, 'a'), { name: 'NotFound' });
});

test('rules choose by prefix and tag, the highest priority of a destination wins, all destinations count', async (t) => {
  const { s3, configure: put, ends, head } = await replicationTest(t);
  await versionedBucket(s3, `${TARGET}-2`);
  const And = { Prefix: 'logs/', Tags: [{ Key: 'keep', Value: 'yes' }] };
  await put(
    rule({
      ID: 'low',
      Destination: { Bucket: arnOf(TARGET), StorageClass: 'ONEZONE_IA' },
      Filter: { Prefix: 'logs/' },
    }),
    rule({
      ID: 'high',
      Priority: 5,
      Destination: { Bucket: arnOf(TARGET), StorageClass: 'GLACIER_IR' },
      Filter: { And },
    }),
    rule({ ID: 'far', Priority: 2, Destination: { Bucket: arnOf(`${TARGET}-2`) }, Filter: { Prefix: 'logs/' } }),
    rule({ ID: 'off', Priority: 3, Status: 'Disabled', Filter: { Prefix: '' } }),
  );
  const write = (Key: string, Tagging?: string) =>
    s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: 'x', Tagging }));
  await write('logs/1');
  await write('logs/2', 'keep=yes');
  await write('other');
  await ends('logs/1', 'COMPLETED');
  await ends('logs/2', 'COMPLETED');
  assert.equal((await head(TARGET, 'logs/1')).StorageClass, 'ONEZONE_IA');
  assert.equal((await head(TARGET, 'logs/2')).StorageClass, 'GLACIER_IR');
  assert.equal((await head(`${TARGET}-2`, 'logs/1')).ReplicationStatus, 'REPLICA');
  assert.equal((await head(SOURCE, 'other')).ReplicationStatus, undefined);
  await assert.rejects(head(TARGET, 'other'), { name: 'NotFound' });
});

test('an object of parts keeps them, with their check sums and its ETag', async (t) => {
  const { s3, configure: put, ends, head } = await replicationTest(t);
  await put(rule());
  const target = { Bucket: SOURCE, Key: 'large' };
  const ChecksumAlgorithm = 'CRC32C' as const;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm }));
  const bodies = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.alloc(2_000_000, 'b'), Buffer.alloc(10, 'c')].slice(0, 2);
  const Parts = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const part = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ChecksumAlgorithm }));
    Parts.push({ PartNumber, ETag: part.ETag, ChecksumCRC32C: part.ChecksumCRC32C });
  }
  await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
  const source = await ends('large', 'COMPLETED');
  const replica = await head(TARGET, 'large');
  assert.deepEqual([replica.ETag, replica.ChecksumCRC32C], [source.ETag, source.ChecksumCRC32C]);
  const attributes = (Bucket: string) =>
    s3.send(new GetObjectAttributesCommand({ Bucket, Key: 'large', ObjectAttributes: ['ObjectParts', 'Checksum'] }));
  const [one, other] = [await attributes(SOURCE), await attributes(TARGET)];
  assert.deepEqual([other.ObjectParts, other.Checksum], [one.ObjectParts, one.Checksum]);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: TARGET, Key: 'large', PartNumber: 2 }));
  assert.ok(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bodies[1] ?? Buffer.alloc(0)));
});

test('delete markers go where a rule says so, or by the old form; deleted versions never', async (t) => {
  const { s3, configure: put, ends, head } = await replicationTest(t);
  const markers = async (Bucket: string) =>
    (await s3.send(new ListObjectVersionsCommand({ Bucket }))).DeleteMarkers?.map(({ Key }) => Key) ?? [];
  const remove = async (Key: string) => {
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: 'x' }));
    await ends(Key, 'COMPLETED', VersionId);
    return s3.send(new DeleteObjectCommand({ Bucket: SOURCE, Key }));
  };
  await put(rule());
  await remove('stays');
  await put(rule({ DeleteMarkerReplication: { Status: 'Enabled' } }));
  const { VersionId } = await remove('goes');
  await until(async () => (await markers(TARGET)).length === 1, 'the marker');
  const { DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket: TARGET }));
  assert.deepEqual([DeleteMarkers?.[0]?.Key, DeleteMarkers?.[0]?.VersionId], ['goes', VersionId]);
  await put({ ID: 'old', Prefix: '', Status: 'Enabled', Destination: { Bucket: arnOf(TARGET) } });
  await remove('old form');
  await until(async () => (await markers(TARGET)).length === 2, 'the marker of the old form');
  assert.deepEqual(await markers(TARGET), ['goes', 'old form']);
  const { VersionId: kept } = await s3.send(new PutObjectCommand({ Bucket: SOURCE, Key: 'kept', Body: 'x' }));
  await ends('kept', 'COMPLETED');
  await s3.send(new DeleteObjectCommand({ Bucket: SOURCE, Key: 'kept', VersionId: kept }));
  assert.equal((await head(TARGET, 'kept')).VersionId, kept);
});

test('changes of tags go along; those of a replica go back where its rule takes them', async (t) => {
  const { s3, c, role, configure: put, ends, head } = await replicationTest(t);
  const tagsOf = async (Bucket: string) =>
    (await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'a' }))).TagSet?.map(({ Value }) => Value) ?? [];
  const tag = (Bucket: string, Value: string) =>
    s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging: { TagSet: [{ Key: 'k', Value }] } }));
  const ReplicaModifications = { Status: 'Enabled' } as const;
  const both = { SourceSelectionCriteria: { ReplicaModifications } };
  await put(rule(both));
  await s3.send(new PutObjectCommand({ Bucket: SOURCE, Key: 'a', Body: 'x' }));
  await ends('a', 'COMPLETED');
  await tag(SOURCE, 'one');
  await until(async () => (await tagsOf(TARGET))[0] === 'one', 'the tag');
  await ends('a', 'COMPLETED');
  await s3.send(new DeleteObjectTaggingCommand({ Bucket: SOURCE, Key: 'a' }));
  await until(async () => (await tagsOf(TARGET)).length === 0, 'no tag');
  const other = await makeRole(c, 'back', [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]);
  assert.notEqual(other, role);
  await configure(s3, TARGET, other, rule({ Destination: { Bucket: arnOf(SOURCE) } }));
  await tag(TARGET, 'not back');
  await configure(s3, TARGET, other, rule({ ...both, Destination: { Bucket: arnOf(SOURCE) } }));
  await tag(TARGET, 'back');
  await until(async () => (await tagsOf(SOURCE))[0] === 'back', 'the tag of the replica');
  await until(async () => (await head(TARGET, 'a')).ReplicationStatus === 'REPLICA', 'the replica is one again');
  // The bytes of a replica go nowhere, also not back.
  const { VersionId } = await head(SOURCE, 'a');
  await s3.send(new DeleteObjectCommand({ Bucket: SOURCE, Key: 'a', VersionId }));
  await tag(TARGET, 'to nobody');
  await until(async () => (await head(TARGET, 'a')).ReplicationStatus === 'FAILED', 'the failure');
  await assert.rejects(head(SOURCE, 'a'), { name: 'NotFound' });
});

test('a replica stands beside the versions that its destination has', async (t) => {
  const { s3, configure: put, ends, head } = await replicationTest(t);
  await put(rule());
  const write = (Bucket: string) => s3.send(new PutObjectCommand({ Bucket, Key: 'same', Body: `of ${Bucket}` }));
  const { VersionId: theirs } = await write(TARGET);
  const { VersionId: ours } = await write(SOURCE);
  await ends('same', 'COMPLETED');
  for (const [VersionId, of] of [
    [theirs, TARGET],
    [ours, SOURCE],
  ]) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: TARGET, Key: 'same', VersionId }));
    assert.equal(await textOf(Body), `of ${of}`);
  }
  const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: TARGET }));
  assert.equal(Versions?.length, 2);
  await s3.send(new DeleteObjectCommand({ Bucket: TARGET, Key: 'same', VersionId: theirs }));
  assert.equal((await head(TARGET, 'same')).VersionId, ours);
});

test('another region is as near, and the transfer is metered', async (t) => {
  const { s3, c, configure: put, ends } = await replicationTest(t);
  const far = c.client(PathStyleS3, { region: 'eu-west-1' });
  const Bucket = `${TARGET}-eu`;
  await far.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
  await far.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  await put(rule({ Destination: { Bucket: arnOf(Bucket) } }));
  for (const size of [0, 10, 100_000, 2_500_000]) {
    const Key = String(size);
    await s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: Buffer.alloc(size, 'x') }));
    await ends(Key, 'COMPLETED');
    const { Body } = await far.send(new GetObjectCommand({ Bucket, Key }));
    assert.equal((await Body?.transformToByteArray())?.length, size);
  }
  const place = { service: 's3', account: c.account as AccountId, region: 'us-east-1' as Region };
  const partition = c.running.cloud.store.partition(place);
  const usage = partition.read((tx) => usageOf(tx, 0, c.clock.now() + 1));
  const sent = usage
    .filter(({ usageType }) => usageType === 'AWS-Out-Bytes')
    .reduce((sum, { amount }) => sum + amount, 0);
  assert.equal(sent, 2_600_010);
});
