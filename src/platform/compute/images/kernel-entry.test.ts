/** A kernel's file with the way in that QEMU takes. That one boots so, and shows it on its screen, is micro.test.ts's. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { kernelEntry, withEntry } from '#platform/compute/images/kernel-entry.ts';

const lacks = (program: string): string | false =>
  spawnSync(program, ['--version']).error !== undefined && `no ${program} here`;

test('the way in is what kernel-entry.S says', { skip: lacks('as') || lacks('ld') }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-entry-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [object, binary] = [join(folder, 'o'), join(folder, 'b')];
  const shared = ['-I', join(import.meta.dirname, '..')];
  execFileSync('as', ['--32', ...shared, '-o', object, join(import.meta.dirname, 'kernel-entry.S')]);
  execFileSync('ld', ['-m', 'elf_i386', '-Ttext', '0x100000', '-e', '0', '--oformat', 'binary', '-o', binary, object]);
  assert.deepEqual(readFileSync(binary), kernelEntry());
});

test('the kernel of these tests is what told-guest.S says', { skip: lacks('as') || lacks('objcopy') }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-entry-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [object, binary] = [join(folder, 'o'), join(folder, 'b')];
  execFileSync('as', ['--64', '-o', object, join(import.meta.dirname, 'told-guest.S')]);
  execFileSync('objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
  assert.equal(readFileSync(binary).toString('hex'), GUEST);
});

/** told-guest.S, assembled. */
const GUEST = 'fc8bb628020000bae9000000ac84c07403eeebf8b010baf4000000eef4ebfd';
const [START, TEXT] = [0x1000000, Buffer.from(GUEST, 'hex')];

/** One part that is loaded, and one that is not. */
function kernel(machine = 62): Buffer {
  const file = Buffer.alloc(0x2000 + TEXT.length);
  file.write('7f454c4602010100', 'hex');
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(BigInt(START), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(2, 56);
  for (const [i, type] of [4, 1].entries()) {
    const at = 64 + i * 56;
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(0x2000n, at + 8);
    file.writeBigUInt64LE(BigInt(START), at + 24);
    for (const size of [32, 40]) file.writeBigUInt64LE(BigInt(TEXT.length), at + size);
  }
  TEXT.copy(file, 0x2000);
  return file;
}

test('what is loaded is where it was, with a way in that leads to the kernel', () => {
  const file = withEntry(kernel());
  assert.ok(file);
  assert.equal(file.readUInt16LE(56), 3);
  const parts = [0, 1, 2].map((i) => {
    const [at, header] = [64 + i * 56, (offset: number) => Number(file.readBigUInt64LE(64 + i * 56 + offset))];
    const bytes = file.subarray(header(8), header(8) + header(32));
    return { type: file.readUInt32LE(at), address: header(24), bytes };
  });
  const entry = kernelEntry();
  entry.writeUInt32LE(START, entry.length - 4);
  assert.deepEqual(parts.slice(1), [
    { type: 1, address: 0x100000, bytes: entry },
    { type: 1, address: START, bytes: TEXT },
  ]);
  // PHYS32_ENTRY, as Xen numbers it, of eight bytes.
  assert.equal(parts[0]?.type, 4);
  assert.equal(parts[0]?.bytes.toString('hex'), `04000000080000001200000058656e00${'0000100000000000'}`);
});

test('what is no kernel of 64 bits has none', () => {
  const early = kernel();
  early.writeBigUInt64LE(0x100000n, 24);
  for (const file of [kernel(3), early, kernel().subarray(0, 40), Buffer.from('MZ')])
    assert.equal(withEntry(file), undefined);
});

/** What a kernel reads of its command line: whatever else runs here, and however long its processor had to wait. */
async function told(file: string, words: string): Promise<string> {
  const args = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-m', '64', '-machine', 'pc'];
  args.push('-accel', 'tcg', '-cpu', 'Nehalem', '-kernel', file, '-append', words);
  args.push('-chardev', 'stdio,id=out', '-device', 'isa-debugcon,iobase=0xe9,chardev=out');
  args.push('-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04');
  const guest = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = text(guest.stdout);
  const [code] = await once(guest, 'close');
  assert.equal(code, 33);
  return said;
}

test('a kernel is told how fast its processor counts, also on a busy machine', {
  skip: lacks('qemu-system-x86_64'),
  timeout: 120_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-entry-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'kernel');
  writeFileSync(path, withEntry(kernel()) ?? assert.fail('no kernel'));
  const words = `quiet ${'x'.repeat(600)}`;
  // More than there are processors: each is interrupted in the middle of what it measures.
  const all = await Promise.all(Array.from({ length: 3 * availableParallelism() }, () => told(path, words)));
  const found = all.map((each) => {
    const [, kilohertz] = new RegExp(`^${words} tsc_early_khz=(\\d+)$`).exec(each) ?? assert.fail(each);
    return Number(kilohertz);
  });
  const [least = 0, most = 0] = [Math.min(...found), Math.max(...found)];
  assert.ok(least > 100_000 && most / least < 1.005, found.join(' '));
});
