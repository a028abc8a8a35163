/** The threads of fronts, and what becomes of one that ends. */
import { Worker } from 'node:worker_threads';
import { type Milliseconds, minutes, seconds } from '#platform/base/clock.ts';
import { Counts } from '../counts.ts';
import { HeadTail } from '../http1-response.ts';
import type { Http1Listener } from '../http1-server.ts';
import type { ListenOptions } from '../listener.ts';
import { type EngineSide, FrontLink, newFrontMemory } from './front-link.ts';
import { CARRIED_BODY_BYTES, type FrontStart, type ToFront } from './messages.ts';

/** After a front that could not start: it may not get at its code, or at the port. */
const PAUSE = minutes(1);

interface Front {
  readonly member: number;
  readonly worker: Worker;
  readonly link: FrontLink;
  readonly ended: Promise<void>;
  state: 'starting' | 'listening' | 'ending';
}

export class Fronts {
  readonly #options: ListenOptions & Pick<FrontStart, 'hosts' | 'port' | 'limits'>;
  readonly #counts: SharedArrayBuffer;
  readonly #engine: EngineSide;
  readonly #running = new Set<Front>();
  #notBefore: Milliseconds = 0;

  constructor(
    options: ListenOptions & Pick<FrontStart, 'hosts' | 'port' | 'limits'>,
    listener: Pick<Http1Listener, 'adopt'>,
    counts: SharedArrayBuffer,
  ) {
    this.#options = options;
    this.#counts = counts;
    this.#engine = { ...options, tail: new HeadTail(options.clock), adopt: listener.adopt };
  }

  /** Those that are not ending. */
  get size(): number {
    return [...this.#running].filter(({ state }) => state !== 'ending').length;
  }

  get listening(): number {
    return [...this.#running].filter(({ state }) => state === 'listening').length;
  }

  /** Undefined: not now. */
  start(): Worker | undefined {
    if (this.#options.clock.monotonic() < this.#notBefore) return undefined;
    const member = this.#freeMember();
    if (member === undefined) return undefined;
    const memory = newFrontMemory(this.#counts, member);
    const { hosts, port, limits } = this.#options;
    const workerData: FrontStart = { memory, hosts, port, limits, carriedBodyBytes: CARRIED_BODY_BYTES };
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { name: 'front', env: {}, workerData });
    const link = new FrontLink(worker, memory, this.#engine, (state) => {
      if (state === 'stopped') void worker.terminate();
      else if (front.state === 'starting') front.state = 'listening';
    });
    worker.on('error', this.#options.onFault);
    const ended = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        this.#lost(front);
        resolve();
      });
    });
    const front: Front = { member, worker, link, ended, state: 'starting' };
    // The engine's listener keeps the process alive.
    worker.unref();
    this.#running.add(front);
    return worker;
  }

  /** They take no further connection, and finish what is under way. */
  async end(grace: Milliseconds): Promise<void> {
    await Promise.all([...this.#running].map((front) => this.#end(front, grace)));
  }

  async #end(front: Front, grace: Milliseconds): Promise<void> {
    front.state = 'ending';
    front.link.isStopping = true;
    front.worker.ref();
    const message: ToFront = { kind: 'stop', grace };
    front.worker.postMessage(message);
    // It cuts its connections then; if it can't, it is cut.
    const cut = this.#options.clock.after(grace + seconds(1), () => void front.worker.terminate());
    await front.ended;
    cut.cancel();
  }

  /** Whatever it had under way is gone with it; the engine listens on. */
  #lost(front: Front): void {
    if (front.state === 'starting') this.#notBefore = this.#options.clock.monotonic() + PAUSE;
    this.#running.delete(front);
    front.link.lose();
    new Counts(this.#counts, 0).forget(front.member);
  }

  #freeMember(): number | undefined {
    const taken = new Set([0, ...[...this.#running].map(({ member }) => member)]);
    return Array.from({ length: Counts.members(this.#counts) }, (_, member) => member).find(
      (member) => !taken.has(member),
    );
  }
}
