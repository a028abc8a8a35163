/** Arrays in PostgreSQL's binary form: pg sends a Buffer as it is, and writes other arrays as text, at thrice the length. */
import type { Key } from '#platform/store/keys.ts';

/** Object ids of element types, fixed in PostgreSQL's catalogue. */
const INTEGER = 23;
const BIGINT = 20;
const TEXT = 25;
const BYTES = 17;

const HEADER_BYTES = 20;
/** Elements count from one. */
const FIRST_INDEX = 1;

function newArray(type: number, count: number, bytes: number): Buffer {
  if (count === 0) {
    const empty = Buffer.alloc(12);
    empty.writeInt32BE(type, 8);
    return empty;
  }
  const array = Buffer.allocUnsafe(HEADER_BYTES + count * 4 + bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(FIRST_INDEX, 16);
  return array;
}

export function integers(values: readonly number[]): Buffer {
  const array = newArray(INTEGER, values.length, values.length * 4);
  values.forEach((value, index) => {
    array.writeInt32BE(4, HEADER_BYTES + index * 8);
    array.writeInt32BE(value, HEADER_BYTES + index * 8 + 4);
  });
  return array;
}

export function bigints(values: readonly number[]): Buffer {
  const array = newArray(BIGINT, values.length, values.length * 8);
  values.forEach((value, index) => {
    array.writeInt32BE(8, HEADER_BYTES + index * 12);
    array.writeBigInt64BE(BigInt(value), HEADER_BYTES + index * 12 + 4);
  });
  return array;
}

export function byteArrays(values: readonly Uint8Array[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += value.length;
  const array = newArray(BYTES, values.length, bytes);
  let at = HEADER_BYTES;
  for (const value of values) {
    array.writeInt32BE(value.length, at);
    array.set(value, at + 4);
    at += 4 + value.length;
  }
  return array;
}

export function texts(values: readonly string[]): Buffer {
  const array = byteArrays(values.map((value) => Buffer.from(value, 'utf8')));
  array.writeInt32BE(TEXT, 8);
  return array;
}

export function keyArrays(keys: readonly (Key | string)[]): Buffer {
  let bytes = 0;
  for (const key of keys) bytes += key.length;
  const array = newArray(BYTES, keys.length, bytes);
  let at = HEADER_BYTES;
  for (const key of keys) {
    array.writeInt32BE(key.length, at);
    array.write(key, at + 4, 'latin1');
    at += 4 + key.length;
  }
  return array;
}
