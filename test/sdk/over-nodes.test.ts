/** Tests of services once more, with clouds of three nodes: each client of a test has another one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { NODES_VARIABLE } from '#test/sdk/cloud.ts';

/** Each service with its ways: directories, other accounts, sessions, envelopes, timers, messages between services, long bodies, tunnels. */
const FILES = [
  ...['sqs', 'iam', 'iam-roles', 'sts', 'kms-keys', 's3-buckets', 's3-objects', 's3-multipart', 'audit'],
  'ec2-instance-connect-tunnels',
];

for (const name of FILES) {
  test(`${name}, over three nodes`, async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = ['--test', '--test-reporter=tap', join(import.meta.dirname, `${name}.test.ts`)];
    const child = spawn(process.execPath, options, {
      env: { ...env, [NODES_VARIABLE]: '3' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    await once(child, 'close');
    const [, passed = '0'] = /^# pass (\d+)$/m.exec(output) ?? [];
    assert.ok(child.exitCode === 0 && Number(passed) > 0, output);
  });
}
