/** KMS in the event history. */
import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  EnableKeyRotationCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { days, seconds } from '#platform/base/clock.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { startKms } from '#test/sdk/kms.ts';

/** The newest first. A client of its own: the clock may have closed the connections of others. */
async function recordsOf(c: TestCloud, AttributeValue: string) {
  c.advance(seconds(1));
  const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue }];
  const { Events = [] } = await c.client(CloudTrailClient).send(new LookupEventsCommand({ LookupAttributes }));
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
