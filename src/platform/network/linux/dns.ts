/**
 * The VPC's resolver (RFC 1035): names inside the VPC it knows itself; all else it asks the host's own resolvers, word for word. A question is read
 * as far as it has to be, and nothing of an answer from outside is read at all but its number.
 */

export interface Question {
  readonly name: string;
  readonly type: number;
  /** Where the question ends. */
  readonly end: number;
}

export const TYPE = { a: 1, ptr: 12, aaaa: 28 } as const;
const HEADER = 12;
const TTL_SECONDS = 60;
const MOST_LABELS = 128;

/** Undefined: not one plain question of the class IN. */
export function readQuestion(message: Buffer): Question | undefined {
  const isQuery = message.length > HEADER && ((message[2] ?? 0) & 0xf8) === 0 && message.readUInt16BE(4) === 1;
  if (!isQuery) return undefined;
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = message[at];
    // 64 and above: a pointer, which a first name has nothing to point to.
    if (length === undefined || length > 63 || labels.length > MOST_LABELS) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length).toLowerCase());
    at += length;
  }
  if (at + 4 > message.length || message.readUInt16BE(at + 2) !== 1) return undefined;
  return { name: labels.join('.'), type: message.readUInt16BE(at), end: at + 4 };
}

/** Of a name that is ours: what it has of the type asked for, maybe nothing. */
export function answerTo(message: Buffer, { type, end }: Question, found: readonly Buffer[]): Buffer {
  const head = Buffer.from(message.subarray(0, end));
  // An authoritative answer; recursion was asked for or not, and is there.
  head.writeUInt16BE(0x8480 | (head.readUInt16BE(2) & 0x0100), 2);
  head.writeUInt16BE(found.length, 6);
  head.writeUInt32BE(0, 8);
  const records = found.map((data) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc000 | HEADER, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(TTL_SECONDS, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([head, ...records]);
}

/** SERVFAIL. */
export function failureOf(message: Buffer, end: number): Buffer {
  const head = Buffer.from(message.subarray(0, end));
  head.writeUInt16BE(0x8082 | (head.readUInt16BE(2) & 0x0100), 2);
  head.fill(0, 6, HEADER);
  return head;
}

export const nameBytes = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ]);

/** `5.1.0.10.in-addr.arpa` -> `10.0.1.5` */
export function reversedAddress(name: string): string | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  return parts?.slice(1).reverse().join('.');
}
