/** The calling end of a session (session.ts). */
import type { Socket } from 'node:net';
import { NotSent, OutcomeUnknown } from '#gateway/forward/connection.ts';
import { FrameReader, FrameWriter } from '#gateway/forward/frames.ts';
import { ANSWER, CALL, CANCEL, PING, Session } from '#gateway/forward/session.ts';
import { callUpgrade } from '#gateway/forward/upgrade-call.ts';
import { type Clock, type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import type { PurposeSealer } from '#platform/secrets/sealer.ts';

const LOOKED_EVERY: Milliseconds = seconds(2);
/**
 * Who leaves so many PINGs in a row unanswered is not there: the process is stopped, or the network is cut. Looks are counted, not time: where this
 * process itself was stopped, or waited for the processor, what the other has said meanwhile is read after the first look.
 */
const MOST_UNANSWERED = 3;
const OPENING_LIMIT: Milliseconds = seconds(2);

export interface SessionPeer {
  /** Whether it is on the roll: who is off it, and silent, is not waited for any longer. */
  readonly isListed: () => boolean;
  readonly onClose: () => void;
}

interface Asked {
  readonly resolve: (answer: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class CallSession {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #peer: SessionPeer;
  readonly #asked = new Map<number, Asked>();
  #last = 0;
  /** PINGs since the other end said something. */
  unanswered = 0;
  #look: TimerHandle | undefined;
  #isEnding = false;

  private constructor(socket: Socket, sealer: PurposeSealer, number: string, clock: Clock, peer: SessionPeer) {
    this.#clock = clock;
    this.#peer = peer;
    const writer = new FrameWriter(sealer, number, 'call');
    // The first was the one that opened it.
    writer.skip();
    this.#session = new Session(socket, writer, new FrameReader(sealer, number, 'answer'), {
      onMessage: (kind, call, bytes) => this.#heard(kind, call, bytes),
      onClose: () => this.#closed(),
    });
  }

  /** Undefined: the other end takes no session under this number. Rejects with `NotSent`. */
  static open(
    socket: Socket,
    sealer: PurposeSealer,
    number: string,
    clock: Clock,
    peer: SessionPeer,
  ): Promise<CallSession | undefined> {
    const hello = new FrameWriter(sealer, number, 'call').frame(Buffer.alloc(0));
    return new Promise((resolve, reject) => {
      callUpgrade(socket, { path: '/session', number, hello, limit: OPENING_LIMIT }, clock, {
        // Nothing follows the head before something is asked.
        onHead(status) {
          if (status === '101') {
            resolve(new CallSession(socket, sealer, number, clock, peer));
            return;
          }
          socket.destroy();
          resolve(undefined);
        },
        onGone: () => reject(new NotSent('no session was opened')),
      });
    });
  }

  /** Rejects with `OutcomeUnknown`. */
  ask(bytes: Buffer, signal: AbortSignal | undefined): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#last = (this.#last + 1) >>> 0;
      const call = this.#last;
      this.#asked.set(
        call,
        signal === undefined ? { resolve, reject } : this.#cancellable(call, signal, resolve, reject),
      );
      this.#session.send(CALL, call, bytes);
      this.#look ??= this.#lookLater();
    });
  }

  destroy(): void {
    this.#session.destroy();
  }

  /** Closes it when all that was asked has been answered; nothing more is asked. */
  end(): void {
    this.#isEnding = true;
    if (this.#asked.size === 0) this.destroy();
  }

  #cancellable(
    call: number,
    signal: AbortSignal,
    resolve: (answer: Buffer) => void,
    reject: (error: Error) => void,
  ): Asked {
    const cancel = (): void => this.#session.send(CANCEL, call);
    signal.addEventListener('abort', cancel, { once: true });
    const stop = (): void => signal.removeEventListener('abort', cancel);
    return {
      resolve(answer) {
        stop();
        resolve(answer);
      },
      reject(error) {
        stop();
        reject(error);
      },
    };
  }

  #heard(kind: number, call: number, bytes: Buffer): void {
    this.unanswered = 0;
    if (kind !== ANSWER) return;
    const asked = this.#asked.get(call);
    this.#asked.delete(call);
    asked?.resolve(bytes);
    if (this.#isEnding && this.#asked.size === 0) this.destroy();
  }

  #lookLater(): TimerHandle {
    return this.#clock.after(LOOKED_EVERY, () => {
      this.#look = undefined;
      if (this.#asked.size === 0) return;
      const most = this.#peer.isListed() ? MOST_UNANSWERED : 1;
      if (this.unanswered >= most) {
        this.#session.destroy();
        return;
      }
      this.unanswered++;
      this.#session.send(PING, 0);
      this.#look = this.#lookLater();
    });
  }

  #closed(): void {
    this.#look?.cancel();
    const error = new OutcomeUnknown('the other process has closed the connection');
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
    this.#peer.onClose();
  }
}
