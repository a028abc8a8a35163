/**
 * SelectObjectContent: a query over one object, answered as it is found, in an event stream. Queries are parsed and run by the code of
 * this folder; README.md says why by no database. What is wrong before anything was answered is an ordinary error; after that it
 * ends the stream.
 */
import { ServiceError } from '#platform/error.ts';
import { meter } from '#platform/metering/usage.ts';
import type {
  SelectObjectContentEventStream,
  SelectObjectContentOutput,
  SelectObjectContentRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { type CustomerKeyHeaders, customerKeyOf } from '#services/s3/encryption/customer-keys.ts';
import { storedKeys } from '#services/s3/encryption/object-keys.ts';
import { objectArn } from '#services/s3/names.ts';
import { findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { openBody, piecesOf } from '#services/s3/objects/get.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { refuse, SelectError } from '#services/s3/select/errors.ts';
import { scannedPart, selectRequest } from '#services/s3/select/request.ts';
import { openQuery } from '#services/s3/select/run.ts';
import { type QueryThreads, queryThreads, type Step } from '#services/s3/select/threads.ts';
import { billRequest } from '#services/s3/storage/classes.ts';

/** "Only STANDARD, STANDARD_IA, and ONEZONE_IA", and what is read as they are. */
const UNSUPPORTED_CLASSES: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE', 'REDUCED_REDUNDANCY']);
/** Between two signs of life where nothing is found, and two of progress. */
const SIGN_EVERY_BYTES = 4 * 1024 * 1024;
/** Records of the answer are gathered to this. */
const EVENT_CHARACTERS = 64 * 1024;
/** Of Parquet, at once: a group of rows of the largest size. */
const MOST_RANGE_BYTES = 160 * 1024 * 1024;
const BUSY = 503;

export const selectObjectContent =
  (parts: S3Parts) =>
  async (input: SelectObjectContentRequest, call: Call): Promise<SelectObjectContentOutput> => {
    try {
      const found = findObject(parts, input as ReadTarget, call);
      const request = selectRequest(input, call.now, found.row.bytes);
      // Throws what is wrong with the query.
      openQuery(request);
      if (UNSUPPORTED_CLASSES.has(found.row.storageClass ?? '')) refuse('UnsupportedStorageClass');
      billRequest(call, found.row.storageClass, 2);
      const part = scannedPart(input, request, found.row.bytes);
      const customerKey = customerKeyOf(input as CustomerKeyHeaders, call.origin);
      const keys = await storedKeys(parts, call, found.bucket, found.row.encryption, customerKey);
      const pieces = piecesOf(found.row, call);
      const open = (start: number, end: number) => openBody(parts, call, keys, pieces, { start, end });
      const source = {
        chunks: chunksOf(() => open(part?.start ?? 0, found.row.bytes)),
        range: async (start: number, end: number) => whole(await open(...checkedRange(start, end, found.row.bytes))),
      };
      const asked = part === undefined ? request : { ...request, scan: part.scan };
      const steps = threadsOf(parts, call).run(asked, source);
      // The type of the payload in the model is the SDKs' own.
      return { Payload: events(steps, input, call) } as unknown as SelectObjectContentOutput;
    } catch (error) {
      throw serviceError(error);
    }
  };

const threads = new WeakMap<S3Parts, QueryThreads>();

function threadsOf(parts: S3Parts, { clock }: Call): QueryThreads {
  const found = threads.get(parts) ?? queryThreads(clock);
  threads.set(parts, found);
  return found;
}

type Body = Awaited<ReturnType<typeof openBody>>;

/** Opened when the first is asked for. */
async function* chunksOf(open: () => Promise<Body>): AsyncGenerator<Uint8Array> {
  const body = await open();
  if (!(body instanceof Uint8Array)) yield* body;
  else if (body.length > 0) yield body;
}

/** What a file of Parquet says of itself is its writer's word. */
function checkedRange(start: number, end: number, bytes: number): [start: number, end: number] {
  if (!(start >= 0 && start < end && end <= bytes)) refuse('ParquetParsingError');
  return end - start > MOST_RANGE_BYTES ? refuse('OverMaxParquetBlockSize') : [start, end];
}

const whole = async (body: Body): Promise<Uint8Array> =>
  body instanceof Uint8Array ? body : Buffer.concat(await Array.fromAsync(body));

const serviceError = (error: unknown): unknown =>
  error instanceof SelectError
    ? new ServiceError(error.code, error.message, { status: error.code === 'Busy' ? BUSY : 400 })
    : error;

async function* events(
  steps: AsyncIterable<Step>,
  { Bucket, Key, RequestProgress }: SelectObjectContentRequest,
  call: Call,
): AsyncGenerator<SelectObjectContentEventStream> {
  const details = { BytesScanned: 0, BytesProcessed: 0, BytesReturned: 0 };
  let gathered = '';
  let signAt = SIGN_EVERY_BYTES;
  const payload = (): SelectObjectContentEventStream => {
    const Payload = Buffer.from(gathered);
    gathered = '';
    details.BytesReturned += Payload.length;
    return { Records: { Payload } } as unknown as SelectObjectContentEventStream;
  };
  try {
    for await (const { records, scannedBytes, processedBytes } of steps) {
      gathered += records;
      Object.assign(details, { BytesScanned: scannedBytes, BytesProcessed: processedBytes });
      if (gathered.length >= EVENT_CHARACTERS) yield payload();
      if (scannedBytes < signAt) continue;
      signAt = scannedBytes + SIGN_EVERY_BYTES;
      yield RequestProgress?.Enabled ? { Progress: { Details: { ...details } } } : { Cont: {} };
    }
    if (gathered !== '') yield payload();
    if (RequestProgress?.Enabled) yield { Progress: { Details: { ...details } } };
    yield { Stats: { Details: details } };
    yield { End: {} };
  } catch (error) {
    throw serviceError(error);
  } finally {
    const about = { operation: call.operation, resource: objectArn(Bucket, Key) };
    const now = call.clock.now();
    meter(call.partition, now, { usageType: 'Select-Scanned-Bytes', ...about }, details.BytesScanned);
    meter(call.partition, now, { usageType: 'Select-Returned-Bytes', ...about }, details.BytesReturned);
  }
}
