/**
 * Plain HTTP/1.1 with help: one thread reads, serves and answers, and when it has been busy for a while, others (fronts) take the reading and
 * writing from it. All listen on the same port; the system spreads new connections. Those that are open with the engine are asked, one answer
 * after another, to come again. When the engine rests, fronts end: an idle server has one listener.
 */
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { type Clock, type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { bindAll, loopbackHosts } from '../bind.ts';
import { Counts } from '../counts.ts';
import { type Http1Listener, startHttp1 } from '../http1-server.ts';
import { defaultLimits } from '../limits.ts';
import type { Listener, ListenOptions } from '../listener.ts';
import type { Fronts } from './fronts.ts';

const BUSY = 0.6;
const RESTING = 0.2;
/** A client or two gain nothing: they wait for one answer after another. */
const LEAST_CONNECTIONS = 8;
/** How often in a row it must have been busy, or at rest, a second each. */
const BUSY_LOOKS = 2;
const RESTING_LOOKS = 30;
/** In a second: so many clients come again without a wave of them. */
const SHED_CONNECTIONS = 500;
/** A long poll takes 20 s. */
const LONGEST_REQUEST = seconds(60);

/** One thread is left to the engine. Others share ports in other ways, or not at all. */
const areOfUse = process.platform === 'linux' && availableParallelism() > 1;
/**
 * With two processors, where the committer takes a part of the second, small messages gain nothing (decision 3): there it takes so many bytes in a
 * second that it is worth a thread to move them.
 */
const FEW_PROCESSORS = 2;
const WORTH_BYTES = 64 * 2 ** 20;

/** `most` fronts at once; `busy` is the share of its time since the last call in which this thread had work. */
export async function startFronted(
  options: ListenOptions,
  most = 0,
  busy: () => number = utilization(),
  processors: number = availableParallelism(),
): Promise<Listener> {
  const limits = { ...defaultLimits, ...options.limits };
  // Connections of one address are counted by each listener for itself.
  if (most === 0 || !areOfUse || Number.isFinite(limits.connectionsPerAddress)) return startHttp1(options);
  const port = await freeOf(options.hosts ?? loopbackHosts, options.port);
  const memory = Counts.memory(membersOf(most));
  const counts = new Counts(memory, 0);
  const listener = await startHttp1({ ...options, port }, { counts, onSweep: () => watch.look() });
  let moved = 0;
  const isWorthIt = (): boolean => {
    const before = moved;
    moved = counts.moved;
    return processors > FEW_PROCESSORS || moved - before > WORTH_BYTES;
  };
  const place = { hosts: listener.addresses, port: listener.port, limits };
  const watch = new Watch(options, listener, { most, busy, isWorthIt }, async () => {
    // Loaded when it is needed: most servers never are that busy.
    const loaded = await import('./fronts.ts');
    return new loaded.Fronts({ ...options, ...place }, listener, memory);
  });
  return {
    port: listener.port,
    addresses: listener.addresses,
    get connections() {
      return listener.connections;
    },
    async stop(grace) {
      await Promise.all([listener.stop(grace), watch.stop(grace)]);
    },
  };
}

/** The engine; fronts, of which some may be ending while others begin. */
const membersOf = (most: number): number => 1 + 2 * most;

/** The port, found free of any other program: one that shares it with itself would share it with another of its user as well. */
async function freeOf(hosts: readonly string[], asked: number): Promise<number> {
  const { servers, port } = await bindAll(() => createServer(), hosts, asked);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return port;
}

function utilization(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(now, last);
    last = now;
    return since.utilization;
  };
}

interface Judging {
  readonly most: number;
  readonly busy: () => number;
  readonly isWorthIt: () => boolean;
}

/** Has fronts started when the engine is busy, and ended when it rests. */
class Watch {
  readonly #clock: Clock;
  readonly #listener: Http1Listener;
  readonly #onFault: (error: unknown) => void;
  readonly #most: number;
  readonly #busy: () => number;
  readonly #isWorthIt: () => boolean;
  readonly #load: () => Promise<Fronts>;
  #fronts: Fronts | undefined;
  #busyLooks = 0;
  #restingLooks = 0;
  #timer: TimerHandle | undefined;
  #isStopping = false;

  constructor(
    { clock, onFault }: ListenOptions,
    listener: Http1Listener,
    { most, busy, isWorthIt }: Judging,
    load: () => Promise<Fronts>,
  ) {
    this.#clock = clock;
    this.#onFault = onFault;
    this.#listener = listener;
    this.#most = most;
    this.#busy = busy;
    this.#isWorthIt = isWorthIt;
    this.#load = load;
  }

  /** The engine's sweep, once a second while it has connections. With fronts, which may have them all, a timer does it. */
  look(): void {
    if (this.#timer === undefined) this.#judge();
  }

  async stop(grace: Milliseconds): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    await this.#fronts?.end(grace);
  }

  #judge(): void {
    const share = this.#busy();
    // Asked each time: it looks at what has come since.
    const isWorthIt = this.#isWorthIt();
    const isBusy = share > BUSY && isWorthIt && this.#listener.connections >= LEAST_CONNECTIONS;
    this.#busyLooks = isBusy ? this.#busyLooks + 1 : 0;
    this.#restingLooks = share < RESTING ? this.#restingLooks + 1 : 0;
    const running = this.#fronts?.listening ?? 0;
    this.#listener.sheds = running > 0 ? SHED_CONNECTIONS : 0;
    if (this.#busyLooks >= BUSY_LOOKS && (this.#fronts?.size ?? 0) < this.#most) void this.#start();
    if (this.#restingLooks < RESTING_LOOKS || running === 0) return;
    this.#listener.sheds = 0;
    void this.#fronts?.end(LONGEST_REQUEST);
  }

  async #start(): Promise<void> {
    this.#busyLooks = 0;
    this.#arm();
    try {
      this.#fronts ??= await this.#load();
    } catch (error) {
      // The folder of the program may be closed to the user that the server has become.
      this.#onFault(error);
      return;
    }
    if (!this.#isStopping) this.#fronts.start();
  }

  #arm(): void {
    this.#timer ??= this.#clock.after(seconds(1), () => {
      this.#timer = undefined;
      if (this.#isStopping) return;
      if ((this.#fronts?.size ?? 0) > 0) this.#arm();
      this.#judge();
    });
  }
}
