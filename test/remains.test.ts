import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf, processes } from '#platform/compute/qemu/processes.ts';
import { groupsOf, hasOuterRules, namespacesOf } from '#test/remains.ts';
import { until } from '#test/until.ts';

const lacking = ['ip', 'nft'].filter((program) => spawnSync(program, ['-V']).error !== undefined);
const skip = process.getuid?.() !== 0 ? 'needs root' : lacking.length > 0 && `no ${lacking.join(', ')} here`;

/** Where groups of machines may be made here; '': nowhere. */
function groupsFolder(tag: string): string {
  const parent = existsSync('/sys/fs/cgroup/pids') ? '/sys/fs/cgroup/pids' : '/sys/fs/cgroup';
  try {
    accessSync(parent, constants.W_OK);
    return join(parent, `makonis-${tag}`);
  } catch {
    return '';
  }
}

test('what a killed test has left goes by itself', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-remains-'));
  const tag = folder.slice(-6);
  const fixture = join(import.meta.dirname, 'remains.fixture.ts');
  const child = spawn(process.execPath, [fixture, folder, tag, groupsFolder(tag)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const ofFolder = () => processes().filter((each) => folderOf(each) === folder);
  await until(() => ofFolder().length === 1, 'a process works there');
  assert.ok(existsSync(folder) && hasOuterRules(tag) && namespacesOf(tag).length === 1);
  child.kill('SIGKILL');
  const left = () => [
    ...namespacesOf(tag),
    ...groupsOf(tag),
    ...readdirSync(tmpdir()).filter((name) => name.endsWith(tag)),
  ];
  await until(() => left().length === 0 && ofFolder().length === 0 && !hasOuterRules(tag), 'all of it is gone');
});
