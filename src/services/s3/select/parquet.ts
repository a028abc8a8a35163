/** Records of Parquet: its end says where what is, then one group of rows after the other is read, by a package (hyparquet). */
import { gunzipSync } from 'node:zlib';
import type { SchemaTree } from 'hyparquet';
import { hyparquet } from '#platform/packages.ts';
import { decimal } from '#services/s3/select/decimals.ts';
import { refuse, SelectError } from '#services/s3/select/errors.ts';
import { JsonRow } from '#services/s3/select/json.ts';
import type { RunningQuery } from '#services/s3/select/run.ts';
import { ofNanoseconds } from '#services/s3/select/timestamps.ts';
import { isTimestamp, timestamp, type Value } from '#services/s3/select/values.ts';

/** Decompressed. A group is read whole; the documented limit is 512 MB. */
const MOST_GROUP_BYTES = 128 * 1024 * 1024;
/** "columnar compression for Parquet using GZIP or Snappy" (API Reference). */
const CODECS: ReadonlySet<string> = new Set(['UNCOMPRESSED', 'SNAPPY', 'GZIP']);
const COMPRESSORS = { GZIP: (input: Uint8Array, bytes: number) => gunzipSync(input, { maxOutputLength: bytes }) };

/** The package's own make dates, which end at the millisecond. */
const PARSERS = {
  timestampFromMicroseconds: (microseconds: bigint) => ofNanoseconds(microseconds * 1000n),
  timestampFromNanoseconds: ofNanoseconds,
};

type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

type Reader = Pick<RunningQuery, 'accept' | 'reads'>;

/** The columns that the query looks at alone, until it wants no more. */
export async function readParquet(bytes: number, readRange: ReadRange, query: Reader): Promise<void> {
  try {
    await readGroups(bytes, readRange, query);
  } catch (error) {
    // What the package says of files that are none is for nobody else.
    throw error instanceof SelectError ? error : new SelectError('ParquetParsingError');
  }
}

async function readGroups(bytes: number, readRange: ReadRange, { accept, reads }: Reader): Promise<void> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await hyparquet();
  const file = {
    byteLength: bytes,
    slice: async (start: number, end = bytes) => bufferOf(await readRange(start, end)),
  };
  const metadata = await parquetMetadataAsync(file);
  const schema = parquetSchema(metadata);
  const read = reader(schema);
  const names = schema.children.map(({ element }) => element.name);
  const wanted = reads(names);
  // Who counts rows looks at none; without any column there are no rows.
  const columns = wanted.length > 0 ? [...wanted] : names.slice(0, 1);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const chunks = group.columns.flatMap(({ meta_data: column }) =>
      column !== undefined && columns.includes(column.path_in_schema[0] ?? '') ? [column] : [],
    );
    const size = chunks.reduce((sum, column) => sum + Number(column.total_uncompressed_size), 0);
    if (size > MOST_GROUP_BYTES) refuse('OverMaxParquetBlockSize');
    const codecs = chunks.map(({ codec }) => codec);
    const unknown = codecs.find((codec) => !CODECS.has(codec));
    if (unknown !== undefined) refuse('ParquetUnsupportedCompressionCodec', unknown);
    const rowEnd = rowStart + Number(group.num_rows);
    const where = { file, metadata, columns, rowStart, rowEnd };
    const rows = await parquetReadObjects({ ...where, compressors: COMPRESSORS, parsers: PARSERS, utf8: false });
    for (const row of rows) if (!accept(new JsonRow(read(row)))) return;
    rowStart = rowEnd;
  }
}

/** The package wants a buffer of its own. */
const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer =>
  // Bytes that came by a message are in no shared memory.
  buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;

type Read = (value: unknown) => Value;

/**
 * Reads what stands at this place of the schema. The package makes doubles of decimals, so it is told that they are plain integers or
 * bytes, and their scale is applied here. Keys of a map are texts: those it may make.
 */
function reader({ element, children }: SchemaTree): Read {
  const [only] = children;
  if (only === undefined) return ofEach(leafReader(element));
  const [first, second] = only.children;
  if (element.converted_type === 'MAP' && second !== undefined) return ofEach(membersReader(reader(second)));
  // Old files have no group around an item.
  if (element.converted_type === 'LIST')
    return ofEach(reader(first !== undefined && second === undefined ? first : only));
  return ofEach(membersReader(readValue, new Map(children.map((child) => [child.element.name, reader(child)]))));
}

function leafReader(element: SchemaTree['element']): Read {
  if (element.converted_type !== 'DECIMAL' && element.logical_type?.type !== 'DECIMAL') return readValue;
  const { scale = 0 } = element;
  delete element.converted_type;
  delete element.logical_type;
  return (value) => {
    if (typeof value === 'number' || typeof value === 'bigint') return decimal(BigInt(value), scale);
    return value instanceof Uint8Array ? decimal(signed(value), scale) : readValue(value);
  };
}

/** "the unscaled value, in two's complement, big-endian" (Parquet's logical types). */
const signed = (bytes: Uint8Array): bigint =>
  BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`));

/** Any field may be repeated. */
const ofEach =
  (read: Read): Read =>
  (value) =>
    Array.isArray(value) ? value.map(ofEach(read)) : read(value);

const membersReader =
  (other: Read, members: ReadonlyMap<string, Read> = new Map()): Read =>
  (value) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, (members.get(name) ?? other)(each)]))
      : null;

function readValue(value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return timestamp(value.getTime(), 0);
  if (isTimestamp(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(readValue);
  if (typeof value !== 'object') return value as bigint | number | string | boolean;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, readValue(each)]));
}
