import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { skip } from '#platform/compute/qemu/machines.fixture.ts';

test('an ordinary user has machines, which nobody reaches but this machine', { skip }, async () => {
  const program = join(import.meta.dirname, 'host-as-user.fixture.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 200_000 });
  assert.equal(stdout, 'well\n');
});
