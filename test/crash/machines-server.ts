/**
 * A cloud with real machines, in a process that kills itself: when it is told to, at a step that it takes on its host from then on. A step is
 * a call of the host's contracts, an order to hostd, or a command to a machine's monitor, each before and after. It was root and became
 * somebody else, as `makonis up` does; hostd keeps root. The guest is tiny-guest.S.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { getCompileCacheDir } from 'node:module';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { handOver, isOpenToAll } from '#cli/privileges.ts';
import { imageHandsOf, machineHandsOf, networkHandsOf, startHostd } from '#hostd/hostd.ts';
import { computeFolders } from '#hostd/protocol.ts';
import { startCloud } from '#main';
import { systemClock } from '#platform/base/clock.ts';
import type { LogFields } from '#platform/base/log.ts';
import type { Host } from '#platform/compute/host.ts';
import { type Recipe, RecipeBuilder } from '#platform/compute/images/builder.ts';
import { openHost } from '#platform/compute/qemu/host.ts';
import { TINY_GUEST } from '#platform/compute/qemu/layers.fixture.ts';
import { SERVER } from '#platform/compute/qemu/machines.fixture.ts';
import type { QemuVolumes } from '#platform/compute/volumes/qemu/volumes.ts';
import { readMasterKeys } from '#platform/secrets/master-key.ts';
import { PLAIN } from '#test/plain-cloud.ts';

export interface MachinesReady {
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The cloud's place, as its parent chose it. */
export interface MachinesPlace {
  readonly folder: string;
  readonly tag: string;
  readonly publicCidr: string;
}

// Of our own making: machines.ts.
const { folder, tag, publicCidr } = JSON.parse(process.argv[2] ?? '{}') as MachinesPlace;
const port = Number(process.argv[3]);
const data = join(folder, 'data');
const onFault = (error: unknown): void => note('error', String(error));

/** Whoever looks for why a test fails reads it. */
function note(level: string, event: string, fields: LogFields = {}): void {
  if (level === 'error') appendFileSync(join(folder, 'errors.log'), `${event} ${JSON.stringify(fields)}\n`);
}

/** The step at which it ends, as it is told apart in `steps`; undefined: it lives. */
let last: string | undefined;
const taken = new Map<string, number>();

/** Told apart by its name and the how many-th of that name it is. */
function step(name: string): void {
  const count = (taken.get(name) ?? 0) + 1;
  taken.set(name, count);
  const told = count === 1 ? name : `${name} ${count}`;
  appendFileSync(join(folder, 'steps'), `${told}\n`);
  if (told === last) process.kill(process.pid, 'SIGKILL');
}

/** They look at what is, and change nothing. */
const LOOKS = new Set(['running', 'list', 'left', 'isResponsive', 'consoleOutput', 'sizeOf', 'kept', 'close', 'tidy']);

/** The same, with a step before and after each of its promises. */
function stepping<Thing extends object>(name: string, thing: Thing): Thing {
  return new Proxy(thing, {
    get(target, property) {
      const found: unknown = Reflect.get(target, property, target);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]) => {
        if (LOOKS.has(String(property))) return found.apply(target, args);
        step(`before ${name}.${String(property)}`);
        const result: unknown = found.apply(target, args);
        if (!(result instanceof Promise)) return result;
        return result.finally(() => step(`after ${name}.${String(property)}`));
      };
    },
  });
}

/** What is said to monitors goes by no contract of ours. */
const { write } = Socket.prototype;
Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
  const command = /^\{"execute":"(?!q)([^"]+)"/.exec(typeof args[0] === 'string' ? args[0].slice(0, 80) : '')?.[1];
  if (command !== undefined) step(`monitor ${command}`);
  return write.apply(this, args);
} as typeof write;

const tiny: Recipe = {
  image: { name: 'tiny', version: '1', user: '', sizeGiB: 1, boot: { kind: 'disk' }, description: '' },
  needs: [],
  async build({ folder: place }) {
    const sector = Buffer.alloc(512);
    TINY_GUEST.copy(sector);
    sector.writeUInt16LE(0xaa55, 510);
    await writeFile(join(place, 'disk.raw'), sector);
  },
};

// Node names a folder of its own in the one that it is given.
const cache = getCompileCacheDir();
const compileCache = cache && dirname(cache);
const hostd = startHostd({ data, server: SERVER, tag, publicCidr, compileCache });

async function open(): Promise<Host> {
  const opened = await openHost({
    folders: computeFolders(data),
    privileged: {
      machines: stepping('hostd.machines', machineHandsOf(hostd)),
      networks: stepping('hostd.networks', networkHandsOf(hostd)),
      images: imageHandsOf(hostd),
      probe: async () => ({ runs: false, reason: 'guests of tests are emulated' }),
    },
    publicCidr,
    overcommit: { vcpus: 8, memory: 1 },
    clock: systemClock,
    onFault,
  });
  if ('lacks' in opened) throw new Error(opened.lacks);
  const { host } = opened;
  // As the driver opened it.
  const store = host.volumes as QemuVolumes;
  const images = await RecipeBuilder.open({
    folder: computeFolders(data).images,
    recipes: [tiny],
    store,
    clock: systemClock,
  });
  return {
    ...host,
    machines: stepping('machines', host.machines),
    volumes: stepping('volumes', host.volumes),
    networks: stepping('networks', host.networks),
    images,
  };
}

const keyFile = join(folder, 'master-key.json');
const running = await startCloud({
  ...PLAIN,
  data,
  masterKeys: readMasterKeys(keyFile),
  port,
  log: { log: (level, event, fields) => note(level, event, fields), request: () => {} },
  host: open,
  async onReady(registry) {
    if (!isOpenToAll(import.meta.dirname)) await registry.preloadAll();
    handOver(data, { name: '', ...SERVER }, [computeFolders(data).machines, computeFolders(data).builds]);
    process.setgroups?.([SERVER.gid]);
    process.setgid?.(SERVER.gid);
    process.setuid?.(SERVER.uid);
  },
});

process.on('message', (at: string) => {
  last = at;
  taken.clear();
  writeFileSync(join(folder, 'steps'), '');
  process.send?.('armed');
});
// A parent that dies must not leave a server behind.
process.on('disconnect', () => process.exit());
const { administrator } = running.keys().first ?? {};
process.send?.({ port: running.port, ...administrator });
