/** A buffered body as it comes in. */
import { giveBack } from '#platform/blobs/give-back.ts';

export class BodyPieces {
  bytes = 0;
  #pieces: Buffer[] = [];
  /** What they were read in. */
  #chunks: Buffer[] = [];

  add(piece: Buffer, chunk: Buffer | undefined): void {
    this.bytes += piece.length;
    this.#pieces.push(piece);
    if (chunk !== undefined && chunk !== this.#chunks.at(-1)) this.#chunks.push(chunk);
  }

  /** All of them, copied if there are several. Then what was read ends with them, but for the last, where the next request may begin. */
  joined(): Buffer {
    const [first] = this.#pieces;
    if (this.#pieces.length <= 1) return first ?? EMPTY;
    const whole = Buffer.concat(this.#pieces);
    for (const chunk of this.#chunks.slice(0, -1)) giveBack(chunk);
    return whole;
  }

  drop(): void {
    this.bytes = 0;
    this.#pieces = [];
    this.#chunks = [];
  }
}

const EMPTY = Buffer.alloc(0);
