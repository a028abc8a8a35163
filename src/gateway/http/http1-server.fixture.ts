/** For tests: a listener on a port of its own with a simulated clock, and raw clients that wait on what they receive. */
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { SimulatedClock } from '#platform/base/clock.ts';
import { startHttp1 } from './http1-server.ts';
import type { HttpLimits } from './limits.ts';
import type { IncomingRequest, Listener, ListenOptions, RequestHandler } from './listener.ts';

interface Front {
  readonly listener: Listener;
  readonly clock: SimulatedClock;
  readonly faults: unknown[];
  readonly refusals: string[];
  client(): Promise<Client>;
}

const listening = { start: startHttp1 as (options: ListenOptions) => Promise<Listener> };

/** For files that run the tests of another over a listener of their own. */
export function listenBy(start: (options: ListenOptions) => Promise<Listener>): void {
  listening.start = start;
}

/** Whether answers are written from the handler's own memory. */
export const writesOwnMemory = (): boolean => listening.start === startHttp1;

/** Answers with what it saw, as JSON. */
export const echo: RequestHandler = {
  serve: (request) => text(`${request.method} ${request.path}?${request.query} ${request.body.toString()}`),
};

export const text = (body: WireResponse['body'], headers: WireResponse['headers'] = {}): WireResponse => ({
  status: 200,
  headers,
  body,
});

export async function front(t: TestContext, handler: RequestHandler, limits: Partial<HttpLimits> = {}): Promise<Front> {
  const clock = new SimulatedClock();
  const faults: unknown[] = [];
  const refusals: string[] = [];
  const clients: Client[] = [];
  const listener = await listening.start({
    port: 0,
    handler,
    clock,
    limits,
    onFault: (error) => faults.push(error),
    onRefusal: (refusal) => refusals.push(`${refusal.status} ${refusal.reason}`),
  });
  t.after(async () => {
    for (const client of clients) client.socket.destroy();
    await listener.stop(0);
  });
  const client = async (): Promise<Client> => {
    const opened = await Client.open(listener.port);
    clients.push(opened);
    return opened;
  };
  return { listener, clock, faults, refusals, client };
}

/** A raw client: what it received is text in latin1. */
export class Client {
  readonly socket: Socket;
  received = '';
  /** How many pieces it came in. */
  pieces = 0;
  ended = false;
  closed = false;
  #waiting: (() => void)[] = [];

  static async open(port: number): Promise<Client> {
    const opened = new Client(connect({ host: '127.0.0.1', port, allowHalfOpen: true }));
    await opened.when(() => opened.socket.readyState === 'open');
    return opened;
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.pieces++;
      this.#changed();
    });
    socket.on('connect', () => this.#changed());
    socket.on('error', () => {});
    socket.on('end', () => {
      this.ended = true;
      this.#changed();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  send(bytes: string): this {
    this.socket.write(bytes, 'latin1');
    return this;
  }

  /** Resolves when `condition` holds, looked at after each event of the socket; rejects when it can't any more. */
  async when(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.closed) throw new Error(`the connection closed with: ${this.received}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  until(pattern: RegExp): Promise<void> {
    return this.when(() => pattern.test(this.received));
  }

  /** The server has ended or cut the connection. */
  async end(): Promise<string> {
    await this.when(() => this.ended || this.closed);
    return this.received;
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Waits for a condition, looked at in each turn of the event loop; a test that is wrong must not spin for ever. */
export async function eventually(condition: () => boolean): Promise<void> {
  const begin = performance.now();
  while (!condition()) {
    if (performance.now() - begin > 10_000) throw new Error('it never happened');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A handler whose answers the test gives by hand. */
export function held(): {
  handler: RequestHandler;
  requests: IncomingRequest[];
  answer(index: number, response: WireResponse): void;
} {
  const requests: IncomingRequest[] = [];
  const answers: ((response: WireResponse) => void)[] = [];
  return {
    requests,
    handler: {
      serve: (request) =>
        new Promise((resolve) => {
          requests.push(request);
          answers.push(resolve);
        }),
    },
    answer: (index, response) => answers[index]?.(response),
  };
}
