/** Answers cut out of a connection's bytes, for one request at a time: by Content-Length, in chunks, or without a body. */

export interface LoadResponse {
  readonly status: number;
  readonly body: Buffer;
  /** It is its connection's last. */
  readonly closes: boolean;
}

const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');
const CLOSES = /\r\nconnection: *close/i;
const EMPTY = Buffer.alloc(0);

export class ResponseReader {
  readonly #onResponse: (response: LoadResponse) => void;
  #pending: Buffer = EMPTY;

  constructor(onResponse: (response: LoadResponse) => void) {
    this.#onResponse = onResponse;
  }

  /** The chunk's memory is the caller's again afterwards. */
  push(chunk: Buffer): void {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (bytes.length > 0) {
      const headEnd = bytes.indexOf(HEAD_END);
      if (headEnd < 0) break;
      const status = Number(bytes.toString('latin1', 9, 12));
      const bodyStart = headEnd + HEAD_END.length;
      const head = bytes.toString('latin1', 0, headEnd);
      const cut = status === 100 ? { body: EMPTY, end: bodyStart } : cutBody(bytes, head, bodyStart, status);
      if (!cut) break;
      bytes = bytes.subarray(cut.end);
      if (status !== 100) this.#onResponse({ status, body: cut.body, closes: CLOSES.test(head) });
    }
    this.#pending = bytes.length === 0 ? EMPTY : Buffer.from(bytes);
  }
}

function cutBody(
  bytes: Buffer,
  head: string,
  start: number,
  status: number,
): { body: Buffer; end: number } | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length) {
    const end = start + Number(length[1]);
    return end <= bytes.length ? { body: bytes.subarray(start, end), end } : undefined;
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return cutChunks(bytes, start);
  if (status === 204 || status === 304) return { body: EMPTY, end: start };
  throw new Error(`an answer without a length: ${head}`);
}

function cutChunks(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const dataEnd = lineEnd + 2 + size;
    if (bytes.length < dataEnd + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), end: dataEnd + 2 };
    chunks.push(bytes.subarray(lineEnd + 2, dataEnd));
    at = dataEnd + 2;
  }
}
