/** Who may replicate what, under which keys, and what is told when it fails. */
import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CreateKeyCommand, KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import {
  DeleteObjectCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { days, minutes } from '#platform/base/clock.ts';
import { eventsOf } from '#test/sdk/event-queue.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';
import {
  arnOf,
  asking,
  configure,
  grant,
  makeRole,
  REPLICATION_STATEMENTS,
  replicationTest,
  rule,
  SOURCE,
  TARGET,
  versionedBucket,
} from '#test/sdk/replication.ts';
import { textOf } from '#test/sdk/s3.ts';
import { until } from '#test/until.ts';

type Test = Awaited<ReturnType<typeof replicationTest>>;

const put = (s3: S3Client, Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: 'text', ...more }));

/** Events of replication, as a queue gets them. */
const listened = ({ c, s3 }: Test) =>
  // Whatever JSON says.
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it.
  eventsOf<Record<string, any>>(c, s3, SOURCE, 's3:Replication:*');

const measured = { Bucket: arnOf(TARGET), Metrics: { Status: 'Enabled' } } as const;
const EVERYTHING = [{ Effect: 'Allow', Action: '*', Resource: '*' }];

test('who configures replication needs its permission, and that to pass the role', async (t) => {
  const { c, role, as } = await replicationTest(t);
  const { credentials, allow } = await newUser(c, 'ann');
  const ReplicationConfiguration = { Role: role, Rules: [rule()] };
  const set = () => as(credentials).send(new PutBucketReplicationCommand({ Bucket: SOURCE, ReplicationConfiguration }));
  await assert.rejects(set(), { name: 'AccessDenied', message: /s3:PutReplicationConfiguration/ });
  const own = { Effect: 'Allow', Action: 's3:PutReplicationConfiguration', Resource: arnOf(SOURCE) };
  await allow(own);
  await assert.rejects(set(), { name: 'AccessDenied', message: /iam:PassRole/ });
  await allow(own, { Effect: 'Allow', Action: 'iam:PassRole', Resource: role });
  await set();
});

test('what the role may not do fails, with its reason in an event', async (t) => {
  const r = await replicationTest(t);
  const { c, s3, ends } = r;
  const next = await listened(r);
  await r.configure(rule({ Destination: measured, DeleteMarkerReplication: { Status: 'Enabled' } }));
  const fails = async (Key: string, reason: string) => {
    await put(s3, Key);
    await ends(Key, 'FAILED');
    const { eventName, replicationEventData, s3: about, userIdentity } = await next();
    assert.equal(eventName, 'Replication:OperationFailedReplication');
    assert.deepEqual(userIdentity, { principalId: 's3.amazonaws.com' });
    assert.equal(about.object.key, Key);
    const { failureReason, replicationRuleId, destinationBucket, s3Operation } = replicationEventData;
    assert.deepEqual(
      [failureReason, replicationRuleId, destinationBucket, s3Operation],
      [reason, 'all', arnOf(TARGET), 'OBJECT_PUT'],
    );
  };
  const [bucket, source, target] = REPLICATION_STATEMENTS as [object, object, object];
  await grant(c, 'replication', [bucket, target]);
  await fails('unreadable', 'SrcGetObjectNotPermitted');
  await grant(c, 'replication', [bucket, source]);
  await fails('unwritable', 'DstPutObjectNotPermitted');
  await grant(c, 'replication', REPLICATION_STATEMENTS);
  const VersioningConfiguration = { Status: 'Suspended' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: TARGET, VersioningConfiguration }));
  await fails('unversioned', 'DstBucketUnversioned');
  await s3.send(new PutBucketVersioningCommand({ Bucket: TARGET, VersioningConfiguration: { Status: 'Enabled' } }));
  const other = await makeRole(c, 'of-others', REPLICATION_STATEMENTS, 'ec2.amazonaws.com');
  await configure(s3, SOURCE, other, rule({ Destination: measured }));
  await fails('untrusted', 'AssumeRoleNotPermitted');
});

test('tags need a permission to be read, and stay away where they are denied', async (t) => {
  const { c, s3, configure: set, ends } = await replicationTest(t);
  await set(rule());
  const tags = async (Key: string) =>
    (await s3.send(new GetObjectTaggingCommand({ Bucket: TARGET, Key }))).TagSet?.length ?? 0;
  const replicated = async (Key: string) => {
    await put(s3, Key, { Tagging: 'a=b' });
    await ends(Key, 'COMPLETED');
    return tags(Key);
  };
  assert.equal(await replicated('with'), 1);
  const denial = { Effect: 'Deny', Action: 's3:ReplicateTags', Resource: '*' };
  await grant(c, 'replication', [...REPLICATION_STATEMENTS, denial]);
  assert.equal(await replicated('denied'), 0);
  const noTags = { Effect: 'Deny', Action: 's3:GetObjectVersionTagging', Resource: '*' };
  await grant(c, 'replication', [...REPLICATION_STATEMENTS, noTags]);
  assert.equal(await replicated('unreadable'), 0);
  const less = { Effect: 'Allow', Action: 's3:ReplicateObject', Resource: '*' };
  await grant(c, 'replication', [...REPLICATION_STATEMENTS.slice(0, 2), less]);
  assert.equal(await replicated('not granted'), 1);
});

async function inOtherAccount(t: TestContext) {
  const r = await replicationTest(t);
  const { c, s3, role } = r;
  const partner = r.as(await newAccount(c, '210987654321'));
  const Bucket = `${TARGET}-abroad`;
  await versionedBucket(partner, Bucket);
  const Rules = [{ ObjectOwnership: 'ObjectWriter' as const }];
  for (const [client, name] of [
    [s3, SOURCE],
    [partner, Bucket],
  ] as const)
    await client.send(new PutBucketOwnershipControlsCommand({ Bucket: name, OwnershipControls: { Rules } }));
  const letIn = (...Action: string[]) =>
    partner.send(
      new PutBucketPolicyCommand({
        Bucket,
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { AWS: role }, Action, Resource: `${arnOf(Bucket)}/*` }],
        }),
      }),
    );
  return { ...r, partner, Bucket, letIn, of: asking(partner) };
}

test('a bucket of another account takes replicas when its policy says so, and may own them', async (t) => {
  const { c, s3, partner, Bucket, letIn, configure: set, ends, of } = await inOtherAccount(t);
  const Destination = { Bucket: arnOf(Bucket), Account: '210987654321' };
  await set(rule({ Destination }));
  await put(s3, 'refused');
  await ends('refused', 'FAILED');
  await letIn('s3:ReplicateObject', 's3:ReplicateDelete', 's3:ObjectOwnerOverrideToBucketOwner');
  await put(s3, 'theirs');
  await ends('theirs', 'COMPLETED');
  // The replica belongs to who owns its source.
  await assert.rejects(of.head(Bucket, 'theirs'), { name: /403|Forbidden|Unknown/ });
  const Owner = 'Destination' as const;
  await set(rule({ Destination: { ...Destination, AccessControlTranslation: { Owner } } }));
  await put(s3, 'not given');
  await ends('not given', 'FAILED');
  const override = { Effect: 'Allow', Action: 's3:ObjectOwnerOverrideToBucketOwner', Resource: '*' };
  await grant(c, 'replication', [...REPLICATION_STATEMENTS, override]);
  await put(s3, 'ours', { ACL: 'bucket-owner-full-control' });
  await ends('ours', 'COMPLETED');
  assert.equal((await of.head(Bucket, 'ours')).ReplicationStatus, 'REPLICA');
  const { Grants = [] } = await partner.send(new GetObjectAclCommand({ Bucket, Key: 'ours' }));
  assert.equal(Grants.length, 1);
});

test('KMS: the source’s key decrypts, the rule’s key encrypts, each as the role', async (t) => {
  const { c, s3, configure: set, ends, head } = await replicationTest(t);
  const kms = c.client(KMSClient);
  const makeKey = async () => {
    c.advance(1000);
    return (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  };
  const [first, second] = [await makeKey(), await makeKey()];
  await set(rule());
  const encrypted = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: first } as const;
  await put(s3, 'left out', encrypted);
  assert.equal((await head(SOURCE, 'left out')).ReplicationStatus, undefined);
  await set(
    rule({
      SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
      Destination: { Bucket: arnOf(TARGET), EncryptionConfiguration: { ReplicaKmsKeyID: second } },
    }),
  );
  await put(s3, 'no key', encrypted);
  await ends('no key', 'FAILED');
  const use = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource });
  await grant(c, 'replication', [...REPLICATION_STATEMENTS, use('kms:Decrypt', first), use('kms:Encrypt', second)]);
  for (const kind of ['aws:kms', 'aws:kms:dsse'] as const) {
    await put(s3, kind, { ...encrypted, ServerSideEncryption: kind });
    await ends(kind, 'COMPLETED');
    const replica = await s3.send(new GetObjectCommand({ Bucket: TARGET, Key: kind }));
    assert.deepEqual([replica.ServerSideEncryption, replica.SSEKMSKeyId], [kind, second]);
    assert.equal(await textOf(replica.Body), 'text');
  }
  await put(s3, 'plain');
  await ends('plain', 'COMPLETED');
  assert.equal((await head(TARGET, 'plain')).ServerSideEncryption, 'AES256');
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${c.account}:root` }, Action: 'kms:*', Resource: '*' },
      { Effect: 'Deny', Principal: '*', Action: 'kms:Encrypt', Resource: '*' },
    ],
  });
  await kms.send(new PutKeyPolicyCommand({ KeyId: second, Policy, BypassPolicyLockoutSafetyCheck: true }));
  await put(s3, 'denied', encrypted);
  await ends('denied', 'FAILED');
});

test('SSE-C: nobody has the key, and the replica opens with it', async (t) => {
  const r = await replicationTest(t, { tls: true });
  const { s3, configure: set } = r;
  const allow = (Bucket: string) => {
    const BlockedEncryptionTypes = { EncryptionType: ['NONE' as const] };
    const ServerSideEncryptionConfiguration = { Rules: [{ BlockedEncryptionTypes }] };
    return s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  };
  await allow(SOURCE);
  await set(rule());
  const key = randomBytes(32);
  const headers = {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: hash('md5', key, 'base64'),
  };
  const write = async (Key: string, size: number, status: string) => {
    await s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: Buffer.alloc(size, 'x'), ...headers }));
    const isDone = async () => {
      const { ReplicationStatus } = await s3.send(new HeadObjectCommand({ Bucket: SOURCE, Key, ...headers }));
      return ReplicationStatus === status;
    };
    await until(isDone, `${Key} is ${status}`);
  };
  // The destination blocks it, as every new bucket.
  await write('blocked', 4, 'FAILED');
  await allow(TARGET);
  for (const size of [4, 2_000_000]) {
    const Key = `of ${size}`;
    await write(Key, size, 'COMPLETED');
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: TARGET, Key, ...headers }));
    assert.equal((await Body?.transformToByteArray())?.length, size);
    await assert.rejects(s3.send(new GetObjectCommand({ Bucket: TARGET, Key })), { name: 'InvalidRequest' });
    assert.equal(
      (await s3.send(new HeadObjectCommand({ Bucket: TARGET, Key, ...headers }))).ReplicationStatus,
      'REPLICA',
    );
  }
});

test('Object Lock: retention and holds go along, and the destination must have it too', async (t) => {
  const { c, s3 } = await replicationTest(t);
  const [from, to] = ['locked-source', `${TARGET}-locked`];
  await versionedBucket(s3, from, true);
  await versionedBucket(s3, to, true);
  const role = await makeRole(c, 'locks', EVERYTHING);
  const { ends, head } = asking(s3);
  const RetainUntil = new Date(c.clock.now() + days(10));
  const locked = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: RetainUntil } as const;
  const write = (Key: string) => s3.send(new PutObjectCommand({ Bucket: from, Key, Body: 'x', ...locked }));
  await configure(s3, from, role, rule({ Destination: { Bucket: arnOf(TARGET) } }));
  await write('nowhere');
  await ends('nowhere', 'FAILED', undefined, from);
  await configure(s3, from, role, rule({ Destination: { Bucket: arnOf(to) } }));
  await write('a');
  await ends('a', 'COMPLETED', undefined, from);
  const shown = await head(to, 'a');
  assert.equal(shown.ObjectLockMode, 'GOVERNANCE');
  assert.equal(Number(shown.ObjectLockRetainUntilDate), Number(RetainUntil));
  const target = { Bucket: from, Key: 'a' };
  await s3.send(new PutObjectLegalHoldCommand({ ...target, LegalHold: { Status: 'ON' } }));
  await until(async () => (await head(to, 'a')).ObjectLockLegalHoldStatus === 'ON', 'the hold');
  const later = new Date(c.clock.now() + days(20));
  const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: later } as const;
  await s3.send(new PutObjectRetentionCommand({ ...target, Retention }));
  await until(async () => Number((await head(to, 'a')).ObjectLockRetainUntilDate) === Number(later), 'the retention');
  const { VersionId } = await head(to, 'a');
  await assert.rejects(s3.send(new DeleteObjectCommand({ Bucket: to, Key: 'a', VersionId })), { name: 'AccessDenied' });
});

test('what fails for the time being stays pending, is tried again, and its lateness is told', async (t) => {
  const r = await replicationTest(t);
  const { c, configure: set } = r;
  const next = await listened(r);
  const far = c.client(PathStyleS3, { region: 'eu-west-1' });
  const Bucket = `${TARGET}-eu`;
  await versionedBucket(far, Bucket);
  // The region's place for long blobs: made by the first one.
  await far.send(new PutObjectCommand({ Bucket, Key: 'first', Body: Buffer.alloc(2_000_000) }));
  const incoming = join(c.data, 'blobs', 'eu-west-1', 'files', 'incoming');
  rmSync(incoming, { recursive: true });
  const time = { Status: 'Enabled', Time: { Minutes: 15 } } as const;
  const Metrics = { Status: 'Enabled', EventThreshold: { Minutes: 15 } } as const;
  await set(rule({ Destination: { Bucket: arnOf(Bucket), ReplicationTime: time, Metrics } }));
  await put(r.s3, 'late', { Body: Buffer.alloc(2_000_000) });
  c.advance(minutes(15) + 1);
  const missed = await next();
  assert.equal(missed['eventName'], 'Replication:OperationMissedThreshold');
  assert.equal(missed['replicationEventData'].threshold, '15');
  const again = asking(c.client(PathStyleS3));
  assert.equal((await again.head(SOURCE, 'late')).ReplicationStatus, 'PENDING');
  mkdirSync(incoming);
  c.advance(minutes(5));
  const late = await next();
  assert.equal(late['eventName'], 'Replication:OperationReplicatedAfterThreshold');
  assert.equal((await asking(c.client(PathStyleS3)).head(SOURCE, 'late')).ReplicationStatus, 'COMPLETED');
});
