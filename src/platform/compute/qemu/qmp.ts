/**
 * QEMU's monitor: commands as lines of JSON, answers by the command's id, events in between. What comes was said by a process that its
 * guest may have taken over, so lines are bounded, an answer has its time, and what is no JSON ends the connection.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';

const LONGEST_LINE = 8 * 2 ** 20;
const ANSWER_WITHIN: Milliseconds = seconds(20);

type Json = Readonly<Record<string, unknown>>;

export interface QmpEvent {
  readonly name: string;
  readonly data: Json;
}

export interface QmpListeners {
  readonly onEvent: (event: QmpEvent) => void;
  /** Once, whoever ended it. */
  readonly onClose: () => void;
}

/** What QEMU says of a command that it refuses. */
export class QmpError extends Error {
  override name = 'QmpError';
}

export async function openQmp(path: string, clock: Clock, listeners: QmpListeners): Promise<Qmp> {
  const socket = connect(path);
  await once(socket, 'connect');
  const qmp = new Qmp(socket, clock, listeners);
  try {
    await qmp.run('qmp_capabilities');
  } catch (error) {
    qmp.close();
    throw error;
  }
  return qmp;
}

export class Qmp {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #listeners: QmpListeners;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #line: Buffer[] = [];
  #lineBytes = 0;

  constructor(socket: Socket, clock: Clock, listeners: QmpListeners) {
    this.#socket = socket;
    this.#clock = clock;
    this.#listeners = listeners;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // `close` follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new QmpError('the machine has ended'));
      this.#pending.clear();
      listeners.onClose();
    });
  }

  async run(command: string, input?: Json): Promise<unknown> {
    if (this.#socket.destroyed) throw new QmpError('the machine has ended');
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    const limit = this.#clock.after(ANSWER_WITHIN, () => answer.reject(new QmpError(`${command}: no answer`)));
    this.#socket.write(`${JSON.stringify({ execute: command, id, ...(input && { arguments: input }) })}\n`);
    try {
      return await answer.promise;
    } finally {
      limit.cancel();
      this.#pending.delete(id);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#line.push(chunk.subarray(start, end));
      const line = Buffer.concat(this.#line).toString('utf8');
      [this.#line, this.#lineBytes, start] = [[], 0, end + 1];
      if (!this.#take(line)) {
        this.close();
        return;
      }
    }
    if (start < chunk.length) this.#line.push(chunk.subarray(start));
    this.#lineBytes += chunk.length - start;
    if (this.#lineBytes > LONGEST_LINE) this.close();
  }

  /** Whether it made sense. */
  #take(line: string): boolean {
    const message = objectOf(line);
    if (message === undefined) return false;
    const { event, id, error } = message;
    if (typeof event === 'string') this.#listeners.onEvent({ name: event, data: asObject(message['data']) ?? {} });
    const answer = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (error === undefined) answer?.resolve(message['return']);
    else answer?.reject(new QmpError(String(asObject(error)?.['desc'])));
    return true;
  }
}

function objectOf(line: string): Json | undefined {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** An array is none. */
export const asObject = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
