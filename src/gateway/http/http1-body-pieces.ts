/** A buffered body as it comes in. */
import { giveBack } from '#platform/blobs/give-back.ts';
import type { Counts } from './counts.ts';

export class BodyPieces {
  bytes = 0;
  readonly #counts: Pick<Counts, 'addBytes'>;
  #pieces: Buffer[] = [];
  /** What they were read in. */
  #chunks: Buffer[] = [];

  constructor(counts: Pick<Counts, 'addBytes'>) {
    this.#counts = counts;
  }

  /** Answers what all bodies of the listener hold then. */
  add(piece: Buffer, chunk: Buffer | undefined): number {
    this.bytes += piece.length;
    this.#pieces.push(piece);
    if (chunk !== undefined && chunk !== this.#chunks.at(-1)) this.#chunks.push(chunk);
    return this.#counts.addBytes(piece.length);
  }

  /** All of them, copied if there are several. Then what was read ends with them, but for the last, where the next request may begin. */
  joined(): Buffer {
    const [first] = this.#pieces;
    if (this.#pieces.length <= 1) return first ?? EMPTY;
    const whole = Buffer.concat(this.#pieces);
    for (const chunk of this.#chunks.slice(0, -1)) giveBack(chunk);
    return whole;
  }

  take(): Buffer {
    const whole = this.joined();
    this.drop();
    return whole;
  }

  drop(): void {
    if (this.bytes === 0) return;
    this.#counts.addBytes(-this.bytes);
    this.bytes = 0;
    this.#pieces = [];
    this.#chunks = [];
  }
}

const EMPTY = Buffer.alloc(0);
