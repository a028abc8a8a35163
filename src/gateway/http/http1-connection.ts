/**
 * One client's connection: its requests in order, each read, handed to the handler and answered before the next is looked
 * at. Who is slow is found by the listener's sweep (`check`), never by a timer of its own.
 */
import type { Duplex } from 'node:stream';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import { BodyStream } from './body-stream.ts';
import { type Carrier, joinPassage, relay } from './carrier.ts';
import { CONTINUE, type ConnectionHost, type Phase } from './connection-host.ts';
import { BodyPieces } from './http1-body-pieces.ts';
import { writeStream } from './http1-body-writer.ts';
import type { Http1Head } from './http1-head.ts';
import { Http1Reader, type ReaderSink } from './http1-reader.ts';
import { Http1Request } from './http1-request.ts';
import { isBodiless, refusalAnswer, wholeAnswer } from './http1-response.ts';
import { BodyPace } from './limits.ts';
import { type Refusal, refusals } from './refusal.ts';

export class Http1Connection implements ReaderSink {
  readonly remoteAddress: string;
  readonly #host: ConnectionHost;
  readonly #socket: Duplex;
  readonly #reader: Http1Reader;
  #phase: Phase = 'idle';
  #deadline: Milliseconds;
  #writeDeadline: Milliseconds = Number.POSITIVE_INFINITY;
  #pace: BodyPace | undefined;
  #request: Http1Request | undefined;
  #keepAlive = true;
  #bodyComplete = true;
  readonly #pieces: BodyPieces;
  #bodyLimit = 0;
  #stream: BodyStream | undefined;
  #isHeldUp = false;
  #peerEnded = false;
  #lingered = 0;
  #passage: Duplex | undefined;

  constructor(host: ConnectionHost, socket: Duplex, remoteAddress: string) {
    this.#host = host;
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    this.#pieces = new BodyPieces(host.counts);
    this.#reader = new Http1Reader(this, host.limits, host.parser);
    this.#deadline = host.coarseNow + host.limits.idleTime;
    socket.on('end', () => this.#onPeerEnd());
    socket.on('drain', () => this.#onDrain());
    // 'close' follows each error, and tells all there is to know.
    socket.on('error', () => {});
    socket.on('close', () => this.#onClosed());
  }

  /** No further request: an idle connection is closed at once. */
  retire(): void {
    this.#keepAlive = false;
    if (this.#phase === 'idle') this.#close();
    // It has no end of its own to wait for; what was passed on is ended from there.
    else if (this.#phase === 'handed-over' && this.#passage === undefined) this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  refuseAtOnce(refusal: Refusal): void {
    this.#reader.stop();
    this.onRefuse(refusal);
  }

  /** The sweep: whatever took too long ends here. */
  check(now: Milliseconds): void {
    if (this.#phase === 'handed-over') return;
    if (now > this.#writeDeadline) this.destroy();
    else if (this.#phase === 'body') {
      if (this.#isHeldUp) this.#pace?.restart(now);
      else if (this.#pace?.isLate(now)) this.refuseAtOnce(refusals.timeout);
    } else if (now <= this.#deadline) return;
    else if (this.#phase === 'head') this.refuseAtOnce(refusals.timeout);
    else if (this.#phase === 'lingering') this.destroy();
    else if (this.#phase === 'idle') this.#close();
  }

  onHead(head: Http1Head): void {
    const request = new Http1Request(head, this.remoteAddress);
    this.#request = request;
    this.#keepAlive = head.keepAlive;
    this.#phase = 'answering';
    if (this.#peerEnded) request.abort();
    this.#bodyComplete = head.bodyLength === 0;
    if (this.#host.stopping) this.refuseAtOnce(refusals.stopping);
    else if (this.#host.carrier?.mustPass(head)) this.#passOn(head, this.#host.carrier);
    else if (!this.#bodyComplete) this.#planBody(request, head);
  }

  #planBody(request: Http1Request, head: Http1Head): void {
    const { limits, handler } = this.#host;
    try {
      const plan = handler.planBody?.(request) ?? { mode: 'buffer', limitBytes: limits.bufferedBodyBytes };
      if (plan.mode === 'answer') {
        this.#answer(request, plan.response);
        return;
      }
      this.#pace = new BodyPace(limits, this.#host.coarseNow);
      this.#phase = 'body';
      if (plan.mode === 'buffer') this.#beginBuffer(head, plan.limitBytes);
      else this.#beginStream(request, head);
    } catch (error) {
      this.#fault(request, error);
    }
  }

  #passOn(head: Http1Head, carrier: Carrier): void {
    this.#phase = 'handed-over';
    this.#request = undefined;
    this.#reader.pass();
    for (const event of ['data', 'end', 'drain']) this.#socket.removeAllListeners(event);
    this.#passage = carrier.pass(this.remoteAddress);
    joinPassage(this.#socket, this.#passage, head, this.#peerEnded);
  }

  onPassed(bytes: Buffer): void {
    this.#passage?.write(Buffer.from(bytes));
  }

  onBody(lent: Buffer): void {
    this.#pace?.count(lent.length);
    const piece = Buffer.from(lent);
    if (this.#stream) {
      if (!this.#stream.push(piece)) this.#holdUp();
      return;
    }
    const buffered = this.#pieces.add(piece);
    if (this.#pieces.bytes > this.#bodyLimit) this.refuseAtOnce(refusals.bodySize);
    else if (buffered > this.#host.limits.bufferedBodyBytesTotal) this.refuseAtOnce(refusals.overloaded);
  }

  onEnd(): void {
    this.#bodyComplete = true;
    this.#pace = undefined;
    if (this.#phase === 'body') this.#phase = 'answering';
    const request = this.#request;
    if (this.#stream) this.#stream.end();
    else if (request) {
      request.body = this.#pieces.take();
      if (request.headers['upgrade'] === undefined || !this.#handOver(request)) this.#serve(request);
    }
  }

  #handOver(request: Http1Request): boolean {
    const takeOver = this.#host.stopping ? undefined : this.#host.handler.upgrade?.(request);
    if (takeOver === undefined) return false;
    this.#phase = 'handed-over';
    this.#reader.stop();
    this.#request = undefined;
    for (const event of ['data', 'end', 'drain']) this.#socket.removeAllListeners(event);
    takeOver(this.#socket);
    return true;
  }

  onRefuse(refusal: Refusal): void {
    this.#host.onRefusal(refusal, this.remoteAddress);
    const hasBegun = this.#request?.answerBegun === true;
    this.#abandon();
    // Half an answer can't be taken back; the client sees that it is cut off.
    if (hasBegun || !this.#socket.writable) this.destroy();
    else this.#writeRefusal(refusal);
  }

  /** Looks at them until it returns. False: they are for who has taken the connection over. */
  onBytes(lent: Buffer): boolean {
    if (this.#phase === 'handed-over') return false;
    if (this.#phase === 'lingering') {
      this.#lingered += lent.length;
      if (this.#lingered > this.#host.limits.lingerBytes) this.destroy();
      return true;
    }
    this.#reader.push(lent);
    if (this.#reader.stored === 0) return true;
    if (this.#phase === 'idle') this.#enter('head', this.#host.limits.headTime);
    else if (this.#phase === 'answering' && this.#reader.stored > this.#host.limits.pipelinedBytes) this.#holdUp();
    return true;
  }

  #beginBuffer(head: Http1Head, limitBytes: number): void {
    this.#bodyLimit = limitBytes;
    if (head.bodyLength > limitBytes) this.refuseAtOnce(refusals.bodySize);
    else if (head.expectContinue) this.#write(CONTINUE);
  }

  #beginStream(request: Http1Request, head: Http1Head): void {
    const { expectContinue } = head;
    const stream = new BodyStream(
      {
        onWanted: () => {
          // Not when the body is here already, or the answer: RFC 9110 10.1.1.
          if (expectContinue && this.#request === request && !request.answerBegun && this.#phase === 'body')
            this.#write(CONTINUE);
        },
        onRoom: () => this.#letGo(),
      },
      this.#host.limits.streamQueueBytes,
    );
    this.#stream = stream;
    request.stream = stream;
    this.#serve(request);
  }

  #serve(request: Http1Request): void {
    if (this.#host.carrier !== undefined) this.#carry(request, this.#host.carrier);
    else this.#serveHere(request);
  }

  #serveHere(request: Http1Request): void {
    try {
      const response = this.#host.handler.serve(request);
      if (response instanceof Promise) {
        response.then(
          (late) => this.#answer(request, late),
          (error) => this.#fault(request, error),
        );
      } else this.#answer(request, response);
    } catch (error) {
      this.#fault(request, error);
    }
  }

  #answer(request: Http1Request, response: WireResponse): void {
    const { body } = response;
    const isWhole = typeof body === 'string' || body instanceof Uint8Array;
    // Otherwise the client has gone, or was refused in between: nobody is there to answer.
    const isAwaited = this.#request === request && !this.#socket.destroyed;
    // An unread body can't be skipped safely, so the connection ends with this answer.
    if (isAwaited) this.#keepAlive &&= this.#bodyComplete && !this.#host.stopping && !this.#host.mayShed();
    if (isAwaited && !isWhole && request.method !== 'HEAD' && !isBodiless(response.status)) {
      this.#answerStream(request, response, body);
      return;
    }
    if (!isWhole) body[Symbol.asyncIterator]().return?.();
    if (isAwaited) this.#answerWhole(request, response, isWhole ? body : '');
  }

  #answerWhole(request: Http1Request, response: WireResponse, body: string | Uint8Array): void {
    try {
      const tail = this.#host.tail.lines(this.#keepAlive);
      const { first, second } = wholeAnswer(response, body, request.method === 'HEAD', tail);
      request.answerBegun = true;
      if (second) this.#socket.cork();
      this.#write(first);
      if (second) {
        this.#write(second);
        this.#socket.uncork();
      }
      // What was copied behind the head is not looked at any more, nor what the system has taken whole.
      const isTaken = second === undefined || this.#socket.writableLength === 0;
      if (response.givesBody && typeof body !== 'string' && isTaken) giveBack(body);
    } catch (error) {
      this.#fault(request, error);
      return;
    }
    this.#finish(request);
  }

  #carry(request: Http1Request, carrier: Carrier): void {
    carrier.carry(request, this.#keepAlive, {
      whole: (bytes, closes) => this.#answerCarried(request, bytes, closes),
      stream: (passage, closes) => this.#answerPassage(request, passage, closes),
    });
  }

  #answerCarried(request: Http1Request, bytes: Buffer, closes: boolean): void {
    if (this.#request !== request || this.#socket.destroyed) return;
    this.#keepAlive &&= !closes;
    request.answerBegun = true;
    this.#write(bytes);
    if (this.#socket.writableLength === 0) giveBack(bytes);
    this.#finish(request);
  }

  async #answerPassage(request: Http1Request, passage: Duplex, closes: boolean): Promise<void> {
    if (this.#request !== request || this.#socket.destroyed) return void passage.destroy();
    this.#keepAlive &&= !closes;
    this.#passage = passage;
    request.answerBegun = true;
    if (await relay(passage, this.#socket, (bytes) => this.#write(bytes))) this.#finish(request);
    else this.destroy();
  }

  #answerStream(request: Http1Request, response: WireResponse, body: AsyncIterable<Uint8Array>): void {
    const tail = this.#host.tail.lines(this.#keepAlive);
    writeStream(this.#socket, response, body, tail, {
      onBegin: () => {
        request.answerBegun = true;
      },
      write: (bytes) => this.#write(bytes),
    }).then(
      () => this.#finish(request),
      (error) => {
        if (!this.#socket.destroyed) this.#fault(request, error);
      },
    );
  }

  #fault(request: Http1Request, error: unknown): void {
    // What a handler says about a request that is gone (its body broke off, its signal fired) is no news.
    if (this.#request !== request) return;
    this.#host.onFault(error);
    this.#reader.stop();
    this.#abandon();
    if (request.answerBegun) this.destroy();
    else this.#writeRefusal(refusals.fault);
  }

  #writeRefusal(refusal: Refusal): void {
    this.#write(refusalAnswer(refusal, this.#host.tail.lines(false)));
    this.#close();
  }

  #finish(request: Http1Request): void {
    if (this.#request !== request) return;
    const isComplete = this.#bodyComplete;
    if (!isComplete) this.#stream?.fail();
    this.#request = undefined;
    this.#stream = undefined;
    if (!this.#keepAlive || !isComplete || this.#host.stopping) {
      this.#reader.stop();
      this.#close();
      return;
    }
    this.#enter('idle', this.#host.limits.idleTime);
    this.#letGo();
    this.#reader.proceed();
    if (this.#phase !== 'idle') return;
    if (this.#reader.stored > 0) this.#enter('head', this.#host.limits.headTime);
    if (this.#peerEnded) this.#socket.end();
  }

  /** Ends our side, and reads on for a while what the client still sends. */
  #close(): void {
    this.#enter('lingering', this.#host.limits.lingerTime);
    this.#letGo();
    this.#socket.end();
  }

  /** The request comes to nothing: its body breaks off, its signal fires, its answer will not be sent. */
  #abandon(): void {
    this.#pieces.drop();
    const request = this.#request;
    const stream = this.#stream;
    this.#request = undefined;
    this.#stream = undefined;
    stream?.fail();
    request?.abort();
  }

  #onPeerEnd(): void {
    this.#peerEnded = true;
    if (this.#phase === 'answering') this.#request?.abort();
    else if (this.#phase === 'body') this.refuseAtOnce(refusals.truncated);
    else this.#socket.end();
  }

  #onDrain(): void {
    this.#writeDeadline = Number.POSITIVE_INFINITY;
  }

  #onClosed(): void {
    this.#reader.stop();
    this.#passage?.destroy();
    this.#abandon();
    this.#host.onClose(this);
  }

  #write(bytes: string | Uint8Array): boolean {
    this.#host.counts.moved += bytes.length;
    if (this.#socket.write(bytes as string, 'latin1')) return true; // the encoding is not looked at for bytes
    const { writeTime, writeBytesPerSecond } = this.#host.limits;
    this.#writeDeadline = this.#host.coarseNow + writeTime + (this.#socket.writableLength / writeBytesPerSecond) * 1000;
    return false;
  }

  #enter(phase: Phase, time: Milliseconds): void {
    this.#phase = phase;
    this.#deadline = this.#host.coarseNow + time;
  }

  #holdUp(): void {
    this.#isHeldUp = true;
    this.#socket.pause();
  }

  #letGo(): void {
    if (!this.#isHeldUp) return;
    this.#isHeldUp = false;
    this.#pace?.restart(this.#host.coarseNow);
    this.#socket.resume();
  }
}
