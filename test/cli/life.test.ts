/** The life of a cloud as its owner sees it: up, status, down, and all that can be in the way. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { isAlive } from '#cli/run-state.ts';
import { type Program, program, ROOT } from '#test/cli/makonis.ts';

const isRoot = process.getuid?.() === 0;

async function identity(p: Program): Promise<string> {
  const client = new STSClient(await p.clientConfig());
  try {
    return (await client.send(new GetCallerIdentityCommand({}))).Arn ?? '';
  } finally {
    client.destroy();
  }
}

test('up, status, a call, down, and up again on the same data', async (t) => {
  const p = program(t);
  const before = await p.run('status', '--json');
  assert.deepEqual([before.code, JSON.parse(before.out)], [1, { ready: false, pids: [], data: p.data }]);
  const up = await p.run('up', '--detach', '--port', '0');
  assert.equal(up.code, 0, up.err);
  const { pids, port, url } = p.state();
  const status = await p.run('status', '--json');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const expected = { ready: true, pids, url, port, version, data: p.data };
  assert.deepEqual([status.code, JSON.parse(status.out)], [0, expected]);
  const arn = await identity(p);
  assert.match(arn, /^arn:aws:iam::\d{12}:user\/administrator$/);

  const { AWS_SECRET_ACCESS_KEY: secret = '' } = await p.settings();
  assert.ok(secret.length >= 40);
  assert.ok(up.out.includes(secret), 'who starts the cloud is told how to use it');
  for (const file of ['run/state.json', 'log/makonis.log', 'log/errors.log']) {
    assert.ok(!readFileSync(join(p.data, file), 'utf8').includes(secret), `the secret is not to be read in ${file}`);
  }
  assert.equal((await p.run('down')).code, 0);
  assert.ok(!pids.some(isAlive));
  assert.match((await p.run('down')).out, /^no cloud runs on/);
  assert.match((await p.run('env')).err, /no cloud runs on .* Start it: makonis up --detach/);

  assert.equal((await p.run('up', '--detach', '--port', '0')).code, 0);
  assert.equal(await identity(p), arn);
});

test('kill -9 is no reason not to start again', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const arn = await identity(p);
  const [pid = 0] = p.state().pids;
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await p.run('version');
  assert.equal((await p.run('status')).code, 1);
  const up = await p.run('up', '--detach', '--port', '0');
  assert.equal(up.code, 0, up.err);
  assert.equal(await identity(p), arn);
});

test('what is in the way is said in one line', async (t) => {
  const p = program(t);
  assert.equal((await p.run('up', '--detach', '--port', '0')).code, 0);
  const [pid = 0] = p.state().pids;
  for (const how of [[], ['--detach']]) {
    const second = await p.run('up', '--port', '0', ...how);
    assert.equal(second.code, 1);
    assert.equal(
      second.err,
      `makonis: ${p.data} is in use by another Makonis (process ${pid}): stop it, or choose another folder with --data\n`,
    );
  }
  await p.run('down');

  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const taken = await p.run('up', '--detach', '--port', String(port));
  assert.deepEqual(
    [taken.code, taken.err],
    [1, `makonis: port ${port} is taken: choose another with --port, or 0 for any\n`],
  );

  const nowhere = await p.run('up', '--detach', '--port', '0', '--listen', 'nowhere.invalid');
  assert.deepEqual(
    [nowhere.code, nowhere.err],
    [1, 'makonis: this machine has no address nowhere.invalid: see --listen\n'],
  );

  const inside = await p.run('up', '--detach', '--port', '0', '--master-key', join(p.data, 'key'));
  assert.match(inside.err, /^makonis: the master key .* must lie outside of the data folder: [^\n]*\n$/);

  const manifest = join(p.data, 'manifest.json');
  const stored = JSON.parse(readFileSync(manifest, 'utf8'));
  writeFileSync(manifest, JSON.stringify({ ...stored, format: 999, version: '9.9.9' }));
  const newer = await p.run('up', '--detach', '--port', '0');
  assert.equal(newer.code, 1);
  assert.match(newer.err, /was written by version 9\.9\.9 .*use the newer version\n$/);
  writeFileSync(manifest, JSON.stringify(stored));

  rmSync(join(p.home, 'keys/master.key'));
  const keyless = await p.run('up', '--detach', '--port', '0');
  assert.equal(keyless.code, 1);
  assert.match(keyless.err, /^makonis: the master key .*master\.key can't be read: [^\n]*\n$/);
});

test('mistyped words are errors that name the nearest', async (t) => {
  const p = program(t);
  const cases: [string[], RegExp][] = [
    [['up', '--prot', '1'], /unknown option --prot: did you mean --port\?/],
    [['up', '--port', 'x'], /--port: a port is a number from 0 to 65535, not "x"/],
    [['sttus'], /unknown command sttus: did you mean status\?/],
    [['up', '--config', join(p.home, 'none.json')], /configuration file .*none\.json: ENOENT/],
    [['up', 'now'], /unexpected "now"/],
    [['up', '--detach', '--region', 'eu-wst-1'], /there is no region eu-wst-1: did you mean eu-west-1\?/],
    [['account', 'lst'], /there is no "lst": makonis account create/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await p.run(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, message);
  }
  const mistyped = await p.exec(join(ROOT, 'bin/makonis'), ['status'], { MAKONIS_PROT: '1' });
  assert.equal(mistyped.code, 2);
  assert.match(mistyped.err, /MAKONIS_PROT: did you mean MAKONIS_PORT\?/);
  assert.ok(!existsSync(p.data), 'nothing was made');
});

test('help is of one command, and may be read in part', async (t) => {
  const p = program(t);
  const { code, out } = await p.run('backup', '--help');
  assert.equal(code, 0);
  assert.match(out, /^Commands:\n {2}backup {20}makonis backup TARGET: .*\n\nOptions/m);
  assert.match(out, /^ {2}--scrub-mib-per-second N /m);
  assert.match((await p.run('help', 'bckup')).err, /unknown command bckup: did you mean backup\?/);
  // More than a pipe holds, to one that reads none of it.
  const names = 'help '.repeat(2000);
  const ended = await p.exec('/bin/sh', ['-c', `${join(ROOT, 'bin/makonis')} help ${names} | true`]);
  assert.equal(ended.err, '');
});

test('started as root, it serves as somebody else', { skip: !isRoot && 'only root can give root up' }, async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0', '--user', 'nobody');
  const [pid] = p.state().pids;
  const [, uids = ''] = /^Uid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  assert.equal(new Set(uids.split('\t')).size, 1);
  assert.notEqual(uids.split('\t')[0], '0');
  const [, groups] = /^Groups:\s*(.*?)\s*$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  assert.ok(!groups?.split(' ').includes('0'));
  assert.equal(statSync(join(p.data, 'regions')).uid, Number(uids.split('\t')[0]));
  // New queues need a region's file, which it makes itself now.
  assert.match(await identity(p), /administrator/);
});

test('what stays root ends with the server, however that ends', {
  skip: !isRoot && 'only root can give root up',
}, async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const [pid = 0] = p.state().pids;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  assert.deepEqual(p.state().pids, [pid, ...children]);
  assert.equal(children.length, 1);
  const isThere = (child: number): boolean =>
    isAlive(child) && !/^State:\s+Z/m.test(readFileSync(`/proc/${child}/status`, 'utf8'));
  assert.ok(children.every(isThere));
  process.kill(pid, 'SIGKILL');
  while (children.some(isThere)) await p.run('version');
});

test('a folder that its user can’t get to is said', { skip: !isRoot && 'only root can give root up' }, async (t) => {
  const p = program(t);
  const closed = join(p.home, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const up = await p.exec(join(ROOT, 'bin/makonis'), ['up', '--detach', '--port', '0', '--data', join(closed, 'data')]);
  assert.equal(up.code, 1);
  assert.match(up.err, /^makonis: the server becomes the user makonis, who can't get to .*closed\/data: [^\n]*\n$/);
});

test('doctor speaks of the disk; backup and restore bring everything back', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const arn = await identity(p);
  assert.match((await p.run('doctor')).out, /disk sync .*ms until a write is on disk/);
  const copy = join(p.home, 'copy');
  const backup = await p.run('backup', copy);
  assert.equal(backup.code, 0, backup.err);
  assert.match(backup.out, /The master key is not part of it: .*master\.key/);
  assert.equal((await p.run('backup', copy)).code, 1);
  assert.match((await p.run('restore', copy)).err, /is not empty/);
  await p.run('down');
  rmSync(p.data, { recursive: true });
  mkdirSync(p.data);
  const restore = await p.run('restore', copy);
  assert.equal(restore.code, 0, restore.err);
  assert.equal((await p.run('up', '--detach', '--port', '0')).code, 0);
  assert.equal(await identity(p), arn);
});
