/**
 * A query at work: bytes in, bytes of the answer out. It knows no thread, stream or clock; worker.ts drives it.
 *
 * Of a scan range the records count that begin in it, wherever they end ("Scan range"): what comes before the first record that begins
 * there is passed over, and reading ends where a record begins behind it.
 */
import { aggregator } from '#services/s3/select/aggregate.ts';
import { type CsvInput, csvReader } from '#services/s3/select/csv.ts';
import { refuse, SelectError } from '#services/s3/select/errors.ts';
import { compile, holds, type Row } from '#services/s3/select/evaluate.ts';
import { jsonReader } from '#services/s3/select/json.ts';
import { type Columns, type OutputFormat, recordWriter } from '#services/s3/select/output.ts';
import { firstSteps, parseQuery } from '#services/s3/select/parse.ts';
import { MOST_RECORD_CHARACTERS, type RecordReader } from '#services/s3/select/records.ts';
import type { FromStep, PathStep, Query } from '#services/s3/select/syntax.ts';

export type InputFormat =
  | ({ readonly kind: 'CSV' } & CsvInput)
  | { readonly kind: 'JSON'; readonly type: 'LINES' | 'DOCUMENT' }
  /** Its end is read first: how many bytes it has. */
  | { readonly kind: 'Parquet'; readonly bytes: number };

export interface ScanRange {
  /** The first bytes are the end of a record that began before. */
  readonly skipsFirst: boolean;
  /** Where the last record may begin. */
  readonly lastStart: number;
}

export interface SelectRequest {
  readonly expression: string;
  readonly input: InputFormat;
  readonly output: OutputFormat;
  readonly compression: 'NONE' | 'GZIP' | 'BZIP2';
  readonly now: number;
  readonly scan?: ScanRange;
}

export interface RunningQuery {
  /** False: nothing more is wanted. */
  push(bytes: Uint8Array): boolean;
  /** A record of a format that is read elsewhere (parquet.ts). */
  accept(this: void, row: Row): boolean;
  /** Of these columns, those that it looks at. */
  reads(this: void, names: readonly string[]): readonly string[];
  finish(): void;
  /** What there is of the answer since the last time. */
  take(): string;
}

/** Throws what is wrong with the query. */
export function openQuery(request: SelectRequest): RunningQuery {
  const query = parseQuery(request.expression);
  const accept = acceptor(query, request);
  const { input, scan } = request;
  const reader = readerOf(input, query.from);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let answer = '';
  let at = 0;
  let skips = scan?.skipsFirst ?? false;
  let isOpen = query.limit !== 0;
  const give = (row: Row): boolean => {
    const { text: record, isFull } = accept.row(row);
    answer += record;
    isOpen = !isFull;
    return isOpen;
  };
  const read = (text: string, isLast: boolean): void => {
    for (const { row, characters } of reader.read(text, isLast)) {
      if (scan !== undefined && at > scan.lastStart) isOpen = false;
      if (!isOpen) return;
      if (scan !== undefined) at += Buffer.byteLength(characters);
      const isPassed = skips;
      skips = false;
      if (row !== undefined && !isPassed) give(row);
    }
  };
  return {
    push(bytes) {
      if (isOpen) read(decoded(decoder, bytes), false);
      return isOpen;
    },
    accept: (row) => isOpen && give(row),
    reads(names) {
      const steps = firstSteps(query);
      return steps === undefined ? names : names.filter((name) => steps.some((step) => isNamedBy(name, step)));
    },
    finish() {
      if (isOpen) read(decoded(decoder, undefined), true);
      answer += accept.end();
    },
    take() {
      const taken = answer;
      answer = '';
      return taken;
    },
  };
}

function isNamedBy(name: string, step: PathStep): boolean {
  if ('index' in step) return false;
  return step.isQuoted ? name === step.name : name.toLowerCase() === step.name.toLowerCase();
}

function readerOf(input: InputFormat, from: readonly FromStep[]): RecordReader {
  if (input.kind === 'JSON') return jsonReader(input.type, from);
  if (input.kind === 'Parquet' && from.length === 0) return { read: () => [] };
  return input.kind === 'CSV' && from.length === 0
    ? csvReader(input)
    : refuse('UnsupportedSqlStructure', 'a path in FROM is for JSON');
}

function decoded(decoder: TextDecoder, bytes: Uint8Array | undefined): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new SelectError('InvalidTextEncoding');
  }
}

interface Acceptor {
  /** `isFull`: the limit is reached. */
  row(row: Row): { readonly text: string; readonly isFull: boolean };
  end(): string;
}

function acceptor({ where, projections, aggregates, limit }: Query, { now, output }: SelectRequest): Acceptor {
  const circumstances = { now };
  const condition = where && compile(where, circumstances);
  const columns = projections?.map(({ name, value }) => [name, compile(value, circumstances)] as const);
  const write = checkedWriter(recordWriter(output));
  const feeds = aggregates.map(({ name, operand }) => aggregator(name, operand && compile(operand, circumstances)));
  const passes = (row: Row): boolean => condition === undefined || holds(condition(row, []));
  const nothing = { text: '', isFull: false };
  if (columns !== undefined && feeds.length > 0) {
    return {
      row(row) {
        if (passes(row)) for (const feed of feeds) feed.feed(row);
        return nothing;
      },
      end() {
        const results = feeds.map((feed) => feed.result());
        return limit === 0 ? '' : write(columns.map(([name, value]) => [name, value(NO_ROW, results)]));
      },
    };
  }
  let count = 0;
  return {
    row(row) {
      if (!passes(row)) return nothing;
      const record = columns?.map(([name, value]) => [name, value(row, [])] as const) ?? row.columns();
      count++;
      return { text: write(record), isFull: count === limit };
    },
    end: () => '',
  };
}

/** Expressions of aggregate functions read no column. */
const NO_ROW: Row = { get: () => null, columns: () => [] };

const checkedWriter =
  (write: (columns: Columns) => string) =>
  (columns: Columns): string => {
    const record = write(columns);
    return record.length > MOST_RECORD_CHARACTERS ? refuse('OverMaxRecordSize') : record;
  };
