/**
 * Bytes between two threads in both directions, as a stream on each side: for what does not fit a record. Who sends waits while the other has
 * `WINDOW` bytes that it has not read.
 */
import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

const WINDOW_BYTES = 512 * 1024;
/** So much is read before it is told: a message for each chunk would cost as much as the chunk. */
const TOLD_BYTES = WINDOW_BYTES / 4;

type PassageMessage =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'read'; readonly bytes: number }
  | { readonly kind: 'end' };

type Done = (error?: Error | null) => void;

export class Passage extends Duplex {
  readonly #port: MessagePort;
  #sent = 0;
  #waiting: Done | undefined;
  #received = 0;
  #hasEnded = false;

  constructor(port: MessagePort) {
    super({ allowHalfOpen: true });
    this.#port = port;
    port.on('message', (message: PassageMessage) => this.#onMessage(message));
    // The other side has given up, or its thread is gone.
    port.on('close', () => this.#onClose());
    // 'close' follows each error, and tells all there is to know.
    this.on('error', () => {});
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    // A copy of its own can be given away; of a view all that is behind it would be copied.
    const bytes = new Uint8Array(chunk);
    this.#sent += bytes.length;
    this.#post({ kind: 'bytes', bytes }, [bytes.buffer]);
    if (this.#sent < WINDOW_BYTES) done();
    else this.#waiting = done;
  }

  override _final(done: Done): void {
    this.#post({ kind: 'end' });
    done();
  }

  override _read(): void {
    if (this.#received < TOLD_BYTES) return;
    this.#post({ kind: 'read', bytes: this.#received });
    this.#received = 0;
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#port.close();
    done(error);
  }

  #onMessage(message: PassageMessage): void {
    if (this.destroyed) return;
    if (message.kind === 'bytes') {
      this.#received += message.bytes.length;
      if (this.push(Buffer.from(message.bytes.buffer))) this._read();
    } else if (message.kind === 'read') {
      this.#sent -= message.bytes;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.();
    } else {
      this.#hasEnded = true;
      this.push(null);
    }
  }

  #onClose(): void {
    // What it has sent before is still read.
    if (this.#hasEnded && !this.readableEnded) this.once('end', () => this.destroy());
    else this.destroy();
  }

  #post(message: PassageMessage, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}
