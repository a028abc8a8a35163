import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { egressRules } from '#cli/egress-rules.ts';
import { readConfig } from '#config';

const read = (args: readonly string[]) => readConfig({ args, env: {}, isRoot: false });

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
