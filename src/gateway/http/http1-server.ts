/** Plain HTTP/1.1 over node:net: accepts, counts, sweeps and stops. A connection's own story is in http1-connection.ts. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Milliseconds, TimerHandle } from '#platform/base/clock.ts';
import { bindAll, loopbackHosts } from './bind.ts';
import { type ConnectionHost, Http1Connection } from './http1-connection.ts';
import { HeadParser } from './http1-head.ts';
import { HeadTail } from './http1-response.ts';
import { defaultLimits, type HttpLimits } from './limits.ts';
import type { Listener, ListenOptions, RequestHandler } from './listener.ts';
import { type Refusal, refusals } from './refusal.ts';

export async function startHttp1(options: ListenOptions): Promise<Listener> {
  const host = new Http1Host(options);
  const settings = { allowHalfOpen: true, noDelay: true, keepAlive: true };
  const create = (): Server => createServer(settings, (socket) => host.accept(socket));
  const { servers, port, addresses } = await bindAll(create, options.hosts ?? loopbackHosts, options.port);
  for (const server of servers) server.on('error', options.onFault);
  return {
    port,
    addresses,
    get connections() {
      return host.size;
    },
    stop(grace) {
      for (const server of servers) server.close();
      return host.stop(grace);
    },
  };
}

class Http1Host implements ConnectionHost {
  readonly handler: RequestHandler;
  readonly limits: HttpLimits;
  readonly parser: HeadParser;
  readonly tail: HeadTail;
  stopping = false;
  coarseNow: Milliseconds;
  bufferedBytes = 0;
  readonly #clock: Clock;
  readonly #options: ListenOptions;
  readonly #connections = new Set<Http1Connection>();
  readonly #perAddress = new Map<string, number>();
  #sweep: TimerHandle | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.handler = options.handler;
    this.limits = { ...defaultLimits, ...options.limits };
    this.parser = new HeadParser(this.limits);
    this.tail = new HeadTail(options.clock);
    this.coarseNow = options.clock.monotonic();
  }

  get size(): number {
    return this.#connections.size;
  }

  accept(socket: Socket): void {
    if (!this.#sweep) {
      this.coarseNow = this.#clock.monotonic();
      this.#armSweep();
    }
    const connection = new Http1Connection(this, socket);
    this.#connections.add(connection);
    const fromAddress = (this.#perAddress.get(connection.remoteAddress) ?? 0) + 1;
    this.#perAddress.set(connection.remoteAddress, fromAddress);
    if (this.#connections.size > this.limits.connections || fromAddress > this.limits.connectionsPerAddress) {
      connection.refuseAtOnce(refusals.overloaded);
    }
  }

  onFault(error: unknown): void {
    this.#options.onFault(error);
  }

  onRefusal(refusal: Refusal, remoteAddress: string): void {
    this.#options.onRefusal?.(refusal, remoteAddress);
  }

  onClose(connection: Http1Connection): void {
    if (!this.#connections.delete(connection)) return;
    const left = (this.#perAddress.get(connection.remoteAddress) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(connection.remoteAddress);
    else this.#perAddress.set(connection.remoteAddress, left);
    if (this.#connections.size > 0) return;
    // Nobody there, nothing to sweep: an idle server sleeps.
    this.#sweep?.cancel();
    this.#sweep = undefined;
    this.#onEmpty?.();
  }

  async stop(grace: Milliseconds): Promise<void> {
    this.stopping = true;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of this.#connections) connection.retire();
    if (this.#connections.size === 0) return;
    const cut = this.#clock.after(grace, () => {
      for (const connection of this.#connections) connection.destroy();
    });
    await empty;
    cut.cancel();
  }

  #armSweep(): void {
    this.#sweep = this.#clock.after(this.limits.sweepTime, () => {
      this.#armSweep();
      this.coarseNow = this.#clock.monotonic();
      for (const connection of this.#connections) connection.check(this.coarseNow);
    });
  }
}
