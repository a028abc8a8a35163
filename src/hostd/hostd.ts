/**
 * The server's end of hostd. Started while the server is still root, it is a shell that waits for a line, and costs a megabyte and a half
 * where Node costs forty-five: most clouds never start a machine. With the first order the shell becomes hostd, in 30 ms, and the
 * channel that it inherits is there from the beginning.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { computeFolders, type HostdSettings, type Reply } from '#hostd/protocol.ts';
import type { ImageHands } from '#platform/compute/images/hands.ts';
import { MachineError, type MachineProblem } from '#platform/compute/machine.ts';
import type { MachineHands } from '#platform/compute/qemu/hands.ts';
import type { NetworkHands } from '#platform/network/linux/hands.ts';
import type { VpcSockets } from '#platform/network/linux/sockets.ts';

/** It says when it is there, and nothing after that. */
const WAIT_THEN_BECOME = 'echo ready; exec > /dev/null; read -r _ && exec "$@"';

interface Waiting extends PromiseWithResolvers<unknown> {
  readonly onProgress: (percent: number) => void;
  readonly handles: Record<string, unknown>;
}

export interface HostdOptions extends HostdSettings {
  /** Where compiled code lies, root's own. */
  readonly compileCache: string | undefined;
}

export function startHostd(options: HostdOptions): Hostd {
  makeFolders(options);
  return new Hostd(spawnHostd([], options));
}

/** `before`: words that lead to the shell by another way. */
export function spawnHostd(before: readonly string[], { compileCache, ...settings }: HostdOptions): ChildProcess {
  const program = [
    process.execPath,
    ...process.execArgv,
    join(import.meta.dirname, 'main.ts'),
    JSON.stringify(settings satisfies HostdSettings),
  ];
  const [first = '', ...words] = [...before, '/bin/sh', '-c', WAIT_THEN_BECOME, 'sh', ...program];
  return spawn(first, words, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      NODE_NO_WARNINGS: '1',
      ...(compileCache !== undefined && { NODE_COMPILE_CACHE: compileCache }),
    },
  });
}

/**
 * While the server is root, and before anything else runs here. What lies there may be of an earlier server that was not itself any more, or
 * of one without root, who ran its own machines: they have ended, or will not be found.
 */
function makeFolders({ data, server }: HostdSettings): void {
  const { compute, machines, builds } = computeFolders(data);
  if (lstatSync(compute, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new Error(`${compute} is no folder`);
  mkdirSync(compute, { recursive: true, mode: 0o700 });
  chownSync(compute, server.uid, server.gid);
  const found = lstatSync(machines, { throwIfNoEntry: false });
  if (found?.uid !== 0 || !found.isDirectory()) rmSync(machines, { recursive: true, force: true });
  mkdirSync(machines, { recursive: true, mode: 0o755 });
  // What a crash left of a build.
  rmSync(builds, { recursive: true, force: true });
  mkdirSync(builds, { mode: 0o755 });
}

export class Hostd {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.unref();
    child.channel?.unref();
    // It is gone: calls say so.
    child.on('error', () => this.#failAll());
    child.stdin?.on('error', () => {});
    child.stdout?.resume();
    (child.stdout as Socket | null)?.unref();
    child.on('exit', () => this.#failAll());
    // Our own program's words.
    child.on('message', (message, handle) => this.#take(message as Reply, handle));
  }

  /** Of hostd's or of the shell that will be it. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  async call(
    command: string,
    input: unknown = {},
    onProgress: (percent: number) => void = () => {},
  ): Promise<{ value: unknown; handles: Readonly<Record<string, unknown>> }> {
    if (!this.#child.connected) throw new Error('hostd has ended: start the cloud again');
    if (this.#lastId === 0) this.#child.stdin?.end('\n');
    const id = ++this.#lastId;
    const waiting: Waiting = { ...Promise.withResolvers<unknown>(), onProgress, handles: {} };
    this.#waiting.set(id, waiting);
    this.#child.send({ id, command, input }, (error) => error && waiting.reject(error));
    try {
      return { value: await waiting.promise, handles: waiting.handles };
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Machines and networks go on. */
  close(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.stdin?.destroy();
  }

  #take(message: Reply, handle: unknown): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    if ('progress' in message) waiting.onProgress(message.progress);
    else if ('handle' in message) waiting.handles[message.handle] = handle;
    else if ('error' in message) waiting.reject(errorOf(message.error));
    else waiting.resolve(message.value);
  }

  #failAll(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('hostd has ended'));
  }
}

const errorOf = ({ message, problem }: { readonly message: string; readonly problem?: string }): Error =>
  // As hostd's MachineError named it.
  problem === undefined ? new Error(message) : new MachineError(problem as MachineProblem, message);

export function machineHandsOf(hostd: Hostd): MachineHands {
  const tell = async (command: string, input?: unknown): Promise<void> => void (await hostd.call(command, input));
  return {
    start: (launch) => tell('machines.start', launch),
    kill: (id) => tell('machines.kill', id),
    list: async () => (await hostd.call('machines.list')).value as readonly string[],
    left: async () => (await hostd.call('machines.left')).value as readonly string[],
    lend: (id, files) => tell('machines.lend', { id, files }),
    takeBack: (id, files) => tell('machines.takeBack', { id, files }),
    forget: (id) => tell('machines.forget', id),
  };
}

export const imageHandsOf = (hostd: Hostd): ImageHands => ({
  build: async (image, id, onProgress) => void (await hostd.call('images.build', { image, id }, onProgress)),
  remove: async (id) => void (await hostd.call('images.remove', id)),
});

export function networkHandsOf(hostd: Hostd): NetworkHands {
  const tell = async (command: string, input: unknown): Promise<void> => void (await hostd.call(command, input));
  return {
    apply: (plan) => tell('networks.apply', plan),
    remove: (id) => tell('networks.remove', id),
    list: async () => (await hostd.call('networks.list')).value as readonly string[],
    tidy: () => tell('networks.tidy', {}),
    connect: async (ends) => (await hostd.call('networks.connect', ends)).handles['connection'],
    sockets: async (id) => (await hostd.call('networks.sockets', id)).handles as unknown as VpcSockets,
  };
}
