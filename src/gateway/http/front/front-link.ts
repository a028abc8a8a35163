/** One front from the engine's side: takes its requests, has them served, gives it the answers. */
import { MessageChannel } from 'node:worker_threads';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import { BodyStream } from '../body-stream.ts';
import { writeStream } from '../http1-body-writer.ts';
import { type HeadTail, isBodiless, refusalAnswer, wholeAnswer } from '../http1-response.ts';
import type { BodyPlan, ListenOptions } from '../listener.ts';
import { type Refusal, refusals } from '../refusal.ts';
import {
  ABORTED,
  ANSWER_HEAD_BYTES,
  type FrontMemory,
  type Line,
  PLACES,
  RECORDS_AT_ONCE,
  type ToEngine,
  type ToFront,
  WAKE,
} from './messages.ts';
import { type Unpacked, unpackRequest } from './packed-request.ts';
import { Passage } from './passage.ts';
import { newRing, RecordReader, RecordWriter, spaceOf } from './record-ring.ts';

const RING_BYTES = 4 * 2 ** 20;
/** A longer answer goes by message, without a copy in the ring. */
const RECORD_BYTES = 512 * 1024;
const NO_FLOW = { onWanted() {}, onRoom() {} };

export const newFrontMemory = (counts: SharedArrayBuffer, member: number): FrontMemory => ({
  requests: newRing(RING_BYTES),
  answers: newRing(RING_BYTES),
  counts,
  member,
});

export interface EngineSide extends Pick<ListenOptions, 'handler' | 'onFault' | 'onRefusal'> {
  readonly tail: HeadTail;
  /** A connection that brings what can't be carried. */
  adopt(connection: Passage, remoteAddress: string): void;
}

interface Call extends Unpacked {
  readonly number: number;
}

export class FrontLink {
  readonly #line: Line;
  readonly #engine: EngineSide;
  readonly #requests: RecordReader;
  readonly #answers: RecordWriter;
  readonly #calls: (Call | undefined)[] = [];
  readonly #onState: (state: 'listens' | 'stopped') => void;
  #isLost = false;
  /** Each answer is its connection's last. */
  isStopping = false;

  constructor(line: Line, memory: FrontMemory, engine: EngineSide, onState: (state: 'listens' | 'stopped') => void) {
    this.#line = line;
    this.#engine = engine;
    this.#onState = onState;
    this.#requests = new RecordReader(memory.requests);
    this.#answers = new RecordWriter(memory.answers, () => line.postMessage(WAKE));
    line.on('message', (message: ToEngine) => this.#onMessage(message));
  }

  /** The thread has ended: nobody waits for an answer. */
  lose(): void {
    this.#isLost = true;
    for (const call of this.#calls) call?.request.abort();
    this.#calls.length = 0;
  }

  #onMessage(message: ToEngine): void {
    if (message === WAKE) {
      this.#takeRequests();
      return;
    }
    switch (message.kind) {
      case 'request':
        this.#begin(message.number, unpackRequest(spaceOf(message.bytes.buffer), 0));
        break;
      case 'pass':
        this.#engine.adopt(new Passage(message.port), message.remoteAddress);
        break;
      case 'refusal':
        this.#engine.onRefusal?.(message.refusal, message.remoteAddress);
        break;
      case 'fault':
        this.#engine.onFault(new Error(message.reason));
        break;
      default:
        this.#onState(message.kind);
    }
  }

  #takeRequests(): void {
    if (this.#isLost) return;
    const hasMore = this.#requests.take(RECORDS_AT_ONCE, (number, at, length) => {
      if (length === ABORTED) this.#abort(number);
      else this.#begin(number, unpackRequest(this.#requests.space, at));
    });
    if (hasMore) setImmediate(() => this.#takeRequests());
  }

  #abort(number: number): void {
    const call = this.#calls[number % PLACES];
    if (call?.number === number) call.request.abort();
  }

  #begin(number: number, { request, keepAlive }: Unpacked): void {
    const call = { number, request, keepAlive };
    this.#calls[number % PLACES] = call;
    try {
      const refusal = this.#settleBody(call);
      if (refusal === 'answered') return;
      if (refusal !== undefined) {
        this.#engine.onRefusal?.(refusal, request.remoteAddress);
        this.#refuse(call, refusal);
        return;
      }
      const response = this.#engine.handler.serve(request);
      if (response instanceof Promise) {
        response.then(
          (late) => this.#answer(call, late),
          (error) => this.#fault(call, error),
        );
      } else this.#answer(call, response);
    } catch (error) {
      this.#fault(call, error);
    }
  }

  /** The body is here, whatever the handler wants done with one. */
  #settleBody(call: Call): Refusal | 'answered' | undefined {
    const { request } = call;
    if (request.body.length === 0) return undefined;
    const plan: BodyPlan | undefined = this.#engine.handler.planBody?.(request);
    if (plan?.mode === 'answer') {
      this.#answer(call, plan.response);
      return 'answered';
    }
    if (plan?.mode === 'buffer' && request.body.length > plan.limitBytes) return refusals.bodySize;
    if (plan?.mode === 'stream') {
      const stream = new BodyStream(NO_FLOW, request.body.length + 1);
      stream.push(request.body);
      stream.end();
      request.body = NOTHING;
      request.stream = stream;
    }
    return undefined;
  }

  #answer(call: Call, response: WireResponse): void {
    const { body } = response;
    const isWhole = typeof body === 'string' || body instanceof Uint8Array;
    const isHead = call.request.method === 'HEAD';
    if (!isWhole && !this.#isLost && !isHead && !isBodiless(response.status)) {
      this.#answerStream(call, response, body);
      return;
    }
    if (!isWhole) body[Symbol.asyncIterator]().return?.();
    if (!this.#isLost) this.#answerWhole(call, response, isWhole ? body : '');
  }

  #answerWhole(call: Call, response: WireResponse, body: string | Uint8Array): void {
    try {
      const keepAlive = call.keepAlive && !this.isStopping;
      const tail = this.#engine.tail.lines(keepAlive);
      const { first, second } = wholeAnswer(response, body, call.request.method === 'HEAD', tail);
      this.#give(call, first, second, !keepAlive);
      if (response.givesBody && typeof body !== 'string') giveBack(body);
    } catch (error) {
      this.#fault(call, error);
    }
  }

  #give(call: Call, first: string | Uint8Array, second: Uint8Array | undefined, closes: boolean): void {
    this.#calls[call.number % PLACES] = undefined;
    const bytes = first.length + (second?.length ?? 0);
    const at = bytes > RECORD_BYTES ? -1 : this.#answers.place(ANSWER_HEAD_BYTES + bytes);
    if (at < 0) {
      const whole = Buffer.allocUnsafeSlow(bytes);
      put(whole, 0, first, second);
      const message: ToFront = { kind: 'whole', number: call.number, bytes: whole, closes };
      this.#line.postMessage(message, [whole.buffer]);
      return;
    }
    this.#answers.space.words[at >> 2] = closes ? 1 : 0;
    put(this.#answers.space.bytes, at + ANSWER_HEAD_BYTES, first, second);
    this.#answers.give(ANSWER_HEAD_BYTES + bytes, call.number);
  }

  #answerStream(call: Call, response: WireResponse, body: AsyncIterable<Uint8Array>): void {
    const keepAlive = call.keepAlive && !this.isStopping;
    const { port1, port2 } = new MessageChannel();
    const passage = new Passage(port1);
    let hasBegun = false;
    const onBegin = (): void => {
      if (hasBegun) return;
      hasBegun = true;
      this.#calls[call.number % PLACES] = undefined;
      const message: ToFront = { kind: 'stream', number: call.number, port: port2, closes: !keepAlive };
      this.#line.postMessage(message, [port2]);
    };
    const tail = this.#engine.tail.lines(keepAlive);
    passage.once('close', () => {
      if (!passage.writableFinished) call.request.abort();
    });
    writeStream(passage, response, body, tail, {
      onBegin,
      write: (bytes) => passage.write(bytes, 'latin1'),
    }).then(
      () => passage.end(),
      (error) => {
        const wasCutOff = passage.destroyed;
        passage.destroy();
        if (!hasBegun) this.#fault(call, error);
        else if (!wasCutOff) this.#engine.onFault(error);
      },
    );
  }

  #fault(call: Call, error: unknown): void {
    if (this.#isLost || this.#calls[call.number % PLACES] !== call) return;
    this.#engine.onFault(error);
    this.#refuse(call, refusals.fault);
  }

  #refuse(call: Call, refusal: Refusal): void {
    this.#give(call, refusalAnswer(refusal, this.#engine.tail.lines(false)), undefined, true);
  }
}

const NOTHING = Buffer.alloc(0);

function put(target: Buffer, at: number, first: string | Uint8Array, second: Uint8Array | undefined): void {
  if (typeof first === 'string') target.write(first, at, 'latin1');
  else target.set(first, at);
  if (second) target.set(second, at + first.length);
}
