import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, egressRules, readConfig } from '#config';

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

test('a command has flags of its own', () => {
  const { extra, positional } = read(['create', '--json', '--id', '123456789012']);
  assert.deepEqual(extra, { '--json': 'true', '--id': '123456789012' });
  assert.deepEqual(positional, ['create']);
});
