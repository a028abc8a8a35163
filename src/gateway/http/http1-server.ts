/** Plain HTTP/1.1 over node:net: accepts, counts, sweeps and stops. A connection's own story is in http1-connection.ts. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Milliseconds, TimerHandle } from '#platform/base/clock.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import { bindAll, loopbackHosts } from './bind.ts';
import type { Carrier } from './carrier.ts';
import type { ConnectionHost } from './connection-host.ts';
import { Counts } from './counts.ts';
import { Http1Connection } from './http1-connection.ts';
import { HeadParser } from './http1-head.ts';
import { HeadTail } from './http1-response.ts';
import { lendingSocket } from './lending-socket.ts';
import { defaultLimits, type HttpLimits } from './limits.ts';
import type { Listener, ListenOptions, RequestHandler } from './listener.ts';
import { type Refusal, refusals } from './refusal.ts';
import { remoteAddressOf } from './remote-address.ts';

/** One of several listeners on a port, in threads of their own (front/). */
export interface SharedPort {
  readonly counts: Counts;
  readonly carrier?: Carrier;
  /** Called when the sweep has looked at all connections: not while there is none. */
  readonly onSweep?: () => void;
}

export interface Http1Listener extends Listener {
  /** How many answers may ask their client to open another connection, until the next sweep. */
  sheds: number;
  /** A connection that came to another thread. */
  adopt(connection: Duplex, remoteAddress: string): void;
}

export async function startHttp1(options: ListenOptions, shared?: SharedPort): Promise<Http1Listener> {
  const host = new Http1Host(options, shared);
  const settings = { allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: true };
  const create = (): Server => createServer(settings, (socket) => host.accept(socket));
  const hosts = options.hosts ?? loopbackHosts;
  const { servers, port, addresses } = await bindAll(create, hosts, options.port, shared !== undefined);
  for (const server of servers) server.on('error', options.onFault);
  return {
    port,
    addresses,
    get connections() {
      return host.counts.connections;
    },
    get sheds() {
      return host.sheds;
    },
    set sheds(count) {
      host.sheds = count;
    },
    adopt: (connection, remoteAddress) => host.adopt(connection, remoteAddress),
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
  sheds = 0;
  readonly counts: Counts;
  readonly carrier: Carrier | undefined;
  readonly #onSweep: (() => void) | undefined;
  readonly #clock: Clock;
  readonly #options: ListenOptions;
  readonly #connections = new Set<Http1Connection>();
  /** Those of its own: not what was adopted. */
  readonly #counted = new Set<Http1Connection>();
  readonly #perAddress = new Map<string, number>();
  #sweep: TimerHandle | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: ListenOptions, shared: SharedPort | undefined) {
    this.#options = options;
    this.counts = shared?.counts ?? new Counts(Counts.memory(1), 0);
    this.carrier = shared?.carrier;
    this.#onSweep = shared?.onSweep;
    this.#clock = options.clock;
    this.handler = options.handler;
    this.limits = { ...defaultLimits, ...options.limits };
    this.parser = new HeadParser(this.limits);
    this.tail = new HeadTail(options.clock);
    this.coarseNow = options.clock.monotonic();
  }

  accept(accepted: Socket): void {
    const socket = lendingSocket(accepted, (bytes) => connection.onBytes(bytes));
    const connection = this.#open(socket, remoteAddressOf(socket));
    const connections = this.counts.addConnections(1);
    this.#counted.add(connection);
    const fromAddress = (this.#perAddress.get(connection.remoteAddress) ?? 0) + 1;
    this.#perAddress.set(connection.remoteAddress, fromAddress);
    if (connections > this.limits.connections || fromAddress > this.limits.connectionsPerAddress) {
      connection.refuseAtOnce(refusals.overloaded);
    }
  }

  /** It was counted where it came in. */
  adopt(connection: Duplex, remoteAddress: string): void {
    const opened = this.#open(connection, remoteAddress);
    connection.on('data', (chunk: Buffer) => {
      opened.onBytes(chunk);
      giveBack(chunk);
    });
  }

  #open(socket: Duplex, remoteAddress: string): Http1Connection {
    if (!this.#sweep) {
      this.coarseNow = this.#clock.monotonic();
      this.#armSweep();
    }
    const connection = new Http1Connection(this, socket, remoteAddress);
    this.#connections.add(connection);
    return connection;
  }

  mayShed(): boolean {
    if (this.sheds === 0) return false;
    this.sheds--;
    return true;
  }

  onFault(error: unknown): void {
    this.#options.onFault(error);
  }

  onRefusal(refusal: Refusal, remoteAddress: string): void {
    this.#options.onRefusal?.(refusal, remoteAddress);
  }

  onClose(connection: Http1Connection): void {
    if (!this.#connections.delete(connection)) return;
    if (this.#counted.delete(connection)) this.#discount(connection);
    if (this.#connections.size > 0) return;
    // Nobody there, nothing to sweep: an idle server sleeps.
    this.#sweep?.cancel();
    this.#sweep = undefined;
    this.#onEmpty?.();
  }

  #discount(connection: Http1Connection): void {
    this.counts.addConnections(-1);
    const left = (this.#perAddress.get(connection.remoteAddress) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(connection.remoteAddress);
    else this.#perAddress.set(connection.remoteAddress, left);
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
      this.#onSweep?.();
    });
  }
}
