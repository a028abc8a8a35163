/**
 * Receipt handles name a queue, a message and one receive of it, and carry a check made with the queue's secret: what this
 * queue did not hand out is invalid, whatever it looks like.
 */
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { fail } from './errors.ts';
import { type HashKey, halfSipHash } from './half-sip-hash.ts';

export interface Receipt {
  /** Which chunk, and the message's place in it. */
  readonly first: number;
  readonly at: number;
  readonly receives: number;
}

interface Queue {
  readonly row: { readonly id: number; readonly secret: string };
}

const BYTES = 32;
/** In base64url: nothing of it is escaped in a form or an address. */
const CHARACTERS = 43;
const PLACE_AT = 3;
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

function check(queue: Queue, { first, at, receives }: Receipt): [low: number, high: number] {
  const { id } = queue.row;
  const words = [(first / HALF) | 0, first | 0, (id / HALF) | 0, id | 0, receives, at];
  return halfSipHash(keyOf(queue), words);
}

export function receiptHandle(queue: Queue, receipt: Receipt): string {
  const [low, high] = check(queue, receipt);
  scratch.writeUIntBE(VERSION, 0, 3);
  scratch[PLACE_AT] = receipt.at;
  scratch.writeDoubleBE(receipt.first, 4);
  scratch.writeDoubleBE(queue.row.id, 12);
  scratch.writeUInt32BE(receipt.receives, 20);
  scratch.writeUInt32BE(low, CHECK_AT);
  scratch.writeUInt32BE(high, CHECK_AT + 4);
  return scratch.toString('base64url');
}

export function readReceipt(queue: Queue, handle: string): Receipt {
  const isWhole = handle.length === CHARACTERS && scratch.write(handle, 'base64url') === BYTES;
  if (!isWhole || scratch.readUIntBE(0, 3) !== VERSION) fail('ReceiptHandleIsInvalid');
  const receipt = { first: scratch.readDoubleBE(4), at: scratch[PLACE_AT] ?? 0, receives: scratch.readUInt32BE(20) };
  const [low, high] = check(queue, receipt);
  const isOurs =
    scratch.readDoubleBE(12) === queue.row.id &&
    scratch.readUInt32BE(CHECK_AT) === low &&
    scratch.readUInt32BE(CHECK_AT + 4) === high;
  return isOurs ? receipt : fail('ReceiptHandleIsInvalid');
}
