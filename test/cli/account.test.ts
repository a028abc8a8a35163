/** Accounts by the command line, with ids and keys that scripts written for emulators expect. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
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
