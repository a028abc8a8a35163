/** The tour of README.md with AWS's own clients, aws-cli 1 and boto3, by what `makonis env` says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { program } from '#test/cli/makonis.ts';

test('aws-cli 1: by settings and by profile', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const settings = await p.settings();
  const url = settings['AWS_ENDPOINT_URL'] ?? '';
  const aws = async (...args: string[]) => {
    const { code, out, err } = await p.exec('aws', ['--endpoint-url', url, ...args], settings);
    assert.equal(code, 0, err);
    return out === '' ? {} : JSON.parse(out);
  };
  const { QueueUrl } = await aws('sqs', 'create-queue', '--queue-name', 'first');
  await aws('sqs', 'send-message', '--queue-url', QueueUrl, '--message-body', 'hello');
  const { Messages } = await aws('sqs', 'receive-message', '--queue-url', QueueUrl);
  assert.equal(Messages[0].Body, 'hello');

  // With no wildcard in its DNS.
  assert.equal((await aws('s3api', 'create-bucket', '--bucket', 'books')).Location, '/books');
  assert.deepEqual((await aws('s3api', 'list-objects-v2', '--bucket', 'books')).Contents, undefined);

  assert.equal((await p.run('env', '--profile')).code, 0);
  assert.equal((await p.run('env', '--profile', 'other')).code, 0);
  assert.equal((await p.run('env', '--profile')).code, 0);
  const credentials = readFileSync(join(p.home, '.aws/credentials'), 'utf8');
  assert.deepEqual(credentials.match(/^\[.*\]$/gm), ['[other]', '[makonis]']);
  const { code, out, err } = await p.exec('aws', ['--profile', 'makonis', 'sts', 'get-caller-identity']);
  assert.equal(code, 0, err);
  assert.match(JSON.parse(out).Arn, /:user\/administrator$/);
});

const TOUR = `
import boto3, json
from botocore.exceptions import ClientError
iam, sqs = boto3.client('iam'), boto3.client('sqs')
url = sqs.create_queue(QueueName='orders')['QueueUrl']
iam.create_user(UserName='ann')
key = iam.create_access_key(UserName='ann')['AccessKey']
ann = boto3.client('sqs', aws_access_key_id=key['AccessKeyId'], aws_secret_access_key=key['SecretAccessKey'])
try:
    ann.send_message(QueueUrl=url, MessageBody='hello')
    print('allowed')
except ClientError as error:
    print(error.response['Error']['Code'], error.response['Error']['Message'])
policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sqs:SendMessage', 'Resource': '*'}]}
iam.put_user_policy(UserName='ann', PolicyName='send', PolicyDocument=json.dumps(policy))
ann.send_message(QueueUrl=url, MessageBody='hello')
print(sqs.receive_message(QueueUrl=url)['Messages'][0]['Body'])
`;

test('boto3: a new user is denied, then allowed by a policy', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const { code, out, err } = await p.exec('python3', ['-c', TOUR], await p.settings());
  assert.equal(code, 0, err);
  const [denied = '', received] = out.trim().split('\n');
  assert.match(
    denied,
    /^AccessDenied.* User: arn:aws:iam::\d{12}:user\/ann is not authorized to perform: sqs:sendmessage/i,
  );
  assert.match(denied, /because no identity-based policy allows the sqs:sendmessage action/i);
  assert.equal(received, 'hello');
});
