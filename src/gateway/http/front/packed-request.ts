/**
 * A whole request as a record: four words, the lengths of all texts, the texts in one piece (one character a byte, as they came), the body. The
 * other side makes one string and cuts it.
 */
import { present } from '#platform/base/assert.ts';
import { knownNames } from '../header-names.ts';
import { HeaderFields, type Http1Head } from '../http1-head.ts';
import { Http1Request } from '../http1-request.ts';
import type { Space } from './record-ring.ts';

const FIXED_WORDS = 4;
const KEEPS_ALIVE = 1;
/** A name that is not known is among the texts, and this marks its length. */
const NAMED = 2 ** 31;

const indexOf = new Map(knownNames.map((name, index) => [name, index]));

/** Ready to be written. One at a time: `lengths` is used again. */
export interface Packed {
  readonly bytes: number;
  writeTo(space: Space, at: number): void;
}

let lengths = new Uint32Array(64);

function note(at: number, length: number): void {
  if (at === lengths.length) {
    const larger = new Uint32Array(lengths.length * 2);
    larger.set(lengths);
    lengths = larger;
  }
  lengths[at] = length;
}

export function packRequest(
  { method, path, query, headers, body, remoteAddress }: Http1Request,
  keepAlive: boolean,
): Packed {
  let text = method + path + query + remoteAddress;
  let count = 0;
  note(count++, method.length);
  note(count++, path.length);
  note(count++, query.length);
  note(count++, remoteAddress.length);
  for (const name in headers) {
    const value = headers[name] ?? '';
    const index = indexOf.get(name);
    note(count++, index ?? NAMED + name.length);
    text += index === undefined ? name + value : value;
    note(count++, value.length);
  }
  const textAt = (FIXED_WORDS + count) * 4;
  return {
    bytes: textAt + text.length + body.length,
    writeTo({ bytes, words }, at) {
      const word = at >> 2;
      words[word] = count;
      words[word + 1] = text.length;
      words[word + 2] = body.length;
      words[word + 3] = keepAlive ? KEEPS_ALIVE : 0;
      words.set(lengths.subarray(0, count), word + FIXED_WORDS);
      bytes.write(text, at + textAt, 'latin1');
      if (body.length > 0) bytes.set(body, at + textAt + text.length);
    },
  };
}

export interface Unpacked {
  readonly request: Http1Request;
  readonly keepAlive: boolean;
}

/** Nothing of it refers to `space` afterwards. */
export function unpackRequest({ bytes, words }: Space, at: number): Unpacked {
  let word = at >> 2;
  const next = (): number => present(words[word++], 'the record has this word');
  const [count, textLength, bodyLength, flags] = [next(), next(), next(), next()];
  const textAt = at + (FIXED_WORDS + count) * 4;
  const text = bytes.toString('latin1', textAt, textAt + textLength);
  let from = 0;
  const cut = (length: number): string => {
    from += length;
    return text.slice(from - length, from);
  };
  const [method, path, query, remoteAddress] = [cut(next()), cut(next()), cut(next()), cut(next())];
  const headers = new HeaderFields();
  for (const end = (at >> 2) + FIXED_WORDS + count; word < end; ) {
    const mark = next();
    const name = mark >= NAMED ? cut(mark - NAMED) : present(knownNames[mark], 'both sides know the same names');
    headers[name] = cut(next());
  }
  const keepAlive = (flags & KEEPS_ALIVE) !== 0;
  const head: Http1Head = { method, path, query, headers, bodyLength, keepAlive, expectContinue: false, byteLength: 0 };
  const request = new Http1Request(head, remoteAddress);
  if (bodyLength > 0) request.body = Buffer.from(bytes.subarray(textAt + textLength, textAt + textLength + bodyLength));
  return { request, keepAlive };
}
