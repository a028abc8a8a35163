/** The same cloud over TLS: HTTP/1.1 by AWS's SDK, HTTP/2 by Node's client, with the authority that the cloud made. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Draft } from '#test/protocol/sigv4-signing.fixture.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { jsonDraft, signedRequest } from '#test/sdk/raw-request.ts';

const settings = (c: TestCloud) => ({
  endpoint: c.url,
  region: 'us-east-1',
  credentials: c.administrator,
  maxAttempts: 1,
  requestHandler: { httpsAgent: new Agent({ ca: readFileSync(c.authorityFile) }) },
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function ask(c: TestCloud, session: ClientHttp2Session, draft: Draft): Promise<Answer> {
  const { method, path, headers, body } = await signedRequest(c, draft);
  const { host = '', ...others } = headers;
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': method, ':path': path, ':authority': host, ...others });
    let status = 0;
    let text = '';
    stream.on('response', (head) => {
      status = Number(head[':status']);
    });
    stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    stream.on('end', () => resolve({ status, body: text }));
    stream.on('error', reject);
    stream.end(body);
  });
}

test('AWS’s SDK speaks TLS with the cloud’s own authority, and to nobody it does not trust', async (t) => {
  const c = await cloud(t, { tls: true });
  assert.match(c.url, /^https:/);
  const sts = new STSClient(settings(c));
  t.after(() => sts.destroy());
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Account, c.account);
  const sqs = new SQSClient(settings(c));
  t.after(() => sqs.destroy());
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  assert.match(QueueUrl, /^https:/);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
  assert.equal((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body, 'hello');
  await assert.rejects(c.client(STSClient).send(new GetCallerIdentityCommand({})), /certificate/);
  const partition = { service: 'sts', account: c.account as AccountId, region: 'us-east-1' as Region };
  const [record] = c.running.cloud.store.partition(partition).read(waitingRecords);
  const { tlsVersion, cipherSuite = '', clientProvidedHostHeader } = record?.tlsDetails ?? {};
  assert.deepEqual([tlsVersion, clientProvidedHostHeader], ['TLSv1.3', `localhost:${c.port}`]);
  assert.match(cipherSuite, /^TLS_/);
});

test('HTTP/2 carries many signed requests on one connection, long polls among them', async (t) => {
  const c = await cloud(t, { tls: true });
  const session = connect(`https://localhost:${c.port}`, { ca: readFileSync(c.authorityFile) });
  t.after(() => session.destroy());
  const made = await ask(c, session, jsonDraft('CreateQueue', { QueueName: 'orders' }));
  assert.equal(made.status, 200, made.body);
  const { QueueUrl } = JSON.parse(made.body);
  const polls = Array.from({ length: 50 }, () =>
    ask(c, session, jsonDraft('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 })),
  );
  const sends = Array.from({ length: 50 }, (_, i) =>
    ask(c, session, jsonDraft('SendMessage', { QueueUrl, MessageBody: `m${i}` })),
  );
  for (const sent of await Promise.all(sends)) assert.equal(sent.status, 200, sent.body);
  const bodies = (await Promise.all(polls)).map(({ body }) => JSON.parse(body).Messages[0].Body as string);
  assert.equal(new Set(bodies).size, 50);
  const refused = await ask(c, session, { ...jsonDraft('SendMessage', { QueueUrl }), headers: {} });
  assert.ok(refused.status >= 400 && refused.status < 500);
  const forged = await signedRequest(c, jsonDraft('ListQueues', {}), {
    credential: { ...c.administrator, secretAccessKey: 'x'.repeat(40) },
  });
  const { host = '', ...others } = forged.headers;
  const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': host, ...others });
  stream.end(forged.body);
  const status = await new Promise((resolve) => stream.on('response', (head) => resolve(head[':status'])));
  assert.equal(status, 403);
});
