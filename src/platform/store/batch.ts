/**
 * The layout of a batch, the contract between a store and its driver: one growing buffer of shared memory, so that
 * handing a thousand mutations to another thread costs one small message.
 *
 *     header      u32 operations, u32 offset of the owners, u32 count of owners
 *     operations  u8 kind, u32 partition, u32 length, key, u32 length, value (DELETE_RANGE: the key where it ends;
 *                 PUT_SEALED: u16 day, then the value, which the driver seals)
 *     owners      u32 partition, f64 epoch, u32 length, name: each partition that the batch touches
 */
import { assert } from '#platform/base/assert.ts';
import type { Key } from '#platform/store/keys.ts';

const PUT = 1;
const DELETE = 2;
const DELETE_RANGE = 3;
const PUT_SEALED = 4;
const HEADER_BYTES = 12;
const OPERATION_BYTES = 13;
const DAY_BYTES = 2;
const FIRST_BYTES = 64 * 1024;
/** Up to this length text is given three bytes a character; above it is measured first. */
const SHORT_TEXT = 4096;

export interface BatchOwner {
  readonly number: number;
  readonly epoch: number;
  readonly path: string;
}

export interface BatchVisitor {
  put(partition: number, key: Buffer, value: Buffer): void;
  /** The value must not get to the disk as it is. */
  putSealed(partition: number, key: Buffer, value: Buffer, day: number): void;
  delete(partition: number, key: Buffer): void;
  deleteRange(partition: number, from: Buffer, before: Buffer): void;
}

/** Where a value stands in a batch; -1 when the key is deleted. */
export interface BatchSpan {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

const shared = (length: number): Buffer => Buffer.from(new SharedArrayBuffer(length));
const NO_MEMORY = Buffer.alloc(0);

export class BatchWriter {
  #bytes: Buffer;
  #offset = HEADER_BYTES;
  #operations = 0;

  constructor(bytes?: Buffer) {
    this.#bytes = bytes ?? NO_MEMORY;
  }

  get operations(): number {
    return this.#operations;
  }

  get length(): number {
    return this.#offset;
  }

  /** The memory, to be used again for another batch once this one is applied. */
  get memory(): Buffer {
    return this.#bytes;
  }

  /** With a day, the driver seals the value by the keys of that day; the span has it as it is. */
  put(partition: number, key: Key, value: Uint8Array | string, day?: number): BatchSpan {
    const room = typeof value !== 'string' ? value.length : textRoom(value);
    this.#head(day === undefined ? PUT : PUT_SEALED, partition, key, DAY_BYTES + room);
    const at = this.#offset;
    const start = at + 4 + (day === undefined ? 0 : DAY_BYTES);
    if (day !== undefined) this.#bytes.writeUInt16LE(day, at + 4);
    const length = typeof value === 'string' ? this.#bytes.write(value, start, 'utf8') : this.#copy(value, start);
    this.#offset = start + length;
    this.#bytes.writeUInt32LE(this.#offset - at - 4, at);
    return { bytes: this.#bytes, start, end: this.#offset };
  }

  delete(partition: number, key: Key): BatchSpan {
    this.#head(DELETE, partition, key, 0);
    this.#bytes.writeUInt32LE(0, this.#offset);
    this.#offset += 4;
    return { bytes: this.#bytes, start: -1, end: -1 };
  }

  deleteRange(partition: number, from: Key, before: Key): void {
    this.#head(DELETE_RANGE, partition, from, before.length);
    this.#bytes.writeUInt32LE(before.length, this.#offset);
    this.#bytes.write(before, this.#offset + 4, 'latin1');
    this.#offset += 4 + before.length;
  }

  /** Takes back everything since the batch had this length and this many operations. */
  truncate(length: number, operations: number): void {
    this.#offset = length;
    this.#operations = operations;
  }

  finish(owners: Iterable<BatchOwner>): Uint8Array {
    this.#reserve(0);
    const ownersAt = this.#offset;
    let count = 0;
    for (const { number, epoch, path } of owners) {
      this.#reserve(16 + path.length);
      this.#bytes.writeUInt32LE(number, this.#offset);
      this.#bytes.writeDoubleLE(epoch, this.#offset + 4);
      this.#bytes.writeUInt32LE(path.length, this.#offset + 12);
      this.#bytes.write(path, this.#offset + 16, 'latin1');
      this.#offset += 16 + path.length;
      count++;
    }
    this.#bytes.writeUInt32LE(this.#operations, 0);
    this.#bytes.writeUInt32LE(ownersAt, 4);
    this.#bytes.writeUInt32LE(count, 8);
    return this.#bytes.subarray(0, this.#offset);
  }

  #head(kind: number, partition: number, key: Key, room: number): void {
    this.#reserve(OPERATION_BYTES + key.length + room);
    const at = this.#offset;
    this.#bytes[at] = kind;
    this.#bytes.writeUInt32LE(partition, at + 1);
    this.#bytes.writeUInt32LE(key.length, at + 5);
    this.#bytes.write(key, at + 9, 'latin1');
    this.#offset = at + 9 + key.length;
    this.#operations++;
  }

  #copy(value: Uint8Array, at: number): number {
    this.#bytes.set(value, at);
    return value.length;
  }

  #reserve(room: number): void {
    const needed = this.#offset + room;
    if (needed <= this.#bytes.length) return;
    assert(needed < 2 ** 32, 'a batch is smaller than 4 GiB');
    // Spans that point into the old memory stay right: nobody writes to it again.
    const grown = shared(Math.max(needed, FIRST_BYTES, Math.min(this.#bytes.length * 2, this.#bytes.length + 2 ** 26)));
    this.#bytes.copy(grown, 0, 0, this.#offset);
    this.#bytes = grown;
  }
}

const textRoom = (text: string): number =>
  text.length <= SHORT_TEXT ? text.length * 3 : Buffer.byteLength(text, 'utf8');

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function batchOwners(batch: Uint8Array): BatchOwner[] {
  const bytes = asBuffer(batch);
  const owners: BatchOwner[] = [];
  let at = bytes.readUInt32LE(4);
  for (let left = bytes.readUInt32LE(8); left > 0; left--) {
    const length = bytes.readUInt32LE(at + 12);
    const path = bytes.toString('latin1', at + 16, at + 16 + length);
    owners.push({ number: bytes.readUInt32LE(at), epoch: bytes.readDoubleLE(at + 4), path });
    at += 16 + length;
  }
  return owners;
}

export const batchOperations = (batch: Uint8Array): number => asBuffer(batch).readUInt32LE(0);

export const isEmptyBatch = (batch: Uint8Array): boolean => batchOperations(batch) === 0;

/** Calls the visitor for each operation, in order; its buffers are views into the batch. */
export function visitBatch(batch: Uint8Array, visitor: BatchVisitor): void {
  const bytes = asBuffer(batch);
  let at = HEADER_BYTES;
  for (let left = bytes.readUInt32LE(0); left > 0; left--) {
    const kind = bytes[at];
    const partition = bytes.readUInt32LE(at + 1);
    const keyEnd = at + 9 + bytes.readUInt32LE(at + 5);
    const key = bytes.subarray(at + 9, keyEnd);
    const end = keyEnd + 4 + bytes.readUInt32LE(keyEnd);
    const valueAt = keyEnd + 4;
    if (kind === PUT) visitor.put(partition, key, bytes.subarray(valueAt, end));
    else if (kind === PUT_SEALED) {
      visitor.putSealed(partition, key, bytes.subarray(valueAt + DAY_BYTES, end), bytes.readUInt16LE(valueAt));
    } else if (kind === DELETE) visitor.delete(partition, key);
    else if (kind === DELETE_RANGE) visitor.deleteRange(partition, key, bytes.subarray(valueAt, end));
    else assert(false, `unknown kind of operation ${kind}`);
    at = end;
  }
}
