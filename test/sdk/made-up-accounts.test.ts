/** Account ids are anybody's to make up: whatever names one that does not exist, no partition comes into being for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecryptCommand, EncryptCommand, KMSClient, ReEncryptCommand } from '@aws-sdk/client-kms';
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { startKms, text } from '#test/sdk/kms.ts';
import { newUser } from '#test/sdk/people.ts';

const NOWHERE = '999999999999';

test('an account that does not exist gets no partition, whoever names it', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { store } = c.running.cloud;
  const opened: string[] = [];
  const { partition } = store;
  t.mock.method(store, 'partition', (name: Parameters<typeof partition>[0]) => {
    opened.push(`${name.service}/${name.account}`);
    return partition.call(store, name);
  });
  const { id } = await key();
  const { CiphertextBlob = Buffer.alloc(0) } = await kms.send(new EncryptCommand({ KeyId: id, Plaintext: text('x') }));
  const foreign = Buffer.from(CiphertextBlob);
  foreign.write(NOWHERE, 2, 'hex');
  const SourceKeyId = `arn:aws:kms:us-east-1:${NOWHERE}:key/${id}`;
  const { credentials } = await newUser(c, 'stranger');
  for (const as of [credentials, c.administrator]) {
    const own = c.client(KMSClient, { credentials: as });
    for (const DestinationKeyId of [id, SourceKeyId]) {
      await assert.rejects(own.send(new ReEncryptCommand({ CiphertextBlob: foreign, DestinationKeyId })));
      await assert.rejects(own.send(new ReEncryptCommand({ CiphertextBlob, SourceKeyId, DestinationKeyId })));
    }
    await assert.rejects(own.send(new DecryptCommand({ CiphertextBlob: foreign })));
    const sqs = c.client(SQSClient, { credentials: as });
    const QueueUrl = `${c.url}/queue/us-east-1/${NOWHERE}/orders`;
    await assert.rejects(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })));
    await assert.rejects(sqs.send(new GetQueueUrlCommand({ QueueName: 'orders', QueueOwnerAWSAccountId: NOWHERE })));
    const client = c.client(sts.STSClient, { credentials: as });
    const RoleArn = `arn:aws:iam::${NOWHERE}:role/reader`;
    await assert.rejects(client.send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' })));
    const TaskPolicyArn = { arn: 'arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials' };
    await assert.rejects(client.send(new sts.AssumeRootCommand({ TargetPrincipal: NOWHERE, TaskPolicyArn })));
    const WebIdentityToken =
      'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EiLCJzdWIiOiJhIiwiYXVkIjoiYSIsImV4cCI6MSwiaWF0IjoxfQ.AA';
    const byToken = { RoleArn, RoleSessionName: 'session', WebIdentityToken };
    await assert.rejects(client.send(new sts.AssumeRoleWithWebIdentityCommand(byToken)));
  }
  await fetch(`${c.url}/~sts/issuers/${NOWHERE}/00000000-0000-4000-8000-000000000000/.well-known/jwks.json`);
  assert.deepEqual(
    opened.filter((name) => name.includes(NOWHERE)),
    [],
  );
});
