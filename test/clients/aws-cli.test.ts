/** The README's first steps by AWS's command line, as a user types them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Client, commandLine, type Texts, testClients } from '#test/clients/command-line.ts';
import { document } from '#test/policy-document.ts';

/** Since 1.29 and 2.13 the endpoint may stand in the profile (and, but for sqs in version 1, in the environment). */
const readsEndpoint = ({ version: [major, minor] }: Client): boolean => minor >= (major === 1 ? 29 : 13);

async function useQueues(t: TestContext, client: Client): Promise<void> {
  const { cli } = await commandLine(t, client);
  const { QueueUrl: url = '' } = await cli('sqs create-queue --queue-name orders --tags team=blue');
  const sent = await cli(`sqs send-message --queue-url ${url} --message-body hello`);
  const { Messages } = await cli<{ Messages?: Texts[] }>(
    `sqs receive-message --queue-url ${url} --wait-time-seconds 5`,
  );
  const [message = {}] = Messages ?? [];
  assert.deepEqual([message['Body'], message['MessageId']], ['hello', sent['MessageId']]);
  await cli(`sqs delete-message --queue-url ${url} --receipt-handle ${message['ReceiptHandle']}`);
  const { Attributes } = await cli<{ Attributes?: Texts }>(
    `sqs get-queue-attributes --queue-url ${url} --attribute-names All`,
  );
  assert.equal(Attributes?.['ApproximateNumberOfMessages'], '0');
  const tagged = await cli<{ ResourceTagMappingList: { Tags: Texts[] }[] }>('resourcegroupstaggingapi get-resources');
  assert.deepEqual(tagged.ResourceTagMappingList[0]?.Tags, [{ Key: 'team', Value: 'blue' }]);
  const fifo = await cli('sqs create-queue --queue-name orders.fifo --attributes FifoQueue=true');
  const group = `--message-group-id g --message-deduplication-id`;
  for (const id of ['1', '2', '1']) {
    await cli(`sqs send-message --queue-url ${fifo['QueueUrl']} --message-body m${id} ${group} ${id}`);
  }
  const received = await cli<{ Messages?: Texts[] }>(
    `sqs receive-message --queue-url ${fifo['QueueUrl']} --max-number-of-messages 10`,
  );
  assert.deepEqual(
    received.Messages?.map((each) => each['Body']),
    ['m1', 'm2'],
  );
  const quotas = await cli<{ Quotas: Texts[] }>('service-quotas list-service-quotas --service-code sqs');
  assert.ok(quotas.Quotas.length > 0);
}

async function beAllowed(t: TestContext, client: Client): Promise<void> {
  const { c, cli, refused, newUser, session, plain } = await commandLine(t, client);
  await newUser('bob');
  const identity = await cli('sts get-caller-identity', { as: 'bob' });
  assert.equal(identity['Arn'], `arn:aws:iam::${c.account}:user/bob`);
  const message = await refused('sqs list-queues', 'bob');
  assert.match(
    message,
    /AccessDenied\) when calling the ListQueues operation: User: arn:aws:iam::\d+:user\/bob is not/,
  );
  await cli('iam attach-user-policy --user-name bob --policy-arn arn:aws:iam::aws:policy/AmazonSQSFullAccess');
  await cli('sqs list-queues', { as: 'bob' });
  const trust = document({ Effect: 'Allow', Principal: { AWS: c.account }, Action: 'sts:AssumeRole' });
  const { Role: role } = await cli<{ Role?: Texts }>(
    `iam create-role --role-name reader --assume-role-policy-document ${trust}`,
  );
  const assume = `sts assume-role --role-arn ${role?.['Arn']} --role-session-name tour`;
  session('reader', (await cli<{ Credentials?: Texts }>(assume)).Credentials);
  if (!readsEndpoint(client)) return;
  // By the profile alone, without --endpoint-url.
  const { code, stdout, stderr } = await plain(['--profile', 'reader', 'sts', 'get-caller-identity']);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).Arn, `arn:aws:sts::${c.account}:assumed-role/reader/tour`);
}

async function readHistory(t: TestContext, client: Client): Promise<void> {
  const { cli, refused } = await commandLine(t, client);
  await cli('sqs create-queue --queue-name orders');
  const { Events } = await cli<{ Events: Texts[] }>(
    'cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=orders',
  );
  assert.deepEqual(
    Events.map(({ EventName, Username }) => [EventName, Username]),
    [['CreateQueue', 'administrator']],
  );
  const { trailList } = await cli<{ trailList: Texts[] }>('cloudtrail describe-trails');
  assert.deepEqual(trailList, []);
  const said = await refused('cloudtrail create-trail --name audit --s3-bucket-name logs', 'admin');
  assert.match(said, /S3BucketDoesNotExistException.*S3 bucket logs does not exist!/);
}

async function useKeys(t: TestContext, client: Client): Promise<void> {
  const { c, cli, refused, newUser, file } = await commandLine(t, client);
  const { KeyMetadata: key } = await cli<{ KeyMetadata?: Texts }>('kms create-key --description orders');
  await cli(`kms create-alias --alias-name alias/orders --target-key-id ${key?.['KeyId']}`);
  const plain = file('order.txt', 'secret');
  const { CiphertextBlob: blob } = await cli(
    `kms encrypt --key-id alias/orders --plaintext fileb://${plain} --encryption-context tenant=blue`,
  );
  const sealed = file('order.enc', Buffer.from(blob ?? '', 'base64'));
  const decrypt = `kms decrypt --ciphertext-blob fileb://${sealed} --encryption-context tenant=blue`;
  assert.equal((await cli(decrypt))['KeyId'], key?.['Arn']);
  await newUser('ann');
  assert.match(await refused(decrypt, 'ann'), /AccessDeniedException/);
  const grantee = `arn:aws:iam::${c.account}:user/ann`;
  const constraints = JSON.stringify({ EncryptionContextSubset: { tenant: 'blue' } });
  await cli(
    `kms create-grant --key-id ${key?.['KeyId']} --grantee-principal ${grantee} --operations Decrypt --constraints ${constraints}`,
  );
  assert.equal((await cli(decrypt, { as: 'ann' }))['Plaintext'], 'c2VjcmV0');
  const create = 'sqs create-queue --queue-name sealed --attributes KmsMasterKeyId=alias/orders';
  const { QueueUrl: url = '' } = await cli(create);
  await cli(`sqs send-message --queue-url ${url} --message-body hello`);
  await cli('iam attach-user-policy --user-name ann --policy-arn arn:aws:iam::aws:policy/AmazonSQSFullAccess');
  const receive = `sqs receive-message --queue-url ${url}`;
  assert.match(await refused(receive, 'ann'), /KMS\.AccessDeniedException|KmsAccessDenied/);
  const { Messages } = await cli<{ Messages?: Texts[] }>(receive);
  assert.equal(Messages?.[0]?.['Body'], 'hello');
}

testClients('queues: make, send, receive, delete, tag, FIFO', useQueues);
testClients('keys: encrypt, let another decrypt by a grant, seal a queue', useKeys);
testClients('a new user is refused until a policy allows it; a role is assumed', beAllowed);
testClients('the event history: who did what', readHistory);
