import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Config, envName, options, readConfig } from '#config';
import { ConfigError } from '#config-values';
import { egressRules } from '#platform/egress/rules.ts';
import { parseStoreAddress } from '#platform/store/store-address.ts';

const read = (args: string[], env: Record<string, string> = {}) =>
  readConfig({ args, env, isRoot: false, extra: { '--json': 'switch', '--id': 'value' }, words: 1 });

test('a flag beats the environment, which beats the file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'c.json');
  writeFileSync(file, JSON.stringify({ port: 1, adminPort: 2, region: 'eu-west-1', domains: ['a.example'] }));
  const { config } = read(['--config', file, '--port=3'], { MAKONIS_PORT: '4', MAKONIS_ADMIN_PORT: '5' });
  assert.deepEqual([config.port, config.adminPort, config.region], [3, 5, 'eu-west-1']);
  assert.deepEqual(config.domains, ['localhost', 'a.example']);
});

test('a mistyped option names the nearest one, wherever it stands', () => {
  assert.throws(() => read(['--prot', '1']), new ConfigError('unknown option --prot: did you mean --port?'));
  assert.throws(() => read([], { MAKONIS_PROT: '1' }), /MAKONIS_PROT: did you mean MAKONIS_PORT\?/);
  assert.throws(() => read(['--port', '70000']), /--port: a port is a number from 0 to 65535, not "70000"/);
  assert.throws(() => read(['create', 'it']), /unexpected "it"/);
  assert.throws(() => read(['--port']), /--port needs a value/);
  assert.throws(() => read(['--log-level', 'loud']), /expected one of debug, info, warn, error/);
});

test('the cloud may call this machine only while nobody else can call the cloud, unless it is told so', (t) => {
  const rules = (...args: string[]) => egressRules(read(args).config);
  assert.deepEqual(rules(), { loopback: true, private: false });
  assert.deepEqual(rules('--listen', '0.0.0.0'), { loopback: false, private: false });
  assert.deepEqual(rules('--listen', '0.0.0.0', '--egress', 'private,loopback'), { loopback: true, private: true });
  assert.deepEqual(rules('--egress', 'none'), { loopback: false, private: false });
  assert.throws(() => rules('--egress', 'everything'), /expected loopback, private or none, not "everything"/);
  const folder = mkdtempSync(join(tmpdir(), 'makonis-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.pem'), 'PEM');
  assert.equal(rules('--egress-ca', join(folder, 'ca.pem')).authorities, 'PEM');
});

test('each option is read from the file, the environment and a flag, and a slip names it in all three', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'c.json');
  const inFile = (content: unknown) => {
    writeFileSync(file, JSON.stringify(content));
    return read(['--config', file]).config;
  };
  const values: Record<keyof Config, [text: string, value: unknown]> = {
    port: ['1234', 1234],
    adminPort: ['1235', 1235],
    data: ['/srv/cloud', '/srv/cloud'],
    store: ['postgres://cloud@db.example/rows', parseStoreAddress('postgres://cloud@db.example/rows')],
    blobs: ['/srv/blobs', '/srv/blobs'],
    node: ['10.0.0.1:4570', { host: '10.0.0.1', port: 4570 }],
    listen: ['127.0.0.1,::1', ['127.0.0.1', '::1']],
    domains: ['a.example,b.example', ['localhost', 'a.example', 'b.example']],
    region: ['eu-west-1', 'eu-west-1'],
    tls: ['true', true],
    refuseSigv2: ['true', true],
    oldBucketDefaults: ['true', true],
    masterKey: ['/etc/key', '/etc/key'],
    s3DaySeconds: ['10', 10],
    machines: ['false', false],
    overcommit: ['4,1.5', [4, 1.5]],
    publicAddresses: ['198.51.100.0/24', '198.51.100.0/24'],
    serialConsolePort: ['4567', 4567],
    scrubMibPerSecond: ['200', 200],
    frontThreads: ['2', 2],
    logLevel: ['warn', 'warn'],
    user: ['nobody', 'nobody'],
    egress: ['loopback,private', ['loopback', 'private']],
    egressCa: ['/etc/ca.pem', '/etc/ca.pem'],
  };
  for (const [key, { flag }] of Object.entries(options)) {
    const name = key as keyof Config;
    const [text, value] = values[name];
    assert.deepEqual(read([`${flag}=${text}`]).config[name], value, flag);
    assert.deepEqual(read([], { [envName(name)]: text }).config[name], value, envName(name));
    assert.deepEqual(inFile({ [name]: text })[name], value, name);
    // One letter too many, which is nearer to no other option.
    assert.throws(() => read([`${flag}x=${text}`]), new RegExp(`did you mean ${flag}\\?`));
    assert.throws(() => read([], { [`${envName(name)}X`]: text }), new RegExp(`did you mean ${envName(name)}\\?`));
    assert.throws(() => inFile({ [`${name}x`]: text }), new RegExp(`did you mean ${name}\\?`));
  }
  assert.equal(inFile({ port: 99 }).port, 99);
  assert.equal(inFile({ tls: true }).tls, true);
  assert.deepEqual(inFile({ listen: ['::1'] }).listen, ['::1']);
  for (const content of [{ data: {} }, { data: null }, { listen: [[]] }]) {
    assert.throws(() => inFile(content), /expected text, a number, true or false, or a list of texts/);
  }
  assert.throws(() => inFile([1]), /holds no JSON object/);
  assert.throws(() => read(['--domain', 'http://x/']), /--domain: "http:\/\/x\/" is no host name/);
  assert.throws(() => read(['--region', 'nowhere']), /--region: "nowhere" is not the name of a region/);
});

test('the password of the store is taken from where others do not see it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pgpass');
  const lines = [
    '# all of them',
    'db.example:5433:*:*:other port',
    'db.example:*:rows:cl\\:oud:in\\\\ the:file',
    '*:*:*:*:any',
  ];
  writeFileSync(file, lines.join('\n'), { mode: 0o600 });
  const url = 'postgres://cl%3Aoud@db.example/rows';
  const passwordOf = (env: Record<string, string>) =>
    read(['--store', url], { PGPASSFILE: file, ...env }).config.store?.password;
  assert.equal(passwordOf({}), 'in\\ the');
  assert.equal(passwordOf({ PGPASSWORD: 'in the environment' }), 'in the environment');
  assert.equal(passwordOf({ PGPASSFILE: join(folder, 'none') }), undefined);
  const inUrl = read([], { MAKONIS_STORE: 'postgres://cloud:in%20the%20URL@db.example/rows', PGPASSWORD: 'not this' });
  assert.equal(inUrl.config.store?.password, 'in the URL');
  assert.throws(() => read(['--store', 'postgres://cloud:seen@db.example/rows']), /seen by all users/);
  chmodSync(file, 0o644);
  assert.throws(() => passwordOf({}), /can be read by others/);
});

test('a command has flags of its own', () => {
  const { extra, positional } = read(['create', '--json', '--id', '123456789012']);
  assert.deepEqual(extra, { '--json': 'true', '--id': '123456789012' });
  assert.deepEqual(positional, ['create']);
});
