/** EC2 Instance Connect: keys that are pushed to instances and to serial lines, by AWS's SDK. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CreateTagsCommand, EnableSerialConsoleAccessCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import {
  EC2InstanceConnectClient,
  SendSerialConsoleSSHPublicKeyCommand,
  SendSSHPublicKeyCommand,
  type SendSSHPublicKeyCommandInput,
} from '@aws-sdk/client-ec2-instance-connect';
import { minutes, seconds } from '#platform/base/clock.ts';
import { blobOf, openSshLine } from '#services/ec2/key-pairs/public-key.ts';
import { askMetadata } from '#test/sdk/ask-metadata.ts';
import { cloudWithHost, instanceOf, launchOne, pass, untilState } from '#test/sdk/ec2-host.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

function newKey(comment = 'me@here'): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  return openSshLine({ type: 'ed25519', blob: blobOf(publicKey) }, comment);
}

const withoutComment = (line: string): string => line.split(' ').slice(0, 2).join(' ');

async function launched(t: TestContext) {
  const setting = await cloudWithHost(t);
  const { c, ec2, host, image } = setting;
  const id = await launchOne(ec2, image, { MetadataOptions: { HttpTokens: 'optional' } });
  const instance = await instanceOf(ec2, id);
  const connect = c.client(EC2InstanceConnectClient);
  const push = (input: Partial<SendSSHPublicKeyCommandInput> = {}) =>
    connect.send(
      new SendSSHPublicKeyCommand({
        InstanceId: id,
        InstanceOSUser: 'ec2-user',
        SSHPublicKey: newKey(),
        ...input,
      }),
    );
  const get = askMetadata(host, instance);
  const KEYS = '/latest/meta-data/managed-ssh-keys/active-keys/';
  return {
    ...setting,
    id,
    instance,
    connect,
    push,
    get,
    keysOf: async (user: string) => (await get(KEYS + user)).body,
  };
}

test('a pushed key is told to the guest for a minute, for its user alone', async (t) => {
  const { c, ec2, id, instance, push, get, keysOf } = await launched(t);
  assert.equal((await get('/latest/meta-data/managed-ssh-keys/active-keys/ec2-user')).status, 404);
  const [first, second] = [newKey(), newKey()];
  const { Success, RequestId } = await push({
    SSHPublicKey: first,
    AvailabilityZone: instance.Placement?.AvailabilityZone,
  });
  assert.equal(Success, true);
  const told = await keysOf('ec2-user');
  assert.ok(told.split('\n').includes(withoutComment(first)), told);
  assert.ok(
    told.includes(`#Instance=${id}\n#Caller=arn:aws:iam::${c.account}:user/administrator\n#Request=${RequestId}\n`),
  );
  assert.equal((await get('/latest/meta-data/managed-ssh-keys/active-keys/root')).status, 404);
  assert.equal((await get('/latest/meta-data/managed-ssh-keys/active-keys/')).body, 'ec2-user');

  await pass(c, ec2, seconds(30));
  await push({ SSHPublicKey: second });
  await push({ SSHPublicKey: second, InstanceOSUser: 'root' });
  await pass(c, ec2, seconds(31));
  const later = await keysOf('ec2-user');
  assert.ok(!later.includes(withoutComment(first)) && later.includes(withoutComment(second)), later);
  await pass(c, ec2, minutes(1));
  assert.equal((await get('/latest/meta-data/managed-ssh-keys/active-keys/')).status, 404);
});

test('what can not be pushed, and where to', async (t) => {
  const { ec2, push, id, host, image } = await launched(t);
  const wrongKey = `ssh-ed25519 ${Buffer.alloc(60).toString('base64')}`;
  await assert.rejects(push({ SSHPublicKey: wrongKey }), refusal('InvalidArgsException', /SSH Public key is invalid/));
  await assert.rejects(
    push({ InstanceId: 'mi-0123456789abcdef0' }),
    refusal('InvalidArgsException', /1 validation error detected: Value 'mi-0123456789abcdef0' at 'instanceId'/),
  );
  await assert.rejects(push({ InstanceOSUser: 'no/user' }), refusal('InvalidArgsException'));
  await assert.rejects(push({ InstanceId: 'i-0123456789abcdef0' }), refusal('EC2InstanceNotFoundException'));
  await assert.rejects(push({ AvailabilityZone: 'eu-west-1a' }), refusal('EC2InstanceNotFoundException'));

  let start = (): void => {};
  host.machines.before = (step) => (step === 'start' ? new Promise((resolve) => (start = resolve)) : undefined);
  const young = await launchOne(ec2, image, {}, 'pending');
  await assert.rejects(push({ InstanceId: young }), refusal('EC2InstanceUnavailableException'));
  await until(() => host.machines.log.length > 0, 'a step');
  start();
  host.machines.before = () => {};

  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'stopped');
  await assert.rejects(push(), refusal('EC2InstanceStateInvalidException'));
});

test('an instance takes so many keys, and a caller so many calls', async (t) => {
  const { c, ec2, push } = await launched(t);
  for (let count = 0; count < 50; count++) {
    if (count % 10 === 0) c.advance(seconds(1));
    await push();
  }
  c.advance(seconds(2));
  await assert.rejects(push(), refusal('ThrottlingException'));
  await pass(c, ec2, minutes(1));
  await push();
});

test('who may push is a matter of the instance, its tags and the user of its guest', async (t) => {
  const { c, ec2, id } = await launched(t);
  const { credentials, allow } = await newUser(c, 'anna');
  const anna = c.client(EC2InstanceConnectClient, { credentials });
  const push = (user = 'ec2-user') =>
    anna.send(new SendSSHPublicKeyCommand({ InstanceId: id, InstanceOSUser: user, SSHPublicKey: newKey() }));
  const refused = refusal(
    'AccessDeniedException',
    /not authorized to perform: ec2-instance-connect:SendSSHPublicKey on resource: arn:aws:ec2:us-east-1:\d+:instance\/i-/,
  );
  await assert.rejects(push(), refused);
  const action = 'ec2-instance-connect:SendSSHPublicKey';
  const resource = `arn:aws:ec2:us-east-1:${c.account}:instance/${id}`;
  await allow({
    Effect: 'Allow',
    Action: action,
    Resource: resource,
    Condition: { StringEquals: { 'ec2:osuser': 'ec2-user' } },
  });
  await push();
  await assert.rejects(push('root'), refused);
  await allow({
    Effect: 'Allow',
    Action: action,
    Resource: '*',
    Condition: { StringEquals: { 'ec2:ResourceTag/team': 'blue', 'aws:ResourceTag/team': 'blue' } },
  });
  await assert.rejects(push(), refused);
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'team', Value: 'blue' }] }));
  await push('root');
});

test('the audit says who pushed a key, and where to', async (t) => {
  const { c, push, id } = await launched(t);
  await push();
  const trail = c.client(CloudTrailClient);
  const wanted = new LookupEventsCommand({
    LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'SendSSHPublicKey' }],
  });
  await until(async () => ((await trail.send(wanted)).Events ?? []).length > 0, 'the event');
  const [event] = (await trail.send(wanted)).Events ?? [];
  assert.equal(event?.EventSource, 'ec2-instance-connect.amazonaws.com');
  const { requestParameters } = JSON.parse(event?.CloudTrailEvent ?? '{}');
  assert.deepEqual([requestParameters.instanceId, requestParameters.instanceOSUser], [id, 'ec2-user']);
});

test('keys of serial lines, where the account has the serial console', async (t) => {
  const { ec2, connect, id, image, c } = await launched(t);
  const push = (InstanceId = id, SerialPort = 0) =>
    connect.send(new SendSerialConsoleSSHPublicKeyCommand({ InstanceId, SerialPort, SSHPublicKey: newKey() }));
  await assert.rejects(push(), refusal('SerialConsoleAccessDisabledException'));
  await ec2.send(new EnableSerialConsoleAccessCommand());
  assert.equal((await push()).Success, true);
  await assert.rejects(push(id, 1), refusal('InvalidArgsException'));
  await assert.rejects(push('i-0123456789abcdef0'), refusal('EC2InstanceNotFoundException'));
  const xen = await launchOne(ec2, image, { InstanceType: 't2.micro' });
  await assert.rejects(push(xen), refusal('EC2InstanceTypeInvalidException'));
  for (let count = 0; count < 49; count++) {
    if (count % 10 === 0) c.advance(seconds(1));
    await push();
  }
  c.advance(seconds(2));
  await assert.rejects(push(), refusal('ThrottlingException'));
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'stopped');
  await assert.rejects(push(), refusal('EC2InstanceStateInvalidException'));
  const { credentials } = await newUser(c, 'anna');
  const anna = c.client(EC2InstanceConnectClient, { credentials });
  const asAnna = new SendSerialConsoleSSHPublicKeyCommand({ InstanceId: id, SSHPublicKey: newKey() });
  await assert.rejects(anna.send(asAnna), refusal('AccessDeniedException'));
});
