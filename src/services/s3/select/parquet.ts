/** Records of Parquet: its end says where what is, then one group of rows after the other is read, by a package (hyparquet). */
import { gunzipSync } from 'node:zlib';
import { hyparquet } from '#platform/packages.ts';
import { refuse, SelectError } from '#services/s3/select/errors.ts';
import { JsonRow } from '#services/s3/select/json.ts';
import type { RunningQuery } from '#services/s3/select/run.ts';
import { timestamp, type Value } from '#services/s3/select/values.ts';

/** Decompressed. A group is read whole; the documented limit is 512 MB. */
const MOST_GROUP_BYTES = 128 * 1024 * 1024;
/** "columnar compression for Parquet using GZIP or Snappy" (API Reference). */
const CODECS: ReadonlySet<string> = new Set(['UNCOMPRESSED', 'SNAPPY', 'GZIP']);
const COMPRESSORS = { GZIP: (input: Uint8Array, bytes: number) => gunzipSync(input, { maxOutputLength: bytes }) };

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
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const wanted = reads(names);
  // Who counts rows looks at none; without any column there are no rows.
  const columns = wanted.length > 0 ? [...wanted] : names.slice(0, 1);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const read = group.columns.flatMap(({ meta_data: column }) =>
      column !== undefined && columns.includes(column.path_in_schema[0] ?? '') ? [column] : [],
    );
    const size = read.reduce((sum, column) => sum + Number(column.total_uncompressed_size), 0);
    if (size > MOST_GROUP_BYTES) refuse('OverMaxParquetBlockSize');
    const codecs = read.map(({ codec }) => codec);
    const unknown = codecs.find((codec) => !CODECS.has(codec));
    if (unknown !== undefined) refuse('ParquetUnsupportedCompressionCodec', unknown);
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors: COMPRESSORS });
    for (const row of rows) if (!accept(new JsonRow(readValue(row)))) return;
    rowStart = rowEnd;
  }
}

/** The package wants a buffer of its own. */
const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer =>
  // Bytes that came by a message are in no shared memory.
  buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;

function readValue(value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return timestamp(value.getTime(), 0);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(readValue);
  if (typeof value !== 'object') return value as bigint | number | string | boolean;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, readValue(each)]));
}
