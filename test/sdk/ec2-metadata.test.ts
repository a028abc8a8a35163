/** The instance metadata service, asked as a guest would, over a connection in memory. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createVerify, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  CreateTagsCommand,
  EC2Client,
  ImportKeyPairCommand,
  ModifyInstanceMetadataOptionsCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { hours, seconds } from '#platform/base/clock.ts';
import { askMetadata } from '#test/sdk/ask-metadata.ts';
import { cloudWithHost, untilState } from '#test/sdk/ec2-host.ts';
import { refusal } from '#test/sdk/refusals.ts';

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEpXXBAXwmW1hWaMLmHhmRVHJJ2n6kzNe9oPG5d8Mz2D me@here';

async function launched(t: TestContext, input: Partial<RunInstancesCommandInput> = {}) {
  const setting = await cloudWithHost(t);
  const { ec2, host, image } = setting;
  await ec2.send(new ImportKeyPairCommand({ KeyName: 'mine', PublicKeyMaterial: Buffer.from(PUBLIC_KEY) }));
  const made = await ec2.send(
    new RunInstancesCommand({
      ImageId: image,
      InstanceType: 't3.micro',
      KeyName: 'mine',
      MinCount: 1,
      MaxCount: 1,
      MetadataOptions: { HttpTokens: 'optional' },
      ...input,
    }),
  );
  const instance = await untilState(ec2, made.Instances?.[0]?.InstanceId ?? '', 'running');
  return { ...setting, instance, get: askMetadata(host, instance) };
}

test('an instance is told what it is', async (t) => {
  const { instance, get, c } = await launched(t, {
    UserData: Buffer.from('#!/bin/sh\necho hello\n').toString('base64'),
  });
  const texts: Readonly<Record<string, string | undefined>> = {
    'ami-id': instance.ImageId,
    'ami-launch-index': '0',
    'block-device-mapping/root': '/dev/xvda',
    hostname: instance.PrivateDnsName,
    'instance-action': 'none',
    'instance-id': instance.InstanceId,
    'instance-life-cycle': 'on-demand',
    'instance-type': 't3.micro',
    'local-ipv4': instance.PrivateIpAddress,
    mac: instance.NetworkInterfaces?.[0]?.MacAddress,
    'placement/availability-zone': instance.Placement?.AvailabilityZone,
    'placement/region': 'us-east-1',
    'public-ipv4': instance.PublicIpAddress,
    'public-hostname': instance.PublicDnsName,
    'public-keys/': '0=mine',
    'public-keys/0/openssh-key': `${PUBLIC_KEY.split(' ').slice(0, 2).join(' ')} mine`,
    'security-groups': 'default',
    'services/domain': 'amazonaws.com',
  };
  for (const [path, text] of Object.entries(texts)) {
    const { status, body } = await get(`/latest/meta-data/${path}`);
    assert.deepEqual([path, status, body], [path, 200, text]);
  }
  const mac = instance.NetworkInterfaces?.[0]?.MacAddress;
  const nic = await get(`/2021-03-23/meta-data/network/interfaces/macs/${mac}/`);
  assert.match(nic.body, /^device-number\ninterface-id\nipv4-associations\/\nlocal-hostname\n/);
  assert.equal((await get(`/latest/meta-data/network/interfaces/macs/${mac}/owner-id`)).body, c.account);
  assert.equal(
    (await get(`/latest/meta-data/network/interfaces/macs/${mac}/vpc-ipv4-cidr-block`)).body,
    '172.31.0.0/16',
  );
  assert.match((await get('/')).body, /^1\.0\n2007-01-19\n[\s\S]+\nlatest$/);
  assert.equal((await get('/latest')).body, 'dynamic\nmeta-data\nuser-data');
  assert.match((await get('/latest/meta-data')).body, /^ami-id\n[\s\S]*\nblock-device-mapping\/\n/);
  const data = await get('/latest/user-data');
  assert.equal(data.body, '#!/bin/sh\necho hello\n');
  assert.match(data.head, /\r\nContent-Type: text\/plain\r\n/);
});

test('what is not there is not found, and nobody else is told anything', async (t) => {
  const { get } = await launched(t);
  for (const path of [
    '/latest/user-data',
    '/latest/meta-data/nothing',
    '/1999-01-01/meta-data/',
    '/latest/meta-data/iam/info',
    '/latest/meta-data/__proto__',
  ]) {
    assert.deepEqual([path, (await get(path)).status], [path, 404]);
  }
  assert.equal((await get('/latest/meta-data/instance-id', { source: '172.31.255.250' })).status, 404);
  assert.equal((await get('/latest/meta-data/', { method: 'POST' })).status, 405);
});

test('a token opens what is told, for as long as it says, to its instance alone', async (t) => {
  const { c, host, ec2, image, instance, get } = await launched(t);
  const id = instance.InstanceId ?? '';
  const ttl = 'X-aws-ec2-metadata-token-ttl-seconds';
  const put = (headers: Record<string, string>) => get('/latest/api/token', { method: 'PUT', headers });
  const token = await put({ [ttl]: '60' });
  assert.equal(token.status, 200);
  assert.match(token.head, new RegExp(`\r\n${ttl}: 60$`));
  for (const wrong of ['0', '21601', 'x', '']) assert.equal((await put({ [ttl]: wrong })).status, 400);
  assert.equal((await put({})).status, 400);
  assert.equal((await put({ [ttl]: '60', 'X-Forwarded-For': '203.0.113.5' })).status, 403);
  assert.equal((await get('/latest/api/token')).status, 405);

  await ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: id, HttpTokens: 'required' }));
  const refused = await get('/latest/meta-data/instance-id');
  assert.equal(refused.status, 401);
  assert.match(refused.body, /401 - Unauthorized/);
  const with_ = (given: string) =>
    get('/latest/meta-data/instance-id', { headers: { 'X-aws-ec2-metadata-token': given } });
  assert.equal((await with_(token.body)).body, id);
  assert.equal((await with_(`${token.body.slice(0, -4)}AAAA`)).status, 401);
  const other = await ec2.send(new RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount: 1 }));
  const neighbour = await untilState(ec2, other.Instances?.[0]?.InstanceId ?? '', 'running');
  const asked = askMetadata(host, neighbour)('/latest/meta-data/', {
    headers: { 'X-aws-ec2-metadata-token': token.body },
  });
  assert.equal((await asked).status, 401);
  c.advance(seconds(61));
  assert.equal((await with_(token.body)).status, 401);
  await ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: id, HttpEndpoint: 'disabled' }));
  assert.equal((await put({ [ttl]: '60' })).status, 403);
});

test('tags are told if the instance is to know them', async (t) => {
  const { ec2, instance, get } = await launched(t);
  const id = instance.InstanceId ?? '';
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'Name', Value: 'web' }] }));
  assert.equal((await get('/latest/meta-data/tags/instance/Name')).status, 404);
  await ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: id, InstanceMetadataTags: 'enabled' }));
  assert.equal((await get('/latest/meta-data/tags/instance/')).body, 'Name');
  assert.equal((await get('/latest/meta-data/tags/instance/Name')).body, 'web');
});

test('what is no request, or too long a one, ends the connection', async (t) => {
  const { get } = await launched(t);
  const wrong = [
    'hello\r\n\r\n',
    'GET /latest HTTP/1.1\r\nHost : x\r\n\r\n',
    'GET /latest HTTP/1.1\r\nA: 1\r\nA: 2\r\n\r\n',
    'PUT /latest/api/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'PUT /latest/api/token HTTP/1.1\r\nContent-Length: 99999\r\n\r\n',
  ];
  for (const bytes of wrong) assert.equal((await get('', { bytes })).status, 400, bytes);
  assert.equal((await get('', { bytes: `GET /${'x'.repeat(20_000)}` })).head, '');
});

test('the identity document is signed by a key whose certificate anybody can read', async (t) => {
  const { c, instance, get } = await launched(t);
  const document = (await get('/latest/dynamic/instance-identity/document')).body;
  const read = JSON.parse(document) as Record<string, unknown>;
  assert.deepEqual(
    [read['accountId'], read['instanceId'], read['privateIp'], read['region'], read['version']],
    [c.account, instance.InstanceId, instance.PrivateIpAddress, 'us-east-1', '2017-09-30'],
  );
  const pem = await (await fetch(`${c.url}/~ec2/identity/us-east-1.pem`)).text();
  const certificate = new X509Certificate(pem);
  assert.ok(certificate.verify(certificate.publicKey));
  const signature = (await get('/latest/dynamic/instance-identity/signature')).body;
  const isGood = (text: string) =>
    createVerify('sha256').update(text).verify(certificate.publicKey, Buffer.from(signature, 'base64'));
  assert.ok(isGood(document));
  assert.ok(!isGood(document.replace('t3.micro', 't3.large')));

  // As the user guide has it verified.
  const folder = mkdtempSync(join(tmpdir(), 'makonis-identity-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [message, authority] = [join(folder, 'rsa2048'), join(folder, 'certificate')];
  const signed = (await get('/latest/dynamic/instance-identity/rsa2048')).body;
  writeFileSync(message, `-----BEGIN PKCS7-----\n${signed}\n-----END PKCS7-----\n`);
  writeFileSync(authority, pem);
  const args = ['smime', '-verify', '-in', message, '-inform', 'PEM', '-certfile', authority, '-noverify'];
  assert.equal(execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString(), document);
});

test('credentials of the role work against the API, say how they were had, and are renewed', async (t) => {
  const setting = await cloudWithHost(t);
  const { c, ec2, host, image } = setting;
  const iam = c.client(IAMClient);
  const trust = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await iam.send(new CreateRoleCommand({ RoleName: 'web', AssumeRolePolicyDocument }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'web' }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'web', RoleName: 'web' }));
  // Only what came by version 2 may tag.
  const Statement = [
    {
      Effect: 'Allow',
      Action: 'ec2:CreateTags',
      Resource: '*',
      Condition: {
        NumericEquals: { 'ec2:RoleDelivery': '2.0' },
        ArnLike: { 'ec2:SourceInstanceARN': 'arn:aws:ec2:*:*:instance/*' },
      },
    },
  ];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'web', PolicyName: 'own', PolicyDocument }));
  const made = await ec2.send(
    new RunInstancesCommand({
      ImageId: image,
      MinCount: 1,
      MaxCount: 1,
      IamInstanceProfile: { Name: 'web' },
      MetadataOptions: { HttpTokens: 'optional' },
    }),
  );
  const instance = await untilState(ec2, made.Instances?.[0]?.InstanceId ?? '', 'running');
  const id = instance.InstanceId ?? '';
  const get = askMetadata(host, instance);
  const info = JSON.parse((await get('/latest/meta-data/iam/info')).body) as Record<string, string>;
  assert.deepEqual([info['Code'], info['InstanceProfileArn']], ['Success', instance.IamInstanceProfile?.Arn]);
  assert.equal((await get('/latest/meta-data/iam/security-credentials/')).body, 'web');
  const path = '/latest/meta-data/iam/security-credentials/web';
  const keys = async (headers: Record<string, string> = {}) => {
    const { body } = await get(path, { headers });
    const found = JSON.parse(body) as Record<string, string>;
    const { AccessKeyId = '', SecretAccessKey = '', Token = '' } = found;
    return { found, credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token } };
  };
  const first = await keys();
  assert.match(first.credentials.accessKeyId, /^ASIA/);
  const who = await c.client(STSClient, { credentials: first.credentials }).send(new GetCallerIdentityCommand());
  assert.equal(who.Arn, `arn:aws:sts::${c.account}:assumed-role/web/${id}`);
  const tag = new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'By', Value: 'itself' }] });
  const old = c.client(EC2Client, { credentials: first.credentials }).send(tag);
  await assert.rejects(old, refusal('UnauthorizedOperation'));
  const token = await get('/latest/api/token', {
    method: 'PUT',
    headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' },
  });
  const second = await keys({ 'X-aws-ec2-metadata-token': token.body });
  await c.client(EC2Client, { credentials: second.credentials }).send(tag);
  assert.equal((await keys()).credentials.accessKeyId, first.credentials.accessKeyId);
  c.advance(hours(1) + 1);
  assert.notEqual((await keys()).credentials.accessKeyId, first.credentials.accessKeyId);
});
