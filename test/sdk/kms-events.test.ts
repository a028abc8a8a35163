/** KMS in the event history: what each call worked on, and what KMS does by itself. */
import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RetireGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms';
import { days, seconds } from '#platform/base/clock.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { startKms, text } from '#test/sdk/kms.ts';

/** The newest first. A client of its own: the clock may have closed the connections of others. */
async function recordsOf(c: TestCloud, AttributeValue: string, region = 'us-east-1') {
  c.advance(seconds(1));
  const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue }];
  const { Events = [] } = await c
    .client(CloudTrailClient, { region })
    .send(new LookupEventsCommand({ LookupAttributes }));
  return Events.map(({ CloudTrailEvent = '' }) => JSON.parse(CloudTrailEvent));
}

test('what KMS does by itself is in the event history, as an event of the service', async (t) => {
  const { c, kms, key, pass } = await startKms(t);
  const rotated = await key();
  await kms.send(new EnableKeyRotationCommand({ KeyId: rotated.id, RotationPeriodInDays: 90 }));
  await kms.send(new RotateKeyOnDemandCommand({ KeyId: rotated.id }));
  const rotation = async () => (await recordsOf(c, 'RotateKey'))[0]?.serviceEventDetails;
  assert.deepEqual(await rotation(), { rotationType: 'ON_DEMAND', keyId: rotated.id });
  const imported = await key({ Origin: 'EXTERNAL' });
  const { PublicKey = new Uint8Array(), ImportToken } = await kms.send(
    new GetParametersForImportCommand({
      KeyId: imported.id,
      WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
      WrappingKeySpec: 'RSA_2048',
    }),
  );
  const publicKey = crypto.createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  const { KeyMaterialId } = await kms.send(
    new ImportKeyMaterialCommand({
      KeyId: imported.id,
      ImportToken,
      EncryptedKeyMaterial: crypto.publicEncrypt({ key: publicKey, oaepHash: 'sha256' }, crypto.randomBytes(32)),
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo: new Date(c.clock.now() + days(2)),
    }),
  );
  await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/sqs' }));
  const [made] = await recordsOf(c, 'CreateKey');
  assert.deepEqual([made.eventType, made.userIdentity.invokedBy], ['AwsServiceEvent', 'AWS Internal']);
  await pass(days(3));
  const deleted = await key();
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: deleted.id, PendingWindowInDays: 7 }));
  await pass(days(8));

  const [expiry, ...others] = await recordsOf(c, 'DeleteExpiredKeyMaterial');
  assert.equal(others.length, 0);
  const itself = 'AWS Internal';
  const { eventID: _, eventTime: __, ...whole } = expiry;
  assert.deepEqual(whole, {
    eventVersion: '1.11',
    userIdentity: { accountId: c.account, invokedBy: itself },
    eventSource: 'kms.amazonaws.com',
    eventName: 'DeleteExpiredKeyMaterial',
    awsRegion: 'us-east-1',
    sourceIPAddress: itself,
    userAgent: itself,
    requestParameters: null,
    responseElements: null,
    readOnly: false,
    resources: [{ accountId: c.account, type: 'AWS::KMS::Key', ARN: imported.arn }],
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: c.account,
    serviceEventDetails: { keyId: imported.id, keyMaterialId: KeyMaterialId },
    eventCategory: 'Management',
  });
  const [deletion] = await recordsOf(c, 'DeleteKey');
  assert.deepEqual(
    [deletion?.eventType, deletion?.serviceEventDetails, deletion?.resources?.[0].ARN],
    ['AwsServiceEvent', { keyId: deleted.id }, deleted.arn],
  );
  await pass(days(90));
  assert.deepEqual(await rotation(), { rotationType: 'AUTOMATIC', keyId: rotated.id });
});

test('records name the key of what answers nothing, the material and the algorithm, and omit what is protected', async (t) => {
  const { c, kms, key } = await startKms(t);
  const [a, b] = [await key(), await key()];
  const answered = async (name: string) => (await recordsOf(c, name))[0]?.responseElements;
  await kms.send(new DisableKeyCommand({ KeyId: a.id }));
  assert.deepEqual(await answered('DisableKey'), { keyId: a.arn });
  await kms.send(new EnableKeyCommand({ KeyId: a.id }));
  assert.deepEqual(await answered('EnableKey'), { keyId: a.arn });
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/one', TargetKeyId: a.id }));
  assert.deepEqual(await answered('CreateAlias'), { keyId: a.arn });
  await kms.send(new UpdateAliasCommand({ AliasName: 'alias/one', TargetKeyId: b.id }));
  assert.deepEqual(await answered('UpdateAlias'), { keyId: b.arn });
  await kms.send(new DeleteAliasCommand({ AliasName: 'alias/one' }));
  assert.deepEqual(await answered('DeleteAlias'), { keyId: b.arn });

  const GranteePrincipal = `arn:aws:iam::${c.account}:root`;
  const { GrantId, GrantToken } = await kms.send(
    new CreateGrantCommand({ KeyId: a.id, GranteePrincipal, Operations: ['Decrypt', 'RetireGrant'] }),
  );
  assert.deepEqual(await answered('CreateGrant'), { grantId: GrantId });
  await kms.send(new RetireGrantCommand({ GrantToken }));
  const [retired] = await recordsOf(c, 'RetireGrant');
  assert.deepEqual(
    [retired?.requestParameters, retired?.responseElements, retired?.additionalEventData],
    [null, null, { grantId: GrantId }],
  );

  const EncryptionContext = { team: 'blue' };
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId: a.id, Plaintext: text('x'), EncryptionContext }),
  );
  const [encrypted] = await recordsOf(c, 'Encrypt');
  const encryptionAlgorithm = 'SYMMETRIC_DEFAULT';
  assert.deepEqual(encrypted?.requestParameters, {
    keyId: a.id,
    encryptionContext: EncryptionContext,
    encryptionAlgorithm,
  });
  const { KeyMaterialId: keyMaterialId } = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
  const [decrypted] = await recordsOf(c, 'Decrypt');
  assert.deepEqual(decrypted?.requestParameters, { encryptionContext: EncryptionContext, encryptionAlgorithm });
  assert.deepEqual([decrypted.responseElements, decrypted.additionalEventData], [null, { keyMaterialId }]);
  await kms.send(new GenerateDataKeyCommand({ KeyId: a.id, KeySpec: 'AES_256' }));
  assert.deepEqual((await recordsOf(c, 'GenerateDataKey'))[0]?.additionalEventData, { keyMaterialId });
  const moved = await kms.send(
    new ReEncryptCommand({
      CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      SourceEncryptionAlgorithm: encryptionAlgorithm,
      DestinationKeyId: b.id,
    }),
  );
  const [reEncrypted] = await recordsOf(c, 'ReEncrypt');
  assert.deepEqual(reEncrypted?.requestParameters, {
    sourceEncryptionContext: EncryptionContext,
    sourceEncryptionAlgorithm: encryptionAlgorithm,
    destinationKeyId: b.id,
    destinationEncryptionAlgorithm: encryptionAlgorithm,
  });
  assert.deepEqual(reEncrypted.additionalEventData, {
    sourceKeyMaterialId: keyMaterialId,
    destinationKeyMaterialId: moved.DestinationKeyMaterialId,
  });
});

test('a replica is made where it is, by a call that KMS makes for who replicates', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: KeyId, arn } = await key({ MultiRegion: true });
  const there = arn.replace('us-east-1', 'eu-west-1');
  await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1', Description: 'west' }));
  const [made, ...more] = await recordsOf(c, 'CreateKey', 'eu-west-1');
  assert.equal(more.length, 0);
  const { userIdentity, requestParameters, responseElements, resources, awsRegion, eventType } = made;
  assert.deepEqual(
    [userIdentity.userName, userIdentity.invokedBy, awsRegion, eventType],
    ['administrator', 'kms.amazonaws.com', 'eu-west-1', 'AwsApiCall'],
  );
  assert.deepEqual(requestParameters, {
    ...{ description: 'west', keyUsage: 'ENCRYPT_DECRYPT', keySpec: 'SYMMETRIC_DEFAULT', origin: 'AWS_KMS' },
    multiRegion: true,
  });
  assert.deepEqual([responseElements.keyMetadata.arn, responseElements.keyMetadata.description], [there, 'west']);
  assert.deepEqual(resources, [{ accountId: c.account, type: 'AWS::KMS::Key', ARN: there }]);
  const [replicated] = await recordsOf(c, 'ReplicateKey');
  assert.equal(replicated.requestID, made.requestID);
  assert.deepEqual(await recordsOf(c, 'ReplicateKey', 'eu-west-1'), []);
});

test('a new primary region is recorded in both regions', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: KeyId, arn } = await key({ MultiRegion: true });
  await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }));
  await kms.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'eu-west-1' }));
  const [here, ...more] = await recordsOf(c, 'UpdatePrimaryRegion');
  const [there, ...others] = await recordsOf(c, 'UpdatePrimaryRegion', 'eu-west-1');
  assert.deepEqual([more, others], [[], []]);
  assert.deepEqual([here?.awsRegion, there?.awsRegion], ['us-east-1', 'eu-west-1']);
  assert.equal(here.requestID, there.requestID);
  assert.notEqual(here.eventID, there.eventID);
  // Each names its own key; the new primary's does not say where the primary was.
  const newArn = arn.replace('us-east-1', 'eu-west-1');
  const resourcesOf = ({ resources }: typeof here) => resources.map(({ ARN }: { ARN: string }) => ARN);
  assert.deepEqual([resourcesOf(here), resourcesOf(there)], [[arn], [newArn]]);
  assert.deepEqual([here.responseElements, there.responseElements], [{ keyId: arn }, { keyId: newArn }]);
  assert.deepEqual(there.requestParameters, { keyId: newArn, primaryRegion: 'eu-west-1' });
  assert.deepEqual([here.userIdentity.invokedBy, there.userIdentity.invokedBy], [undefined, 'kms.amazonaws.com']);
});

test('what a primary key shares with its replicas is recorded where the primary is, without their names', async (t) => {
  const { c, kms, key } = await startKms(t);
  const own = await key();
  const { id: KeyId, arn } = await key({ MultiRegion: true });
  await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }));
  await kms.send(new EnableKeyRotationCommand({ KeyId }));
  await kms.send(new EnableKeyRotationCommand({ KeyId: own.id }));
  const records = await recordsOf(c, 'SynchronizeMultiRegionKey');
  assert.deepEqual(
    records.map(({ awsRegion, eventType, userIdentity, responseElements, resources, serviceEventDetails }) => [
      ...[awsRegion, eventType, userIdentity.invokedBy, responseElements, resources[0].ARN, serviceEventDetails],
    ]),
    [1, 2].map(() => ['us-east-1', 'AwsApiCall', 'AWS Internal', { keyId: arn }, arn, undefined]),
  );
  assert.deepEqual(await recordsOf(c, 'SynchronizeMultiRegionKey', 'eu-west-1'), []);
});
