/** A buffered body as it comes in. */
import { giveBack } from '#platform/blobs/give-back.ts';
import type { Counts } from './counts.ts';

export class BodyPieces {
  bytes = 0;
  readonly #counts: Pick<Counts, 'addBytes'>;
  #pieces: Buffer[] = [];

  constructor(counts: Pick<Counts, 'addBytes'>) {
    this.#counts = counts;
  }

  /** The piece is nobody else's. Answers what all bodies of the listener hold then. */
  add(piece: Buffer): number {
    this.bytes += piece.length;
    this.#pieces.push(piece);
    return this.#counts.addBytes(piece.length);
  }

  /** All of them, copied and given back if there are several. */
  joined(): Buffer {
    const [first] = this.#pieces;
    if (this.#pieces.length <= 1) return first ?? EMPTY;
    const whole = Buffer.concat(this.#pieces);
    for (const piece of this.#pieces) giveBack(piece);
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
  }
}

const EMPTY = Buffer.alloc(0);
