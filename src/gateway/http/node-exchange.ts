/** One request and its answer over Node's own HTTP/1.1 or HTTP/2: bodies, deadlines and endings as in http1-connection.ts. */
import { constants } from 'node:http2';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { BodyStream } from './body-stream.ts';
import { checkHeader, givenLength, isBodiless, ownHeaders } from './http1-response.ts';
import { BodyPace, type HttpLimits } from './limits.ts';
import type { BodyPlan, RequestHandler } from './listener.ts';
import { hasBody, type NodeMessage, NodeRequest, readNodeHead } from './node-request.ts';
import { type Refusal, refusals } from './refusal.ts';
import { remoteAddressOf } from './remote-address.ts';

/** What ServerResponse and Http2ServerResponse have in common; their own types don't say so. */
export interface NodeAnswer {
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  write(chunk: string | Uint8Array): boolean;
  end(body?: string | Uint8Array): unknown;
  flushHeaders(): void;
  destroy(): unknown;
  writeContinue(): void;
  on(event: 'close' | 'drain' | 'error', listener: () => void): unknown;
}

export interface ExchangeHost {
  readonly handler: RequestHandler;
  readonly limits: HttpLimits;
  readonly stopping: boolean;
  now(): Milliseconds;
  bufferedBytes: number;
  onFault(error: unknown): void;
  onRefusal(refusal: Refusal, remoteAddress: string): void;
}

export class NodeExchange {
  readonly #host: ExchangeHost;
  readonly #message: NodeMessage;
  readonly #answer: NodeAnswer;
  readonly #expectsContinue: boolean;
  #request: NodeRequest | undefined;
  #pace: BodyPace | undefined;
  #stream: BodyStream | undefined;
  #isBodyComplete = true;
  /** The client sends its body, or was told to. */
  #isSending: boolean;
  #hasBegun = false;
  #isOver = false;
  /** Nothing of the answer is left to do for us. */
  #hasEnded = false;
  #writeDeadline: Milliseconds = Number.POSITIVE_INFINITY;
  #lingerDeadline: Milliseconds | undefined;
  #lingered = 0;
  #onRoom: (() => void) | undefined;

  constructor(
    host: ExchangeHost,
    message: NodeMessage,
    answer: NodeAnswer,
    expectsContinue: boolean,
    onOver: () => void,
  ) {
    this.#host = host;
    this.#message = message;
    this.#answer = answer;
    this.#expectsContinue = expectsContinue;
    this.#isSending = !expectsContinue;
    answer.on('error', () => {});
    answer.on('drain', () => this.#release());
    answer.on('close', () => {
      this.#isOver = true;
      this.#release();
      this.#stream?.fail();
      if (!this.#hasEnded) this.#request?.abort();
      onOver();
    });
  }

  begin(): void {
    const { handler, limits } = this.#host;
    const head = readNodeHead(this.#message, limits);
    if (this.#host.stopping) this.#refuse(refusals.stopping);
    else if (!(head instanceof NodeRequest)) this.#refuse(head);
    else {
      this.#request = head;
      this.#message.on('error', () => {});
      if (!hasBody(this.#message, head.headers)) {
        this.#message.resume();
        this.#serve(head);
        return;
      }
      this.#isBodyComplete = false;
      try {
        this.#read(head, handler.planBody?.(head) ?? { mode: 'buffer', limitBytes: limits.bufferedBodyBytes });
      } catch (error) {
        this.#fault(error);
      }
    }
  }

  check(now: Milliseconds): void {
    if (now > this.#writeDeadline) this.#cut();
    else if (this.#lingerDeadline !== undefined) {
      if (now > this.#lingerDeadline) this.#answer.end();
    } else if (this.#isBodyComplete || this.#isOver) return;
    else if (this.#message.isPaused()) this.#pace?.restart(now);
    else if (this.#pace?.isLate(now)) this.#refuse(refusals.timeout);
  }

  #read(request: NodeRequest, plan: BodyPlan): void {
    if (plan.mode === 'answer') {
      this.#respond(plan.response);
      return;
    }
    this.#pace = new BodyPace(this.#host.limits, this.#host.now());
    if (plan.mode === 'buffer') this.#buffer(request, plan.limitBytes);
    else this.#pour(request);
    this.#message.on('end', () => {
      this.#isBodyComplete = true;
    });
  }

  #buffer(request: NodeRequest, limitBytes: number): void {
    if ((request.contentLength ?? 0) > limitBytes) {
      this.#refuse(refusals.bodySize);
      return;
    }
    this.#continue();
    const pieces: Buffer[] = [];
    let bytes = 0;
    const drop = (): void => {
      this.#host.bufferedBytes -= bytes;
      bytes = 0;
    };
    this.#answer.on('close', drop);
    this.#message.on('data', (chunk: Buffer) => {
      if (this.#lingerDeadline !== undefined) this.#drop(chunk);
      if (this.#isOver || this.#hasBegun) return;
      pieces.push(chunk);
      bytes += chunk.length;
      this.#host.bufferedBytes += chunk.length;
      this.#pace?.count(chunk.length);
      if (bytes > limitBytes) this.#refuse(refusals.bodySize);
      else if (this.#host.bufferedBytes > this.#host.limits.bufferedBodyBytesTotal) this.#refuse(refusals.overloaded);
    });
    this.#message.on('end', () => {
      drop();
      this.#isBodyComplete = true;
      request.body = Buffer.concat(pieces);
      if (!this.#hasBegun) this.#serve(request);
    });
  }

  #pour(request: NodeRequest): void {
    const message = this.#message;
    const onWanted = (): void => {
      if (!this.#hasBegun && !this.#isOver) this.#continue();
    };
    const stream = new BodyStream({ onWanted, onRoom: () => message.resume() }, this.#host.limits.streamQueueBytes);
    this.#stream = stream;
    request.stream = stream;
    message.on('data', (chunk: Buffer) => {
      this.#pace?.count(chunk.length);
      if (this.#lingerDeadline !== undefined) this.#drop(chunk);
      else if (!stream.push(chunk)) message.pause();
    });
    message.on('end', () => stream.end());
    this.#serve(request);
  }

  #serve(request: NodeRequest): void {
    try {
      Promise.resolve(this.#host.handler.serve(request)).then(
        (response) => this.#respond(response),
        (error) => this.#fault(error),
      );
    } catch (error) {
      this.#fault(error);
    }
  }

  #respond(response: WireResponse): void {
    const { body } = response;
    const isWhole = typeof body === 'string' || body instanceof Uint8Array;
    if (!isWhole && (this.#isOver || this.#hasBegun)) body[Symbol.asyncIterator]().return?.();
    if (this.#isOver || this.#hasBegun) return;
    try {
      const isHead = this.#message.method === 'HEAD';
      const headers = this.#headersOf(response);
      const given = isWhole && !isHead ? undefined : givenLength(response);
      const length = given ?? (isWhole ? Buffer.byteLength(body) : undefined);
      const hasNone = isHead || isBodiless(response.status);
      if (length !== undefined && !isBodiless(response.status)) headers['content-length'] = String(length);
      if (isWhole || hasNone) {
        this.#write(response.status, headers, hasNone || !isWhole ? '' : body);
        if (!isWhole) body[Symbol.asyncIterator]().return?.();
      } else this.#send(response.status, headers, body, length).catch((error) => this.#fault(error));
    } catch (error) {
      this.#fault(error);
    }
  }

  #headersOf(response: WireResponse): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      if (ownHeaders.has(name)) continue;
      for (const item of typeof value === 'string' ? [value] : value) checkHeader(name, item);
      headers[name] = typeof value === 'string' ? value : [...value];
    }
    // HTTP/2 knows no such header, nor needs it.
    if (this.#message.httpVersionMajor === 1 && (this.#host.stopping || !this.#isBodyComplete))
      headers['connection'] = 'close';
    return headers;
  }

  #write(status: number, headers: Record<string, string | string[]>, body: string | Uint8Array): void {
    this.#hasBegun = true;
    this.#hasEnded = true;
    this.#answer.writeHead(status, headers);
    if (this.#message.httpVersionMajor === 1 && this.#isSending && !this.#isBodyComplete) this.#linger(body);
    else this.#answer.end(body);
    this.#expectDrain(body.length);
  }

  #continue(): void {
    if (this.#isSending || !this.#expectsContinue) return;
    this.#isSending = true;
    this.#answer.writeContinue();
  }

  /** What the client still sends is read and dropped: Node closes with the answer's end, and a reset would eat the answer. */
  #linger(body: string | Uint8Array): void {
    this.#lingerDeadline = this.#host.now() + this.#host.limits.lingerTime;
    this.#answer.flushHeaders();
    if (body.length > 0) this.#answer.write(body);
    this.#message.on('end', () => this.#answer.end());
    this.#message.resume();
  }

  #drop(chunk: Buffer): void {
    this.#lingered += chunk.length;
    if (this.#lingered > this.#host.limits.lingerBytes) this.#answer.end();
  }

  isOn(socket: unknown): boolean {
    return this.#message.socket === socket;
  }

  async #send(
    status: number,
    headers: Record<string, string | string[]>,
    body: AsyncIterable<Uint8Array>,
    length: number | undefined,
  ): Promise<void> {
    let sent = 0;
    for await (const chunk of body) {
      if (this.#isOver) return;
      sent += chunk.length;
      if (length !== undefined && sent > length)
        throw new Error("an answer's stream is longer than its content-length");
      if (!this.#hasBegun) this.#answer.writeHead(status, headers);
      this.#hasBegun = true;
      if (!this.#answer.write(chunk)) await this.#room(chunk.length);
    }
    if (length !== undefined && sent < length) throw new Error("an answer's stream is shorter than its content-length");
    if (!this.#hasBegun) this.#answer.writeHead(status, headers);
    this.#hasBegun = true;
    this.#hasEnded = true;
    this.#answer.end();
  }

  #room(bytes: number): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#expectDrain(bytes);
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  #expectDrain(bytes: number): void {
    const { writeTime, writeBytesPerSecond } = this.#host.limits;
    this.#writeDeadline = this.#host.now() + writeTime + (bytes / writeBytesPerSecond) * 1000;
  }

  #release(): void {
    this.#writeDeadline = Number.POSITIVE_INFINITY;
    this.#onRoom?.();
  }

  #refuse(refusal: Refusal): void {
    if (this.#isOver) return;
    this.#host.onRefusal(refusal, remoteAddressOf(this.#message.socket));
    this.#giveUp(refusal);
  }

  #fault(error: unknown): void {
    if (this.#isOver) return;
    this.#host.onFault(error);
    this.#giveUp(refusals.fault);
  }

  /** Half an answer can't be taken back: the client must see that it is cut off, in HTTP/2 by the stream's error code. */
  #cut(): void {
    const message = this.#message;
    if ('stream' in message) message.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else this.#answer.destroy();
  }

  #giveUp(refusal: Refusal): void {
    if (this.#hasBegun) {
      this.#cut();
      return;
    }
    const closing = this.#message.httpVersionMajor === 1 ? { connection: 'close' } : {};
    const length = String(refusal.reason.length);
    this.#write(refusal.status, { 'content-type': 'text/plain', 'content-length': length, ...closing }, refusal.reason);
    this.#stream?.fail();
    this.#request?.abort();
  }
}
