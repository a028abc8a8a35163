import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import { bootSector, probe } from './kvm-probe.ts';

const lacks = (program: string): string | false =>
  spawnSync(program, ['--version']).error !== undefined && `no ${program} here`;

test('the boot sector is what long-mode.S says', { skip: lacks('as') || lacks('ld') }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-probe-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [object, binary] = [join(folder, 'o'), join(folder, 'b')];
  execFileSync('as', ['--32', '-I', import.meta.dirname, '-o', object, join(import.meta.dirname, 'long-mode.S')]);
  execFileSync('ld', ['-m', 'elf_i386', '-Ttext', '0x7c00', '-e', '0', '--oformat', 'binary', '-o', binary, object]);
  assert.deepEqual(readFileSync(binary), bootSector());
});

test('a guest under emulation says that it got to long mode', { skip: lacks('qemu-system-x86_64') }, async () => {
  // A busy machine takes longer to start QEMU.
  assert.deepEqual(await probe('tcg', seconds(20)), { runs: true });
});

test('one that does not get there in time is none', { skip: lacks('qemu-system-x86_64') }, async () => {
  assert.deepEqual(await probe('tcg', 1), { runs: false, reason: 'a guest hangs before it has begun' });
});

test('KVM runs guests or not; either way the answer is quick', { skip: lacks('qemu-system-x86_64') }, async () => {
  const result = await probe('kvm');
  if (!result.runs) assert.notEqual(result.reason, '');
});
