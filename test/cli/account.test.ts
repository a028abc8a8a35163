/** Accounts by the command line, with ids and keys that scripts written for emulators expect. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { program } from '#test/cli/makonis.ts';

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
