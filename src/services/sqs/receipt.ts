/**
 * Receipt handles name a queue, a message and one receive of it, and carry a check made with the queue's secret: what this
 * queue did not hand out is invalid, whatever it looks like.
 */
import { hash } from 'node:crypto';
import { fail } from './errors.ts';

export interface Receipt {
  readonly sequence: number;
  readonly receives: number;
}

interface Queue {
  readonly row: { readonly id: number; readonly secret: string };
}

const CHECK_BYTES = 12;
const BYTES = 24 + CHECK_BYTES;
const scratch = Buffer.alloc(BYTES);

/** Begins with AQEB, as AWS's do. */
const VERSION = 0x010101;

function check(queue: Queue, sequence: number, receives: number): Buffer {
  const digest = hash('sha1', `${queue.row.secret}/${queue.row.id}/${sequence}/${receives}`, 'buffer');
  return digest.subarray(0, CHECK_BYTES);
}

export function receiptHandle(queue: Queue, sequence: number, receives: number): string {
  scratch.writeUIntBE(VERSION, 0, 3);
  scratch[3] = 0;
  scratch.writeDoubleBE(sequence, 4);
  scratch.writeDoubleBE(queue.row.id, 12);
  scratch.writeUInt32BE(receives, 20);
  check(queue, sequence, receives).copy(scratch, 24);
  return scratch.toString('base64');
}

export function readReceipt(queue: Queue, handle: string): Receipt {
  const bytes = Buffer.from(handle, 'base64');
  if (bytes.length !== BYTES || bytes.readUIntBE(0, 3) !== VERSION) fail('ReceiptHandleIsInvalid');
  const sequence = bytes.readDoubleBE(4);
  const receives = bytes.readUInt32BE(20);
  if (!check(queue, sequence, receives).equals(bytes.subarray(24))) fail('ReceiptHandleIsInvalid');
  return { sequence, receives };
}
