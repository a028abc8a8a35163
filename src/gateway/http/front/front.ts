/**
 * A front: a listener in a thread of its own, which reads and checks requests, and writes answers; the engine, in its thread, serves them. Whole
 * requests with short bodies are carried, as records; a connection that brings anything else (a long body, `100-continue`, another protocol) is
 * passed on to the engine for good, byte by byte.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '#platform/base/clock.ts';
import type { CarriedAnswer, Carrier } from '../carrier.ts';
import { Counts } from '../counts.ts';
import { CHUNKED, type Http1Head } from '../http1-head.ts';
import type { Http1Request } from '../http1-request.ts';
import { type Http1Listener, startHttp1 } from '../http1-server.ts';
import {
  ABORTED,
  ANSWER_HEAD_BYTES,
  type FrontStart,
  type Line,
  PLACES,
  RECORDS_AT_ONCE,
  type ToEngine,
  type ToFront,
  WAKE,
} from './messages.ts';
import { packRequest } from './packed-request.ts';
import { Passage } from './passage.ts';
import { RecordReader, RecordWriter, spaceOf } from './record-ring.ts';

export async function startFront(line: Line, start: FrontStart, clock: Clock): Promise<Http1Listener> {
  const tell = (message: ToEngine): void => line.postMessage(message);
  const carrier = new EngineCarrier(line, start);
  const listener = await startHttp1(
    {
      hosts: start.hosts,
      port: start.port,
      limits: start.limits,
      clock,
      handler: { serve: () => Promise.reject(new Error('the engine serves')) },
      onFault: (error) => tell({ kind: 'fault', reason: error instanceof Error ? `${error.stack}` : String(error) }),
      onRefusal: (refusal, remoteAddress) => tell({ kind: 'refusal', refusal, remoteAddress }),
    },
    { counts: new Counts(start.memory.counts, start.memory.member), carrier },
  );
  line.on('message', (message: ToFront) => {
    if (message === WAKE) carrier.takeAnswers();
    else if (message.kind === 'stop') void listener.stop(message.grace).then(() => tell({ kind: 'stopped' }));
    else carrier.onAnswer(message);
  });
  tell({ kind: 'listens' });
  return listener;
}

class EngineCarrier implements Carrier {
  readonly #line: Line;
  readonly #mostBytes: number;
  readonly #requests: RecordWriter;
  readonly #answers: RecordReader;
  readonly #waiting: (CarriedAnswer | undefined)[] = [];
  readonly #free: number[] = [];

  constructor(line: Line, { memory, carriedBodyBytes }: FrontStart) {
    this.#line = line;
    this.#mostBytes = carriedBodyBytes;
    this.#requests = new RecordWriter(memory.requests, () => line.postMessage(WAKE));
    this.#answers = new RecordReader(memory.answers);
  }

  mustPass({ bodyLength, headers }: Http1Head): boolean {
    return (
      bodyLength === CHUNKED ||
      bodyLength > this.#mostBytes ||
      headers['upgrade'] !== undefined ||
      headers['expect'] !== undefined
    );
  }

  pass(remoteAddress: string): Passage {
    const { port1, port2 } = new MessageChannel();
    this.#line.postMessage({ kind: 'pass', remoteAddress, port: port2 } satisfies ToEngine, [port2]);
    return new Passage(port1);
  }

  carry(request: Http1Request, keepAlive: boolean, answer: CarriedAnswer): void {
    const number = this.#free.pop() ?? this.#waiting.length;
    const place = number % PLACES;
    this.#waiting[place] = answer;
    const packed = packRequest(request, keepAlive);
    const at = this.#requests.place(packed.bytes);
    if (at < 0) {
      const bytes = new Uint8Array(packed.bytes);
      packed.writeTo(spaceOf(bytes.buffer), 0);
      this.#line.postMessage({ kind: 'request', number, bytes } satisfies ToEngine, [bytes.buffer]);
    } else {
      packed.writeTo(this.#requests.space, at);
      this.#requests.give(packed.bytes, number);
    }
    request.onAbort = () => this.#abort(number);
  }

  /** Without room nobody is told, and the engine serves in vain: what it answers is dropped. */
  #abort(number: number): void {
    if (this.#waiting[number % PLACES] === undefined) return;
    if (this.#requests.place(ABORTED) >= 0) this.#requests.give(ABORTED, number);
  }

  takeAnswers(): void {
    const { bytes, words } = this.#answers.space;
    const hasMore = this.#answers.take(RECORDS_AT_ONCE, (number, at, length) => {
      const from = at + ANSWER_HEAD_BYTES;
      // The ring's memory serves again, and a slow client's answer may wait long.
      const own = Buffer.allocUnsafe(length - ANSWER_HEAD_BYTES);
      bytes.copy(own, 0, from, at + length);
      this.#answerOf(number)?.whole(own, words[at >> 2] === 1);
    });
    if (hasMore) setImmediate(() => this.takeAnswers());
  }

  onAnswer(message: Exclude<ToFront, typeof WAKE | { readonly kind: 'stop' }>): void {
    const answer = this.#answerOf(message.number);
    if (message.kind === 'stream') answer?.stream(new Passage(message.port), message.closes);
    else answer?.whole(Buffer.from(message.bytes.buffer as ArrayBuffer), message.closes);
  }

  #answerOf(number: number): CarriedAnswer | undefined {
    const place = number % PLACES;
    const answer = this.#waiting[place];
    this.#waiting[place] = undefined;
    // Words have 32 bits.
    this.#free.push((number + PLACES) % 2 ** 32);
    return answer;
  }
}
