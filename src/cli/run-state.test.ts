import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { until } from '#test/until.ts';
import { isAlive } from './run-state.ts';

test('a process is alive until it ends, whether or not its parent asks for it', {
  skip: process.platform !== 'linux',
}, async (t) => {
  // Replaced by a program that does not know of its child.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 20'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => parent.kill());
  const [line] = await once(parent.stdout, 'data');
  const child = Number(String(line));
  assert.ok(isAlive(process.pid) && isAlive(child));
  await until(() => !isAlive(child), 'the child ends');
  assert.equal(process.kill(child, 0), true, 'its number is still taken');
});
