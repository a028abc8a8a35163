/**
 * Whether KVM runs guests here. That /dev/kvm can be opened says little: inside some virtual machines it is there, and a guest hangs
 * in its first instructions. So a guest is run, and has to say that it got where an operating system begins: long-mode.S.
 */
import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Milliseconds, seconds } from '#platform/base/clock.ts';

export type Accelerator = 'kvm' | 'tcg';

export type ProbeResult = { readonly runs: true } | { readonly runs: false; readonly reason: string };

/** A guest needs some milliseconds; QEMU itself a tenth of a second to start. */
const LIMIT: Milliseconds = seconds(1);
/** What isa-debug-exit makes of the 0x10 that the guest writes. */
const REACHED = 33;

/** long-mode.S, assembled; what is left of the sector is zeros and its mark. */
const CODE =
  'fa6631c08ed88ec08ed0bc007cbf0010b9000cfc66f3ab66c70600100320000066c70600200330000066bf0030000066b88300000066b901' +
  '000000676689076683c708660500002000e2f066b8001000000f22d80f20e00c200f22e066b9800000c00f3280cc010f300f0116a07c0f20' +
  'c0660d010000800f22c0eaa67c10009000000000000000000000000000000000ffff0000009aaf00ffff00000092cf001f00807c000048b8' +
  'efcdab8967452301505a4839c27507b01066baf400eef4ebfd';

export const bootSector = (): Buffer => {
  const sector = Buffer.alloc(512);
  sector.write(CODE, 'hex');
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
};

/** As root it is tried as another user: the one that a machine would be. */
export interface ProbeUser {
  readonly uid: number;
  readonly gid: number;
}

export async function probe(accelerator: Accelerator, limit = LIMIT, user?: ProbeUser): Promise<ProbeResult> {
  const folder = await mkdtemp(join(tmpdir(), 'makonis-probe-'));
  const disk = join(folder, 'sector');
  try {
    await writeFile(disk, bootSector());
    if (user !== undefined) for (const path of [folder, disk]) await chown(path, user.uid, user.gid);
    return await run(accelerator, disk, limit, user);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function run(
  accelerator: Accelerator,
  disk: string,
  timeout: Milliseconds,
  user: ProbeUser | undefined,
): Promise<ProbeResult> {
  // As guests are started: all that the host's processor has.
  const processor = accelerator === 'kvm' ? 'host' : 'max';
  const args = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-m', '16'];
  args.push('-machine', `pc,accel=${accelerator}`, '-cpu', processor);
  args.push('-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04');
  args.push('-drive', `file=${disk},format=raw,if=ide,snapshot=on`);
  return new Promise((resolve) => {
    execFile('qemu-system-x86_64', args, { timeout, killSignal: 'SIGKILL', ...user }, (error, _, complaint) => {
      if (error?.code === REACHED) resolve({ runs: true });
      else if (error?.killed) resolve({ runs: false, reason: 'a guest hangs before it has begun' });
      else resolve({ runs: false, reason: reasonOf(error?.message ?? 'a guest ended', complaint) });
    });
  });
}

/** QEMU's last word, without its own name. */
function reasonOf(message: string, complaint: string): string {
  const last = complaint.trim().split('\n').at(-1) ?? '';
  return (last || message).replace(/^qemu-system-x86_64: /, '');
}
