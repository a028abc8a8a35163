/**
 * The thread of one query: a large object keeps it busy for minutes, and nobody else. It gets bytes and gives records; it has neither
 * network nor files to speak of, and its owner ends it.
 */
import { Readable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import { createGunzip } from 'node:zlib';
import { present } from '#platform/base/assert.ts';
import { bunzip2 } from '#services/s3/select/bzip2.ts';
import { SelectError, type SelectErrorCode } from '#services/s3/select/errors.ts';
import type { Given, Told } from '#services/s3/select/messages.ts';
import { readParquet } from '#services/s3/select/parquet.ts';
import { openQuery, type SelectRequest } from '#services/s3/select/run.ts';

const port = present(parentPort, 'a query runs in a thread of its own');
// Given by its owner (threads.ts).
const request = workerData as SelectRequest;
const tell = (told: Told): void => port.postMessage(told);

let processedBytes = 0;
const query = openQuery(request);

const ask = (told: (found: { records: string; processedBytes: number }) => Told): Promise<Uint8Array | undefined> =>
  new Promise((resolve) => {
    port.once('message', ({ chunk }: Given) => resolve(chunk));
    tell(told({ records: query.take(), processedBytes }));
  });

async function* chunks(): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = await ask((found) => ({ kind: 'next', ...found }));
    if (chunk === undefined) return;
    yield chunk;
  }
}

/** Node's codes of streams that are cut, or are none. */
const DECOMPRESSION: Readonly<Record<string, SelectErrorCode>> = {
  Z_BUF_ERROR: 'TruncatedInput',
  Z_DATA_ERROR: 'InvalidCompressionFormat',
};

const DECOMPRESS: Readonly<Record<SelectRequest['compression'], () => AsyncIterable<Uint8Array>>> = {
  NONE: chunks,
  GZIP: () => Readable.from(chunks()).pipe(createGunzip()),
  BZIP2: () => bunzip2(chunks()),
};

async function readStream(): Promise<void> {
  for await (const bytes of DECOMPRESS[request.compression]()) {
    processedBytes += bytes.length;
    if (!query.push(bytes)) break;
  }
}

async function readRange(start: number, end: number): Promise<Uint8Array> {
  const bytes = (await ask((found) => ({ kind: 'range', start, end, ...found }))) ?? new Uint8Array(0);
  processedBytes += bytes.length;
  return bytes;
}

try {
  if (request.input.kind === 'Parquet') await readParquet(request.input.bytes, readRange, query);
  else await readStream();
  query.finish();
  tell({ kind: 'done', records: query.take(), processedBytes });
} catch (error) {
  const code = error instanceof Error && 'code' in error ? DECOMPRESSION[String(error.code)] : undefined;
  const known = code === undefined ? error : new SelectError(code);
  if (!(known instanceof SelectError)) throw error;
  tell({ kind: 'refused', code: known.code, detail: known.detail });
}
port.close();
