/**
 * Receipt handles name a queue, a message and one receive of it, and carry a check made with the queue's secret: what this
 * queue did not hand out is invalid, whatever it looks like.
 */
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { fail } from './errors.ts';
import { type HashKey, halfSipHash } from './half-sip-hash.ts';

export interface Receipt {
  readonly sequence: number;
  readonly receives: number;
}

interface Queue {
  readonly row: { readonly id: number; readonly secret: string };
}

const BYTES = 32;
const CHECK_AT = 24;
const scratch = Buffer.alloc(BYTES);

/** Begins with AQEB, as AWS's do. */
const VERSION = 0x010101;
const HALF = 2 ** 32;

const keys = new WeakMap<Queue['row'], HashKey>();

function keyOf({ row }: Queue): HashKey {
  return getOrInsert(keys, row, () => {
    const secret = Buffer.from(row.secret, 'hex');
    return { k0: secret.readInt32LE(0), k1: secret.readInt32LE(4) };
  });
}

function check(queue: Queue, { sequence, receives }: Receipt): [low: number, high: number] {
  const { id } = queue.row;
  const words = [(sequence / HALF) | 0, sequence | 0, (id / HALF) | 0, id | 0, receives];
  return halfSipHash(keyOf(queue), words);
}

export function receiptHandle(queue: Queue, sequence: number, receives: number): string {
  const [low, high] = check(queue, { sequence, receives });
  scratch.writeUIntBE(VERSION, 0, 3);
  scratch[3] = 0;
  scratch.writeDoubleBE(sequence, 4);
  scratch.writeDoubleBE(queue.row.id, 12);
  scratch.writeUInt32BE(receives, 20);
  scratch.writeUInt32BE(low, CHECK_AT);
  scratch.writeUInt32BE(high, CHECK_AT + 4);
  return scratch.toString('base64');
}

export function readReceipt(queue: Queue, handle: string): Receipt {
  const bytes = Buffer.from(handle, 'base64');
  if (bytes.length !== BYTES || bytes.readUIntBE(0, 3) !== VERSION) fail('ReceiptHandleIsInvalid');
  const receipt: Receipt = { sequence: bytes.readDoubleBE(4), receives: bytes.readUInt32BE(20) };
  const [low, high] = check(queue, receipt);
  const isOurs =
    bytes[3] === 0 &&
    bytes.readDoubleBE(12) === queue.row.id &&
    bytes.readUInt32BE(CHECK_AT) === low &&
    bytes.readUInt32BE(CHECK_AT + 4) === high;
  return isOurs ? receipt : fail('ReceiptHandleIsInvalid');
}
