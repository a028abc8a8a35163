/**
 * Short blobs that are asked for again and again, kept as they were when they had been read, checked and opened: such a read costs neither
 * the disk nor the cipher. A blob never changes and its place is never another's, so what is kept stays right until it is
 * discarded; a bit that turns over on the disk meanwhile is the scrub's to find. Who reads shows the same key as for the disk.
 *
 * Kept is what is read a second time while its place is remembered, and what has not been asked for since it was looked at last gives
 * way. Once there is no room left, one in a few takes another's place: of more blobs than fit, asked for in turns, those that are
 * here then stay, where each would otherwise push out the next one to be asked for.
 */
import type { BlobPlace, BlobRange } from '#platform/blobs/blobs.ts';

const LONGEST_BYTES = 64 * 1024;
const ROOM_BYTES = 64 * 2 ** 20;
/** What an entry takes beside its bytes. */
const ENTRY_BYTES = 300;
/** Places of blobs that were read once. */
const MOST_READ_ONCE = 10_000;
const ONE_IN = 16;

interface Recent {
  readonly bytes: Uint8Array;
  readonly key: Uint8Array;
  wasAskedFor: boolean;
}

export class RecentBlobs {
  readonly #room: number;
  /** In the order in which they are looked at when room is needed. */
  readonly #kept = new Map<BlobPlace, Recent>();
  #bytes = 0;
  #readOnce = new Set<BlobPlace>();
  #passedOver = 0;

  constructor(room = ROOM_BYTES) {
    this.#room = room;
  }

  /** Undefined where the disk has to be asked; that says too whether the range and the key are right. */
  read(place: BlobPlace, { start, end }: BlobRange, key: Uint8Array): Uint8Array | undefined {
    const found = this.#kept.get(place);
    if (found === undefined || start < 0 || start > end || end > found.bytes.length) return undefined;
    if (Buffer.compare(found.key, key) !== 0) return undefined;
    found.wasAskedFor = true;
    return found.bytes.subarray(start, end);
  }

  /** The whole of a blob, just read from the disk and opened with the key. */
  wasRead(place: BlobPlace, bytes: Uint8Array, key: Uint8Array): void {
    if (bytes.length > LONGEST_BYTES || !this.#isReadAgain(place)) return;
    const isFull = this.#bytes + sizeOf(place, bytes) > this.#room;
    if (isFull && ++this.#passedOver % ONE_IN !== 0) return;
    this.drop(place);
    // Its memory is a byte longer than what is shown of it: so it is nobody's to give back (give-back.ts).
    const kept = Buffer.allocUnsafeSlow(bytes.length + 1).subarray(0, bytes.length);
    kept.set(bytes);
    this.#kept.set(place, { bytes: kept, key: Buffer.from(key), wasAskedFor: false });
    this.#bytes += sizeOf(place, bytes);
    this.#makeRoom();
  }

  drop(place: BlobPlace): void {
    const found = this.#kept.get(place);
    if (found === undefined) return;
    this.#kept.delete(place);
    this.#bytes -= sizeOf(place, found.bytes);
  }

  #isReadAgain(place: BlobPlace): boolean {
    if (this.#readOnce.has(place)) return true;
    if (this.#readOnce.size >= MOST_READ_ONCE) this.#readOnce = new Set();
    this.#readOnce.add(place);
    return false;
  }

  #makeRoom(): void {
    // Who is let stay comes to the end of the line, and has to have been asked for again when its turn comes once more.
    for (const [place, recent] of this.#kept) {
      if (this.#bytes <= this.#room) return;
      if (!recent.wasAskedFor) {
        this.drop(place);
        continue;
      }
      recent.wasAskedFor = false;
      this.#kept.delete(place);
      this.#kept.set(place, recent);
    }
  }
}

const sizeOf = (place: BlobPlace, bytes: Uint8Array): number => bytes.length + place.length + ENTRY_BYTES;
