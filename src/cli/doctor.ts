/** `makonis doctor`: what this machine can and can't do, what that costs, and how to mend it. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { print } from '#cli/output.ts';
import { isRoot, mayMakeNetworks } from '#cli/privileges.ts';
import { processSources, readConfig } from '#config';
import {
  IMAGE_PROGRAMS,
  installCommand,
  missingPrograms,
  NEEDED_PROGRAMS,
  type NeededProgram,
} from '#platform/compute/needed-programs.ts';
import { describeAddress, type StoreAddress } from '#platform/store/store-address.ts';

interface Finding {
  readonly name: string;
  readonly verdict: 'good' | 'missing' | 'bad';
  readonly facts: string;
  /** What to do, when it is not good. */
  readonly mend?: string;
}

const GIB = 2 ** 30;
const LEAST_FREE_BYTES = 2 * GIB;
const SLOW_SYNC_MILLISECONDS = 10;

export async function doctor(args: readonly string[]): Promise<number> {
  const { config } = readConfig(processSources(args));
  const guests = await virtualMachines();
  const store = config.store === undefined ? [] : [await database(config.store)];
  const findings = [machine(), node(), rights(), await localName(), ...disk(config.data), ...store, ...guests];
  const mark = { good: 'ok     ', missing: 'missing', bad: 'BAD    ' };
  for (const { name, verdict, facts, mend } of findings) {
    print(`${mark[verdict]}  ${name.padEnd(18)}  ${facts}`);
    if (mend !== undefined) print(`${' '.repeat(29)}-> ${mend}`);
  }
  return findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0;
}

const machine = (): Finding => ({
  name: 'machine',
  verdict: 'good',
  facts: `${process.platform} ${release()}, ${process.arch}, ${availableParallelism()} cores, ${(totalmem() / GIB).toFixed(1)} GiB of memory`,
});

const node = (): Finding => ({ name: 'Node', verdict: 'good', facts: `${process.version} (${process.execPath})` });

function rights(): Finding {
  if (isRoot() && process.platform === 'linux' && !mayMakeNetworks()) {
    return {
      name: 'rights',
      verdict: 'missing',
      facts:
        'root, but of a container that may make no networks: virtual machines reach neither each other nor the world',
      mend: 'give the container the capabilities NET_ADMIN and SYS_ADMIN (docker run --privileged)',
    };
  }
  if (isRoot())
    return {
      name: 'rights',
      verdict: 'good',
      facts: 'root; the server gives it up before it serves, and a small process keeps it for machines',
    };
  return {
    name: 'rights',
    verdict: 'missing',
    facts: 'not root: all works but networks of virtual machines: those reach neither each other nor the world',
    mend: 'start as root for those: the server itself runs as a user without rights',
  };
}

/** All that Makonis prints speaks of localhost; a container or a chroot may not know it. */
async function localName(): Promise<Finding> {
  const { lookup } = await import('node:dns/promises');
  try {
    const { address } = await lookup('localhost');
    return { name: 'localhost', verdict: 'good', facts: `is ${address}` };
  } catch {
    return {
      name: 'localhost',
      verdict: 'bad',
      facts: 'has no address: clients will not find http://localhost',
      mend: 'add the line "127.0.0.1 localhost" to /etc/hosts',
    };
  }
}

async function database(address: StoreAddress): Promise<Finding> {
  const name = 'store';
  const where = describeAddress(address);
  try {
    // The rest of the program is for this alone.
    const { examineStore } = await import('#storage');
    const { version, roundTripMilliseconds, risks } = await examineStore(address);
    const facts = `${where}: version ${version}, ${roundTripMilliseconds.toFixed(1)} ms there and back`;
    return risks.length === 0
      ? { name, verdict: 'good', facts }
      : { name, verdict: 'bad', facts, mend: `it ${risks.join('; it ')}` };
  } catch (error) {
    return { name, verdict: 'bad', facts: `${where}: ${(error as Error).message || 'no connection'}` };
  }
}

function disk(data: string): Finding[] {
  let folder = data;
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    return [
      { name: 'data folder', verdict: 'bad', facts: `${folder} can't be written`, mend: 'choose another with --data' },
    ];
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const isEnough = free >= LEAST_FREE_BYTES;
  const sync = syncMilliseconds(folder);
  const isFast = sync < SLOW_SYNC_MILLISECONDS;
  return [
    {
      name: 'disk space',
      verdict: isEnough ? 'good' : 'bad',
      facts: `${(free / GIB).toFixed(1)} GiB free at ${folder}`,
      ...(isEnough
        ? {}
        : { mend: 'writes are refused when it is full: free some, or choose another disk with --data' }),
    },
    {
      name: 'disk sync',
      verdict: isFast ? 'good' : 'missing',
      facts: `${sync.toFixed(2)} ms until a write is on disk: the least time of an answered write`,
      ...(isFast ? {} : { mend: 'a slow disk: put the data on one with a faster fdatasync' }),
    },
  ];
}

/** The median of some small synced appends. */
function syncMilliseconds(folder: string): number {
  const probe = mkdtempSync(join(folder, '.makonis-doctor-'));
  const file = openSync(join(probe, 'probe'), 'w');
  try {
    const times = Array.from({ length: 15 }, () => {
      const start = performance.now();
      writeSync(file, Buffer.alloc(4096));
      fdatasyncSync(file);
      return performance.now() - start;
    });
    return times.sort((a, b) => a - b)[7] ?? 0;
  } finally {
    closeSync(file);
    rmSync(probe, { recursive: true });
  }
}

async function virtualMachines(): Promise<Finding[]> {
  if (process.platform === 'linux') {
    const programs = [...NEEDED_PROGRAMS, ...IMAGE_PROGRAMS];
    const missing = missingPrograms(programs);
    const hasQemu = !missing.some(({ program }) => program.startsWith('qemu'));
    return [await kvm(hasQemu), ...programs.map((needed) => programFinding(needed, missing.includes(needed)))];
  }
  return [
    {
      name: 'Linux',
      verdict: 'missing',
      facts: `this is ${process.platform}: virtual machines and their networks need Linux`,
      mend: 'all the rest works here; for those, run it on a Linux machine',
    },
  ];
}

/** That the device is there is not enough: some hosts have it, and their guests hang. So one is run. */
async function kvm(hasQemu: boolean): Promise<Finding> {
  const name = 'KVM';
  if (!existsSync('/dev/kvm')) {
    return {
      name,
      verdict: 'missing',
      facts: 'no /dev/kvm: virtual machines will be emulated, some ten times slower',
      mend: 'switch on virtualisation in the firmware, or nested virtualisation at your provider',
    };
  }
  if (!hasQemu) return { name, verdict: 'good', facts: '/dev/kvm is there; to see whether it runs a guest takes QEMU' };
  const { probe } = await import('#platform/compute/kvm-probe.ts');
  const tried = await probe('kvm');
  if (tried.runs) return { name, verdict: 'good', facts: 'runs guests' };
  return {
    name,
    verdict: 'missing',
    facts: `/dev/kvm is there, but ${tried.reason}: virtual machines will be emulated, some ten times slower`,
    mend: 'load the right kvm module, allow this user /dev/kvm, or have nested virtualisation switched on at your provider',
  };
}

function programFinding(needed: NeededProgram, isMissing: boolean): Finding {
  const { program: name, for: use } = needed;
  if (!isMissing) return { name, verdict: 'good', facts: `is there, for ${use}` };
  return { name, verdict: 'missing', facts: `needed for ${use}`, mend: installCommand([needed]) };
}
