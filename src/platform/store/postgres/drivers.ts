/**
 * The driver over PostgreSQL. What most requests read they find in the rows kept (store/row-cache.ts), which no other process writes
 * while this one owns the partition. A read that no memory answers is asked of the database `later`, and the request waits for it (store/again.ts);
 * what can't begin anew puts this thread to sleep until it is answered, as SQLite does while it reads a page from the disk: some 0.1 ms on the
 * same machine.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { assert } from '#platform/base/assert.ts';
import { type Milliseconds, seconds } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import type { MasterKeys } from '#platform/secrets/master-key.ts';
import type { DriverRange, DriverRow, LaterReads, SharedDriver, StoreDrivers, Taken } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import { DEFAULT_PATIENCE } from '#platform/store/postgres/connect.ts';
import type {
  Answers,
  Membership,
  Order,
  PackedRows,
  Question,
  Reply,
  Report,
  Start,
  TakenPartition,
} from '#platform/store/postgres/orders.ts';
import { RowCache } from '#platform/store/row-cache.ts';
import { StoreUnavailable } from '#platform/store/store.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

/** Longer than all limits of the other thread together: it ends only where that thread has. */
const ANSWER_LIMIT: Milliseconds = seconds(60);

type PostgresOptions = Pick<Start, 'address' | 'masterKeys' | 'patience'>;

interface Running {
  readonly worker: Worker;
  readonly replies: MessagePort;
  readonly answered: Int32Array;
}

class PostgresThread {
  readonly #options: PostgresOptions;
  #running: Running | undefined;
  #questions = 0;
  readonly #waiting = new Map<Region, (error: Error | undefined) => void>();
  /** Questions that nobody sleeps for, by their ids. */
  readonly #asked = new Map<number, (reply: Reply) => void>();

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  /** Sleeps until it is answered. */
  ask<Kind extends Question['kind']>(question: Extract<Question, { kind: Kind }>): Answers[Kind] {
    this.#running ??= this.#start();
    const { worker, replies, answered } = this.#running;
    const id = this.#nextId();
    post(worker, { kind: 'ask', id, question, isAsleep: true });
    const before = Atomics.load(answered, 0);
    if (before !== id && Atomics.wait(answered, 0, before, ANSWER_LIMIT) === 'timed-out') {
      throw new StoreUnavailable('the database does not answer');
    }
    for (;;) {
      // Posted before the signal was given; one that was given up may lie before it.
      const reply = receiveMessageOnPort(replies)?.message as Reply | undefined;
      assert(reply !== undefined, 'an answer lies in the port when its signal is given');
      if (reply.id !== id) continue;
      if (reply.error !== undefined) throw new StoreUnavailable(reply.error);
      // The thread answers what was asked.
      return reply.answer as Answers[Kind];
    }
  }

  askLater<Kind extends Question['kind']>(question: Extract<Question, { kind: Kind }>): Promise<Answers[Kind]> {
    return new Promise((resolve, reject) => {
      this.#running ??= this.#start();
      const { worker } = this.#running;
      const id = this.#nextId();
      this.#asked.set(id, ({ answer, error }) => {
        if (error !== undefined) reject(new StoreUnavailable(error));
        // The thread answers what was asked.
        else resolve(answer as Answers[Kind]);
      });
      worker.ref();
      post(worker, { kind: 'ask', id, question, isAsleep: false });
    });
  }

  commit(region: Region, batch: Uint8Array, member: Membership | undefined): Promise<void> {
    return this.#order({ kind: 'commit', region, batch, ...(member && { member }) });
  }

  close(region: Region): Promise<void> {
    return this.#running === undefined ? Promise.resolve() : this.#order({ kind: 'close', region });
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const exited = new Promise((resolve) => running.worker.once('exit', resolve));
    running.worker.ref();
    post(running.worker, { kind: 'stop' });
    await exited;
  }

  #nextId(): number {
    this.#questions = (this.#questions + 1) | 0;
    return this.#questions;
  }

  #order(order: Extract<Order, { region: Region }>): Promise<void> {
    return new Promise((resolve, reject) => {
      assert(!this.#waiting.has(order.region), 'one order at a time for a region');
      this.#waiting.set(order.region, (error) => (error ? reject(error) : resolve()));
      this.#running ??= this.#start();
      this.#running.worker.ref();
      post(this.#running.worker, order);
    });
  }

  #start(): Running {
    const { port1: replies, port2 } = new MessageChannel();
    const answered = new SharedArrayBuffer(4);
    const workerData: Start = { ...this.#options, replies: port2, answered };
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: 'postgres',
      workerData,
      transferList: [port2],
    });
    worker.on('message', (message: Report | Reply) => {
      if ('id' in message) return this.#answered(message);
      const { region, error } = message;
      this.#settle(region, error === undefined ? undefined : new StoreUnavailable(error));
    });
    worker.on('error', (error) => this.#fail(new StoreUnavailable(error.message, { cause: error })));
    worker.on('exit', () => {
      if (this.#running?.worker === worker) this.#running = undefined;
      replies.close();
      this.#fail(new StoreUnavailable('the thread of the database has ended'));
    });
    // An idle store keeps no process alive; one that writes does.
    worker.unref();
    replies.unref();
    return { worker, replies, answered: new Int32Array(answered) };
  }

  #settle(region: Region, error: Error | undefined): void {
    const settle = this.#waiting.get(region);
    this.#waiting.delete(region);
    this.#rest();
    settle?.(error);
  }

  #answered(reply: Reply): void {
    const settle = this.#asked.get(reply.id);
    this.#asked.delete(reply.id);
    this.#rest();
    settle?.(reply);
  }

  #rest(): void {
    if (this.#waiting.size === 0 && this.#asked.size === 0) this.#running?.worker.unref();
  }

  #fail(error: Error): void {
    for (const region of [...this.#waiting.keys()]) this.#settle(region, error);
    for (const id of [...this.#asked.keys()]) this.#answered({ id, error: error.message });
  }
}

/** The worker is this program's own. */
const post = (worker: Worker, order: Order): void => worker.postMessage(order);

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function unpacked({ bytes, lengths }: PackedRows): DriverRow[] {
  const all = asBuffer(bytes);
  const rows: DriverRow[] = [];
  for (let index = 0, at = 0; index < lengths.length; index += 2) {
    const value = at + (lengths[index] ?? 0);
    const end = value + (lengths[index + 1] ?? 0);
    rows.push({ key: all.toString('latin1', at, value) as Key, value: all.subarray(value, end) });
    at = end;
  }
  return rows;
}

const taken = ({ number, epoch, rows, others }: TakenPartition): Taken => ({
  number,
  epoch,
  known: { rows: unpacked(rows), others: new Set(others) },
});

class PostgresDriver implements SharedDriver {
  readonly later: LaterReads;
  readonly #region: Region;
  readonly #thread: PostgresThread;
  readonly #incarnation: (() => number) | undefined;

  constructor(region: Region, thread: PostgresThread, incarnation: (() => number) | undefined) {
    this.#region = region;
    this.#thread = thread;
    this.#incarnation = incarnation;
    this.later = {
      cache: new RowCache(),
      own: async (name) => taken(await thread.askLater<'own'>(this.#owning(name))),
      find: (name) => thread.askLater<'find'>({ kind: 'find', region, name }),
      names: () => thread.askLater<'names'>({ kind: 'names', region }),
      async get(partition, key) {
        const value = await thread.askLater<'get'>({ kind: 'get', partition, key });
        return value && asBuffer(value);
      },
      async rows(partition, keys) {
        const found = unpacked(await thread.askLater<'rows'>({ kind: 'rows', partition, keys }));
        const values = new Map(found.map(({ key, value }) => [key, value]));
        return keys.map((key) => values.get(key));
      },
      range: async (partition, range) => unpacked(await thread.askLater<'range'>(ranging(partition, range))),
    };
  }

  own(name: string): Taken {
    return taken(this.#thread.ask<'own'>(this.#owning(name)));
  }

  #owning(name: string): Extract<Question, { kind: 'own' }> {
    return { kind: 'own', region: this.#region, name, incarnation: this.#incarnation?.() };
  }

  find(name: string): number | undefined {
    return this.#thread.ask<'find'>({ kind: 'find', region: this.#region, name });
  }

  names(): string[] {
    return this.#thread.ask<'names'>({ kind: 'names', region: this.#region });
  }

  get(partition: number, key: Key): Buffer | undefined {
    const value = this.#thread.ask<'get'>({ kind: 'get', partition, key });
    return value && asBuffer(value);
  }

  range(partition: number, range: DriverRange): DriverRow[] {
    return unpacked(this.#thread.ask<'range'>(ranging(partition, range)));
  }

  commit(batch: Uint8Array, announced: ReadonlySet<string> = NOTHING): Promise<void> {
    const incarnation = this.#incarnation?.();
    const member = incarnation === undefined ? undefined : { incarnation, announced: [...announced] };
    return this.#thread.commit(this.#region, batch, member);
  }

  close(): Promise<void> {
    return this.#thread.close(this.#region);
  }
}

const ranging = (
  partition: number,
  { from, before, limit, reverse }: DriverRange,
): Extract<Question, { kind: 'range' }> => {
  return { kind: 'range', partition, from, before, limit: Number.isFinite(limit) ? limit : null, reverse };
};

const NOTHING: ReadonlySet<string> = new Set();

/** The master keys are those that the store opens sealed rows by. With an incarnation, the process is one of several. */
export function postgresDrivers(
  address: StoreAddress,
  masterKeys?: MasterKeys,
  patience = DEFAULT_PATIENCE,
  incarnation?: () => number,
): StoreDrivers<SharedDriver> {
  const thread = new PostgresThread({ address, masterKeys, patience });
  return {
    regions: () => thread.ask<'regions'>({ kind: 'regions' }),
    later: { regions: () => thread.askLater<'regions'>({ kind: 'regions' }) },
    open: (region) => new PostgresDriver(region, thread, incarnation),
    close: () => thread.stop(),
  };
}
