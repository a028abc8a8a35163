/** How another service uses KMS for its callers: their rights, kms:ViaService, AWS managed keys, data keys used again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DescribeKeyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { present } from '#platform/base/assert.ts';
import { minutes } from '#platform/base/clock.ts';
import { type AccountId, newRequestId, type Region } from '#platform/base/ids.ts';
import { LiveCall } from '#platform/call.ts';
import { invokeFor } from '#platform/dispatch.ts';
import { readMasterKeys } from '#platform/secrets/master-key.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import { createPrincipalDirectory } from '#services/iam/identity/principal-directory.ts';
import { envelopes } from '#services/kms/envelope.ts';
import { kmsParts } from '#services/kms/parts.ts';
import type { Credentials } from '#test/sdk/cloud.ts';
import { startKms, text } from '#test/sdk/kms.ts';
import { newUser } from '#test/sdk/people.ts';

async function start(t: TestContext) {
  const started = await startKms(t);
  const { c } = started;
  const { cloud } = c.running;
  await cloud.registry.service('sqs')?.load();
  const region = 'us-east-1' as Region;
  const account = c.account as AccountId;
  const sealer = createSealer(readMasterKeys(join(c.data, '..', 'master-key.json')));
  const pages = { seal: () => '', open: () => '' };
  const isAccount = (id: AccountId) => cloud.identity.isAccount(id);
  const principals = createPrincipalDirectory(cloud.store, isAccount);
  const parts = kmsParts({ store: cloud.store, sealer, pages, regions: [region], isAccount, principals });
  return {
    ...started,
    envelopes: envelopes(parts),
    /** A call of SQS's, as it would have it from this user. */
    sqsCall(credentials: Credentials): LiveCall {
      const now = cloud.clock.now();
      const { principal } = cloud.identity.credential(credentials.accessKeyId, undefined, now);
      const operation = present(cloud.registry.service('sqs')?.operation('SendMessage'), 'SQS has it');
      const caller = {
        principal,
        accessKeyId: undefined,
        sourceAddress: '',
        userAgent: '',
        isSecure: false,
        calledVia: [],
      };
      const requestId = newRequestId();
      const invocation = {
        operation,
        input: {},
        caller,
        region,
        requestId,
        origin: '',
        signal: c.running.cloud.stopping,
      };
      const partition = cloud.store.partition({ service: 'sqs', account, region });
      return new LiveCall(cloud, invocation, { account, region, partition, now }, invokeFor);
    },
  };
}

const denied = { code: 'AccessDenied' };
const context = { 'aws:sqs:arn': 'arn:aws:sqs:us-east-1:123456789012:jobs' };

test('the service’s own key is made when it is needed, and works through the service alone', async (t) => {
  const { c, kms, envelopes: sealed, sqsCall } = await start(t);
  const key = { keyId: 'alias/aws/sqs', context, reuseMilliseconds: 0 };
  const user = await newUser(c, 'alice');
  // "for all principals in the account that are authorized to use SQS": no right of KMS's is needed.
  const call = sqsCall(user.credentials);
  const envelope = await sealed.seal(call, key, text('body'), 'message 1');
  assert.equal((await sealed.open(call, key, envelope, 'message 1')).toString(), 'body');
  await assert.rejects(sealed.open(call, key, envelope, 'message 2'), { code: 'InvalidCiphertextException' });
  await assert.rejects(sealed.open(call, { ...key, context: {} }, envelope, 'message 1'), {
    code: 'InvalidCiphertextException',
  });
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/sqs' }));
  assert.equal(await sealed.keyArn(call, 'alias/aws/sqs'), KeyMetadata?.Arn);
});

test('a key of one’s own wants the caller’s right, and may want the service', async (t) => {
  const { c, kms, key, envelopes: sealed, sqsCall } = await start(t);
  const { id, arn } = await key();
  const user = await newUser(c, 'alice');
  const own = { keyId: id, context, reuseMilliseconds: 0 };
  await assert.rejects(sealed.seal(sqsCall(user.credentials), own, text('x'), ''), denied);
  const Condition = {
    StringEquals: {
      'kms:ViaService': 'sqs.us-east-1.amazonaws.com',
      'kms:EncryptionContext:aws:sqs:arn': context['aws:sqs:arn'],
    },
  };
  await user.allow({ Effect: 'Allow', Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: arn, Condition });
  const envelope = await sealed.seal(sqsCall(user.credentials), own, text('x'), '');
  await sealed.open(sqsCall(user.credentials), own, envelope, '');
  await assert.rejects(sealed.seal(sqsCall(user.credentials), { ...own, context: {} }, text('x'), ''), denied);
  assert.ok(kms);
});

test('a data key is used again by the same principal, for as long as it may be', async (t) => {
  const { c, kms, key, envelopes: sealed, sqsCall } = await start(t);
  const { id, arn } = await key();
  const [alice, bob] = [await newUser(c, 'alice'), await newUser(c, 'bob')];
  const rights = { Effect: 'Allow', Action: 'kms:*', Resource: arn };
  await alice.allow(rights);
  await bob.allow(rights);
  const own = { keyId: id, context, reuseMilliseconds: minutes(5) };
  const seal = async (user = alice) => {
    const { dataKey } = await sealed.seal(sqsCall(user.credentials), own, text('x'), '');
    return Buffer.from(dataKey).toString('base64');
  };
  const first = await seal();
  assert.equal(await seal(), first);
  assert.notEqual(await seal(bob), first);
  const envelope = await sealed.seal(sqsCall(alice.credentials), own, text('x'), '');
  const open = () => sealed.open(sqsCall(alice.credentials), own, envelope, '');
  await open();
  // Nobody may any more; alice goes on until her time is over.
  const Statement = { Effect: 'Allow', Principal: { AWS: c.account }, Action: 'kms:PutKeyPolicy', Resource: '*' };
  await kms.send(new PutKeyPolicyCommand({ KeyId: id, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
  assert.equal(await seal(), first);
  await open();
  c.advance(minutes(5));
  await assert.rejects(seal(), denied);
  await assert.rejects(open(), denied);
});
