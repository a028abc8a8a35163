/** What a request says of its formats, with the defaults of the API Reference (CSVInput, CSVOutput, JSONInput, JSONOutput). */
import type {
  InputSerialization,
  OutputSerialization,
  SelectObjectContentRequest,
} from '#platform/model/generated/s3.ts';
import { refuse } from '#services/s3/select/errors.ts';
import type { OutputFormat } from '#services/s3/select/output.ts';
import type { InputFormat, SelectRequest } from '#services/s3/select/run.ts';

/** `bytes` of the object. */
export function selectRequest(
  input: SelectObjectContentRequest,
  now: number,
  bytes: number,
): Omit<SelectRequest, 'scan'> {
  if (input.ExpressionType !== 'SQL') refuse('InvalidExpressionType');
  const { CompressionType: compression = 'NONE' } = input.InputSerialization;
  return {
    expression: input.Expression,
    input: inputFormat(input.InputSerialization, bytes),
    output: outputFormat(input.OutputSerialization),
    compression,
    now,
  };
}

function inputFormat(
  { CSV: csv, JSON: json, Parquet: parquet, CompressionType: compression = 'NONE' }: InputSerialization,
  bytes: number,
): InputFormat {
  const given = [csv, json, parquet].filter((each) => each !== undefined).length;
  if (given === 0) refuse('MissingRequiredParameter', 'InputSerialization');
  if (given > 1) refuse('ObjectSerializationConflict');
  if (parquet !== undefined) {
    // "does not support whole-object compression for Parquet objects"
    return compression === 'NONE' ? { kind: 'Parquet', bytes } : refuse('InvalidCompressionFormat');
  }
  if (json !== undefined) {
    const type = json.Type ?? refuse('MissingRequiredParameter', 'Type');
    return { kind: 'JSON', type };
  }
  const format = {
    kind: 'CSV',
    recordDelimiter: csv?.RecordDelimiter ?? '\n',
    fieldDelimiter: csv?.FieldDelimiter ?? ',',
    quote: csv?.QuoteCharacter ?? '"',
    quoteEscape: csv?.QuoteEscapeCharacter ?? '"',
    comments: csv?.Comments ?? '#',
    allowsQuotedDelimiters: csv?.AllowQuotedRecordDelimiter ?? false,
    header: csv?.FileHeaderInfo ?? 'NONE',
  } as const;
  checkLetters(format);
  return format;
}

interface Letters {
  readonly recordDelimiter: string;
  readonly fieldDelimiter: string;
  readonly quote: string;
  readonly quoteEscape: string;
  readonly comments?: string;
}

/** Single letters, but for the end of a record, which may be two. */
function checkLetters({ recordDelimiter, fieldDelimiter, quote, quoteEscape, comments = '' }: Letters): void {
  const isRight =
    recordDelimiter.length >= 1 &&
    recordDelimiter.length <= 2 &&
    fieldDelimiter.length === 1 &&
    [quote, quoteEscape, comments].every(({ length }) => length <= 1) &&
    !recordDelimiter.includes(fieldDelimiter);
  if (!isRight) refuse('InvalidRequestParameter');
}

function outputFormat({ CSV: csv, JSON: json }: OutputSerialization): OutputFormat {
  if (csv !== undefined && json !== undefined) refuse('ObjectSerializationConflict');
  if (json !== undefined) return { kind: 'JSON', recordDelimiter: json.RecordDelimiter ?? '\n' };
  if (csv === undefined) return refuse('MissingRequiredParameter', 'OutputSerialization');
  const format = {
    kind: 'CSV',
    recordDelimiter: csv.RecordDelimiter ?? '\n',
    fieldDelimiter: csv.FieldDelimiter ?? ',',
    quote: csv.QuoteCharacter ?? '"',
    quoteEscape: csv.QuoteEscapeCharacter ?? '"',
    quotesAlways: csv.QuoteFields === 'ALWAYS',
  } as const;
  checkLetters(format);
  return format;
}

export interface ScannedPart {
  /** Of the object: what is read. */
  readonly start: number;
  readonly end: number;
  readonly scan: NonNullable<SelectRequest['scan']>;
}

/** Undefined: all of it. */
export function scannedPart(
  { ScanRange: range }: SelectObjectContentRequest,
  { input, compression }: Omit<SelectRequest, 'scan'>,
  bytes: number,
): ScannedPart | undefined {
  if (range === undefined) return undefined;
  const { Start: first, End: last } = range;
  if (first === undefined && last === undefined) return refuse('InvalidScanRange');
  const [from, to] = first === undefined ? [Math.max(bytes - (last ?? 0), 0), bytes - 1] : [first, last ?? bytes - 1];
  if (from < 0 || to < from || from >= bytes) refuse('InvalidScanRange');
  checkScannable(input, compression, from);
  // One byte before: if it ends a record, another begins where the range does.
  const start = Math.max(from - 1, 0);
  return { start, end: bytes, scan: { skipsFirst: from > 0, lastStart: to - start } };
}

/** "uncompressed CSV or JSON objects … in LINES mode"; quoted ends of records hide where records begin. */
function checkScannable(input: InputFormat, compression: string, from: number): void {
  const isPlain =
    compression === 'NONE' &&
    (input.kind === 'JSON' ? input.type === 'LINES' : input.kind === 'CSV' && !input.allowsQuotedDelimiters) &&
    // The names of the columns are in the first record.
    !(input.kind === 'CSV' && input.header === 'USE' && from > 0);
  if (!isPlain) refuse('UnsupportedScanRangeInput');
}
