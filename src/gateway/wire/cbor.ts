/**
 * CBOR (RFC 8949) as Smithy's RPC v2 has it: text keys, tag 1 for timestamps, tags 2 and 3 for large integers, definite
 * and indefinite lengths. A length is held against the bytes that are left before anything is kept, so a short body can't
 * ask for much memory. Decoding gives plain values, which cbor-shapes.ts holds against the model.
 */
import { isUtf8 } from 'node:buffer';
import { DEPTH_LIMIT, malformed, tooDeep } from '#gateway/wire/shapes.ts';

/** Tag 1: seconds since 1970. A class of its own so that no number is taken for a time. */
export class CborTimestamp {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

const INDEFINITE = 31;
const BREAK = 0xff;
const BIGNUM_BYTES = 16;

function notCbor(what: string): never {
  malformed(`The body is not valid CBOR: ${what}`);
}

export function decodeCbor(body: Buffer): unknown {
  const reader = new CborReader(body);
  const value = reader.item(1);
  reader.end();
  return value;
}

class CborReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) notCbor('there is more than one item');
  }

  item(depth: number): unknown {
    if (depth > DEPTH_LIMIT) tooDeep();
    const initial = this.#byte();
    const info = initial & 31;
    switch (initial >> 5) {
      case 0:
        return this.#argument(info);
      case 1:
        return negative(this.#argument(info));
      case 2:
        return info === INDEFINITE ? Buffer.concat(this.#chunks(2)) : this.#take(this.#length(info));
      case 3:
        return utf8(info === INDEFINITE ? Buffer.concat(this.#chunks(3)) : this.#take(this.#length(info)));
      case 4:
        return this.#list(info, depth);
      case 5:
        return this.#map(info, depth);
      case 6:
        return this.#tagged(info, depth);
      default:
        return this.#simple(info);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset++];
    return byte ?? notCbor('it ends within an item');
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#offset) notCbor('a length is beyond its end');
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  #argument(info: number): number | bigint {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.#byte();
      case 25:
        return this.#take(2).readUInt16BE();
      case 26:
        return this.#take(4).readUInt32BE();
      case 27:
        return narrowed(this.#take(8).readBigUInt64BE());
      default:
        return notCbor('an integer has no length');
    }
  }

  /** Every element takes a byte at least, so a count has the same bound as a length. */
  #length(info: number): number {
    const length = this.#argument(info);
    if (typeof length === 'bigint' || length > this.#bytes.length - this.#offset) notCbor('a length is beyond its end');
    return Number(length);
  }

  #isBreak(): boolean {
    if (this.#bytes[this.#offset] !== BREAK) return false;
    this.#offset++;
    return true;
  }

  #chunks(major: number): Buffer[] {
    const chunks: Buffer[] = [];
    while (!this.#isBreak()) {
      const initial = this.#byte();
      if (initial >> 5 !== major || (initial & 31) === INDEFINITE)
        notCbor('a chunk is of another type than its string');
      chunks.push(this.#take(this.#length(initial & 31)));
    }
    return chunks;
  }

  #list(info: number, depth: number): unknown[] {
    const items: unknown[] = [];
    if (info === INDEFINITE) {
      while (!this.#isBreak()) items.push(this.item(depth + 1));
    } else {
      for (let left = this.#length(info); left > 0; left--) items.push(this.item(depth + 1));
    }
    return items;
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const entries: Record<string, unknown> = Object.create(null);
    if (info === INDEFINITE) {
      while (!this.#isBreak()) this.#entry(entries, depth);
    } else {
      for (let left = this.#length(info); left > 0; left--) this.#entry(entries, depth);
    }
    return entries;
  }

  #entry(entries: Record<string, unknown>, depth: number): void {
    const key = this.item(depth + 1);
    if (typeof key !== 'string') notCbor('a key is not text');
    if (key in entries) notCbor('a key is given more than once');
    entries[key] = this.item(depth + 1);
  }

  #tagged(info: number, depth: number): unknown {
    const tag = this.#argument(info);
    const value = this.item(depth + 1);
    if (tag === 1 && (typeof value === 'number' || typeof value === 'bigint')) return new CborTimestamp(Number(value));
    if ((tag === 2 || tag === 3) && Buffer.isBuffer(value) && value.length <= BIGNUM_BYTES) {
      const number = value.length === 0 ? 0n : BigInt(`0x${value.toString('hex')}`);
      return narrowed(tag === 2 ? number : -1n - number);
    }
    return notCbor(`tag ${tag} is not known here`);
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.#take(2).readUInt16BE());
      case 26:
        return this.#take(4).readFloatBE();
      case 27:
        return this.#take(8).readDoubleBE();
      default:
        return notCbor('a simple value is not known');
    }
  }
}

function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) notCbor('text is not UTF-8');
  return bytes.toString('utf8');
}

const narrowed = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

const negative = (value: number | bigint): number | bigint => narrowed(-1n - BigInt(value));

/** IEEE 754 binary16: RFC 8949, appendix D. */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Infinity
          : Number.NaN
        : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** Grows as it is written to. */
export class CborWriter {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  result(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.head(3, length);
    this.#reserve(length);
    this.#length += this.#bytes.write(value, this.#length);
  }

  blob(value: Uint8Array): void {
    this.head(2, value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  integer(value: number | bigint): void {
    if (value >= 0) this.head(0, value);
    else this.head(1, typeof value === 'bigint' ? -1n - value : -1 - value);
  }

  float(value: number): void {
    this.#reserve(5);
    this.#length = this.#bytes.writeUInt8(0xfa, this.#length);
    this.#length = this.#bytes.writeFloatBE(value, this.#length);
  }

  double(value: number): void {
    this.#reserve(9);
    this.#length = this.#bytes.writeUInt8(0xfb, this.#length);
    this.#length = this.#bytes.writeDoubleBE(value, this.#length);
  }

  timestamp(milliseconds: number): void {
    this.head(6, 1);
    const seconds = milliseconds / 1000;
    if (Number.isInteger(seconds)) this.integer(seconds);
    else this.double(seconds);
  }

  boolean(value: boolean): void {
    this.head(7, value ? 21 : 20);
  }

  null(): void {
    this.head(7, 22);
  }

  /** A major type with its length, count, tag or value. */
  head(major: number, argument: number | bigint): void {
    this.#reserve(9);
    const type = major << 5;
    if (argument < 24) {
      this.#length = this.#bytes.writeUInt8(type | Number(argument), this.#length);
    } else if (argument < 0x100) {
      this.#length = this.#bytes.writeUInt16BE(((type | 24) << 8) | Number(argument), this.#length);
    } else if (argument < 0x10000) {
      this.#length = this.#bytes.writeUInt8(type | 25, this.#length);
      this.#length = this.#bytes.writeUInt16BE(Number(argument), this.#length);
    } else if (argument < 0x100000000) {
      this.#length = this.#bytes.writeUInt8(type | 26, this.#length);
      this.#length = this.#bytes.writeUInt32BE(Number(argument), this.#length);
    } else {
      this.#length = this.#bytes.writeUInt8(type | 27, this.#length);
      this.#length = this.#bytes.writeBigUInt64BE(BigInt(argument), this.#length);
    }
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
