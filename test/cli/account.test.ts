/** Accounts by the command line, with ids and keys that scripts written for emulators expect; and what they may use. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  GetServiceQuotaCommand,
  RequestServiceQuotaIncreaseCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { program, ROOT } from '#test/cli/makonis.ts';

test('account create, list and key', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const chosen = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
  const keys = ['--access-key-id', chosen.accessKeyId, '--secret-access-key', chosen.secretAccessKey];
  const made = await p.run('account', 'create', '--json', '--id', '123456789012', '--name', 'tests', ...keys);
  assert.equal(made.code, 0, made.err);
  const account = JSON.parse(made.out);
  assert.deepEqual([account.id, account.name, account.administrator], ['123456789012', 'tests', chosen]);
  assert.match(account.root.accessKeyId, /^AKIA/);

  const again = await p.run('account', 'create', '--id', '123456789012');
  assert.equal(again.code, 1);
  assert.match(again.err, /^makonis: AccountAlreadyExistsException: /);
  const listed = JSON.parse((await p.run('account', 'list', '--json')).out);
  assert.ok(listed.some(({ id, name }: { id: string; name: string }) => id === '123456789012' && name === 'tests'));
  const another = JSON.parse((await p.run('account', 'key', '--json', '--id', '123456789012', '--owner', 'root')).out);

  for (const [credentials, arn] of [
    [chosen, 'arn:aws:iam::123456789012:user/administrator'],
    [account.root, 'arn:aws:iam::123456789012:root'],
    [another, 'arn:aws:iam::123456789012:root'],
  ] as const) {
    const client = new STSClient({ endpoint: p.state().url, region: 'eu-west-1', credentials });
    t.after(() => client.destroy());
    assert.equal((await client.send(new GetCallerIdentityCommand({}))).Arn, arn);
  }
});

test('quota list, approve, deny and set', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const client = new ServiceQuotasClient({ ...(await p.clientConfig()), region: 'eu-west-1' });
  t.after(() => client.destroy());
  const quota = { ServiceCode: 'sqs', QuotaCode: 'L-06F64E4D' };
  const value = async () => (await client.send(new GetServiceQuotaCommand(quota))).Quota?.Value;
  const ask = async (DesiredValue: number): Promise<string> => {
    const { RequestedQuota } = await client.send(new RequestServiceQuotaIncreaseCommand({ ...quota, DesiredValue }));
    return RequestedQuota?.Id ?? '';
  };
  const first = await ask(1000);
  const listed = await p.run('quota', 'list');
  assert.match(listed.out, new RegExp(`${first}.*eu-west-1.*sqs/L-06F64E4D.*1000`));
  assert.match((await p.run('quota', 'approve', '--request', first)).out, /APPROVED/);
  assert.equal(await value(), 1000);
  assert.match((await p.run('quota', 'deny', '--request', await ask(2000))).out, /NOT_APPROVED/);
  assert.match((await p.run('quota', 'deny', '--request', 'none')).err, /no request none is pending/);
  const account = JSON.parse((await p.run('account', 'list', '--json')).out)[0].id;
  const place = ['--id', account, '--region', 'eu-west-1', '--service', 'sqs', '--code', 'L-06F64E4D'];
  const set = await p.run('quota', 'set', ...place, '--value', '5000');
  assert.equal(set.code, 0, set.err);
  assert.equal(await value(), 5000);
  assert.match((await p.run('quota', 'set', ...place)).err, /--value is missing/);
  assert.match((await p.run('quota', 'set', ...place, '--value', 'x')).err, /"x" is no number/);
});

test('account password sets that of the root user, and never shows it', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const { id } = JSON.parse((await p.run('account', 'create', '--json')).out);
  const set = (password: string) =>
    p.exec('sh', [
      '-c',
      `printf '%s\\n' '${password}' | ${ROOT}/bin/makonis account password --id ${id} --data ${p.data}`,
    ]);
  const weak = await set('weak');
  assert.equal(weak.code, 1);
  assert.match(weak.err, /PasswordPolicyViolation/);
  const done = await set('Correct-Horse-1');
  assert.deepEqual([done.code, done.out], [0, `the root user of ${id} signs in with it from now on\n`], done.err);
  const answer = await fetch(p.state().url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'Makonis.SignIn' },
    body: JSON.stringify({ Account: id, Password: 'Correct-Horse-1' }),
  });
  const { Arn } = (await answer.json()) as { Arn: string };
  assert.equal(Arn, `arn:aws:iam::${id}:root`);
});

test('issuer put, list and delete', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = join(p.home, 'jwks.json');
  writeFileSync(file, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] }));
  const url = 'https://issuer.example/tenant';
  const put = await p.run('issuer', 'put', '--url', url, '--keys', file);
  assert.deepEqual([put.code, put.out], [0, `${url}: 1 keys\n`], put.err);
  const [listed] = JSON.parse((await p.run('issuer', 'list', '--json')).out);
  assert.deepEqual([listed.Issuer, listed.KeyIds], [url, ['one']]);
  assert.equal((await p.run('issuer', 'delete', '--url', url)).code, 0);
  assert.match((await p.run('issuer', 'delete', '--url', url)).err, /^makonis: NoSuchResourceException: /);
  assert.match((await p.run('issuer', 'put', '--url', url, '--keys', '/nowhere')).err, /^makonis: --keys: ENOENT/);
});
