import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Launch, overheadMiB, qemuArguments } from '#platform/compute/qemu/command-line.ts';

const LAUNCH: Launch = {
  id: 'i-0123456789abcdef0',
  accelerator: 'tcg',
  vcpus: 2,
  memoryMiB: 1024,
  product: 't3.micro',
  uuid: 'ec200000-0000-4000-8000-000000000000',
  vpc: 'vpc-0123456789abcdef0',
  kernel: { image: 'ami-0123456789abcdef0', commandLine: 'root=/dev/vda' },
};

const after = (launch: Launch, option: string): string | undefined => {
  const words = qemuArguments(launch);
  return words.includes(option) ? words[words.indexOf(option) + 1] : undefined;
};

test('an emulated kernel holds back no speculation, and a real processor’s does', () => {
  assert.equal(after(LAUNCH, '-append'), 'root=/dev/vda mitigations=off');
  assert.equal(after({ ...LAUNCH, accelerator: 'kvm' }, '-append'), 'root=/dev/vda');
});

test('translated code has the room that is reckoned with: little for a small system, more for a distribution', () => {
  const { kernel: _, ...fromDisk } = LAUNCH;
  for (const [launch, mib] of [
    [LAUNCH, 32],
    [fromDisk, 128],
  ] as const) {
    assert.match(after(launch, '-accel') ?? '', new RegExp(`tb-size=${mib}$`));
    assert.equal(overheadMiB(launch), 256 + mib);
  }
  assert.equal(overheadMiB({ ...LAUNCH, accelerator: 'kvm' }), 256);
});

test('an emulated guest’s memory is a file, which has no huge pages; a real processor’s is not', () => {
  assert.ok(qemuArguments(LAUNCH).includes('memory-backend-memfd,id=memory,size=1024M'));
  assert.doesNotMatch(qemuArguments({ ...LAUNCH, accelerator: 'kvm' }).join(' '), /memory-backend/);
});
