/**
 * Just so much of HTTP/1.1 as the metadata service needs: requests without bodies, one after another on a connection. A guest is not
 * trusted: what is longer than a few kilobytes, ambiguous, or too slow ends the connection.
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '#platform/base/clock.ts';
import { seconds, type TimerHandle } from '#platform/base/clock.ts';

export interface MetadataRequest {
  readonly method: string;
  /** As it came, without a query. */
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
}

export interface MetadataAnswer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const LONGEST_HEAD = 8 * 1024;
/** Some clients send a body with a PUT, of nothing that matters. */
const LONGEST_BODY = 1024;
const IDLE = seconds(30);
const MOST_REQUESTS = 1000;

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};

/** Answers each request of the connection until it ends. */
export function serveMetadata(
  stream: Duplex,
  clock: Clock,
  answer: (request: MetadataRequest) => Promise<MetadataAnswer>,
): void {
  let pending = Buffer.alloc(0);
  let isBusy = false;
  let count = 0;
  let idle: TimerHandle | undefined;
  const rest = (): void => {
    idle?.cancel();
    idle = clock.after(IDLE, () => stream.destroy());
  };
  const next = (): void => {
    if (isBusy || stream.destroyed) return;
    const read = readRequest(pending);
    if (read === undefined) return;
    if (read === 'refused' || ++count > MOST_REQUESTS) {
      stream.end(written({ status: 400, body: '' }, clock.now(), true));
      return;
    }
    pending = pending.subarray(read.length);
    isBusy = true;
    const isLast = /(?:^|,)\s*close\s*(?:,|$)/i.test(read.request.headers.get('connection') ?? '') || read.isOld;
    const done = (given: MetadataAnswer): void => {
      isBusy = false;
      const bytes = written(given, clock.now(), isLast, read.request.method === 'HEAD');
      if (isLast) {
        stream.end(bytes);
        return;
      }
      stream.write(bytes);
      rest();
      next();
    };
    answer(read.request).then(done, () => done({ status: 500, body: '' }));
  };
  rest();
  stream.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    if (pending.length > LONGEST_HEAD + LONGEST_BODY) stream.destroy();
    else next();
  });
  stream.on('error', () => stream.destroy());
  stream.on('close', () => idle?.cancel());
}

interface Read {
  readonly request: MetadataRequest;
  /** Of its bytes. */
  readonly length: number;
  /** HTTP/1.0: one request a connection. */
  readonly isOld: boolean;
}

const LINE = /^([A-Z]{1,16}) (\/[\x21-\x7e]*) HTTP\/1\.([01])$/;
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\t]*)$/;

function readRequest(bytes: Buffer): Read | 'refused' | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return bytes.length > LONGEST_HEAD ? 'refused' : undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, method, target, minor] = LINE.exec(first) ?? [];
  if (method === undefined || target === undefined) return 'refused';
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = HEADER.exec(line) ?? [];
    if (name === undefined || headers.has(name.toLowerCase())) return 'refused';
    headers.set(name.toLowerCase(), value.trimEnd());
  }
  if (headers.has('transfer-encoding')) return 'refused';
  const length = headers.get('content-length') ?? '0';
  if (!/^\d{1,4}$/.test(length) || Number(length) > LONGEST_BODY) return 'refused';
  const whole = end + 4 + Number(length);
  if (bytes.length < whole) return undefined;
  const [path = '/'] = target.split('?');
  return { request: { method, path, headers }, length: whole, isOld: minor === '0' };
}

function written({ status, body, headers = {} }: MetadataAnswer, now: number, isLast: boolean, isHead = false): Buffer {
  const bytes = Buffer.from(body);
  const head = {
    'Content-Type': 'text/plain',
    'Accept-Ranges': 'none',
    'Content-Length': String(bytes.length),
    Date: new Date(now).toUTCString(),
    Server: 'EC2ws',
    Connection: isLast ? 'close' : 'keep-alive',
    ...headers,
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  const start = Buffer.from(`HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n${lines.join('')}\r\n`, 'latin1');
  return isHead ? start : Buffer.concat([start, bytes]);
}
