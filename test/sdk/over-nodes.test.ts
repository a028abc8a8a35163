/** Tests of services once more, with clouds of three nodes: each client of a test has another one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { HELD_VARIABLE, NODES_VARIABLE } from '#test/sdk/cloud.ts';

/** Each service with its ways: directories, other accounts, sessions, envelopes, timers, messages between services, long bodies, tunnels. */
const FILES = [
  ...['sqs', 'iam', 'iam-roles', 'sts', 'kms-keys', 's3-buckets', 's3-objects', 's3-multipart', 'audit'],
  'ec2-instance-connect-tunnels',
];

/** Where nothing holds the thread while a read crosses the wire: not their handlers, later steps, reconcilers, timers, hooks. */
const HOLDING_NOTHING = [
  ...['sqs', 'iam', 'kms-keys', 'kms-rotation', 'ec2-attached-interfaces', 'ec2-snapshots', 'makonis'],
];

const RUNS = [
  ...FILES.map((name) => ({ name, title: `${name}, over three nodes`, variables: { [NODES_VARIABLE]: '3' } })),
  ...HOLDING_NOTHING.map((name) => ({
    name,
    title: `${name} holds the thread for nothing`,
    variables: { [NODES_VARIABLE]: '1', [HELD_VARIABLE]: '1' },
  })),
];

for (const { name, title, variables } of RUNS) {
  test(title, async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = ['--test', '--test-reporter=tap', join(import.meta.dirname, `${name}.test.ts`)];
    const child = spawn(process.execPath, options, {
      env: { ...env, ...variables },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    await once(child, 'close');
    const [, passed = '0'] = /^# pass (\d+)$/m.exec(output) ?? [];
    assert.ok(child.exitCode === 0 && Number(passed) > 0, output);
  });
}
