/**
 * application/vnd.amazon.eventstream: messages of typed headers and a payload, each with a checksum of its prelude and
 * one of the whole. Source: "Amazon Event Stream Specification" of Smithy. Lengths are checked before anything is read or
 * kept; a message must be whole and right before a word of it is believed.
 */
import { isUtf8 } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { malformed } from '#gateway/wire/shapes.ts';

type EventHeaderType = 'boolean' | 'byte' | 'short' | 'integer' | 'long' | 'blob' | 'string' | 'timestamp' | 'uuid';

export interface EventHeader {
  readonly name: string;
  readonly type: EventHeaderType;
  /** As the contract has values (protocol.ts); a uuid is its 16 bytes. */
  readonly value: unknown;
}

export interface EventMessage {
  readonly headers: ReadonlyMap<string, EventHeader>;
  readonly payload: Buffer;
}

const PRELUDE = 12;
const CHECKSUM = 4;
/** Both limits are the specification's. */
const HEADERS_LIMIT = 128 * 1024;
const MESSAGE_LIMIT = PRELUDE + HEADERS_LIMIT + 24 * 1024 * 1024 + CHECKSUM;

/** Index is the type's number on the wire; 0 and 1 are true and false. */
const TYPES: readonly EventHeaderType[] = [
  'boolean',
  'boolean',
  'byte',
  'short',
  'integer',
  'long',
  'blob',
  'string',
  'timestamp',
  'uuid',
];

export function encodeEventMessage(headers: readonly EventHeader[], payload: string | Uint8Array): Buffer {
  const head = Buffer.concat(headers.map(encodeHeader));
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const total = PRELUDE + head.length + body.length + CHECKSUM;
  const message = Buffer.allocUnsafe(total);
  message.writeUInt32BE(total, 0);
  message.writeUInt32BE(head.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  head.copy(message, PRELUDE);
  message.set(body, PRELUDE + head.length);
  message.writeUInt32BE(crc32(message.subarray(0, total - CHECKSUM)), total - CHECKSUM);
  return message;
}

function encodeHeader(header: EventHeader): Buffer {
  const name = Buffer.from(header.name);
  const type = header.type === 'boolean' && header.value === false ? 1 : TYPES.indexOf(header.type);
  return Buffer.concat([Buffer.from([name.length]), name, Buffer.from([type]), headerValue(header)]);
}

/** The values are of the types that `EventHeader` promises. */
function headerValue({ type, value }: EventHeader): Uint8Array {
  switch (type) {
    case 'boolean':
      return Buffer.alloc(0);
    case 'byte':
      return bytes(1, (buffer) => buffer.writeInt8(value as number));
    case 'short':
      return bytes(2, (buffer) => buffer.writeInt16BE(value as number));
    case 'integer':
      return bytes(4, (buffer) => buffer.writeInt32BE(value as number));
    case 'long':
    case 'timestamp':
      return bytes(8, (buffer) => buffer.writeBigInt64BE(BigInt(value as number | bigint)));
    case 'blob':
      return sized(value as Uint8Array);
    case 'string':
      return sized(Buffer.from(value as string));
    case 'uuid':
      return value as Uint8Array;
  }
}

function bytes(length: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(length);
  write(buffer);
  return buffer;
}

const sized = (value: Uint8Array): Buffer =>
  Buffer.concat([bytes(2, (buffer) => buffer.writeUInt16BE(value.length)), value]);

/** Messages as they become whole, from chunks that are cut anywhere. */
export async function* decodeEventMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<EventMessage> {
  let pending: Buffer[] = [];
  let available = 0;
  let needed = PRELUDE;
  for await (const chunk of chunks) {
    pending.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
    available += chunk.length;
    while (available >= needed) {
      const buffer = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending);
      const total = messageLength(buffer);
      if (buffer.length < total) {
        pending = [buffer];
        needed = total;
        break;
      }
      yield decodeEventMessage(buffer.subarray(0, total));
      pending = [buffer.subarray(total)];
      available = buffer.length - total;
      needed = PRELUDE;
    }
  }
  if (available > 0) malformed('The event stream ends within a message');
}

/** From a prelude whose checksum is right. */
function messageLength(buffer: Buffer): number {
  const total = buffer.readUInt32BE(0);
  const headers = buffer.readUInt32BE(4);
  if (buffer.readUInt32BE(8) !== crc32(buffer.subarray(0, 8)))
    malformed("The checksum of a message's prelude is wrong");
  if (headers > HEADERS_LIMIT || total > MESSAGE_LIMIT) malformed('A message of the event stream is too long');
  if (total < PRELUDE + headers + CHECKSUM) malformed('A message of the event stream is shorter than its headers');
  return total;
}

export function decodeEventMessage(message: Buffer): EventMessage {
  if (message.length < PRELUDE + CHECKSUM || messageLength(message) !== message.length) {
    malformed('A message of the event stream has a wrong length');
  }
  const end = message.length - CHECKSUM;
  if (message.readUInt32BE(end) !== crc32(message.subarray(0, end))) malformed('The checksum of a message is wrong');
  const headersEnd = PRELUDE + message.readUInt32BE(4);
  return { headers: decodeHeaders(message.subarray(PRELUDE, headersEnd)), payload: message.subarray(headersEnd, end) };
}

function decodeHeaders(buffer: Buffer): Map<string, EventHeader> {
  const headers = new Map<string, EventHeader>();
  let offset = 0;
  const take = (length: number): Buffer => {
    if (offset + length > buffer.length) malformed('The headers of a message end too early');
    offset += length;
    return buffer.subarray(offset - length, offset);
  };
  while (offset < buffer.length) {
    const name = textOfHeader(take(take(1).readUInt8()));
    const type = take(1).readUInt8();
    if (name === '' || headers.has(name)) malformed('A header of a message has no name or the name of another');
    headers.set(name, decodeHeader(name, type, take));
  }
  return headers;
}

function decodeHeader(name: string, number: number, take: (length: number) => Buffer): EventHeader {
  const type = TYPES[number];
  switch (type) {
    case 'boolean':
      return { name, type, value: number === 0 };
    case 'byte':
      return { name, type, value: take(1).readInt8() };
    case 'short':
      return { name, type, value: take(2).readInt16BE() };
    case 'integer':
      return { name, type, value: take(4).readInt32BE() };
    case 'long':
    case 'timestamp': {
      const value = take(8).readBigInt64BE();
      return { name, type, value: Number.isSafeInteger(Number(value)) ? Number(value) : value };
    }
    case 'blob':
      return { name, type, value: take(take(2).readUInt16BE()) };
    case 'string':
      return { name, type, value: textOfHeader(take(take(2).readUInt16BE())) };
    case 'uuid':
      return { name, type, value: take(16) };
    default:
      return malformed(`A header of a message has the unknown type ${number}`);
  }
}

function textOfHeader(buffer: Buffer): string {
  if (!isUtf8(buffer)) malformed('A header of a message is not valid UTF-8');
  return buffer.toString('utf8');
}
