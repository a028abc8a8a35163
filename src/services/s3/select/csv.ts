/** Records of CSV, from text that comes in pieces cut anywhere. */
import { refuse } from '#services/s3/select/errors.ts';
import type { Row } from '#services/s3/select/evaluate.ts';
import { MOST_RECORD_CHARACTERS, type RecordReader } from '#services/s3/select/records.ts';
import type { PathStep } from '#services/s3/select/syntax.ts';
import { MISSING, type Value } from '#services/s3/select/values.ts';

export interface CsvInput {
  readonly recordDelimiter: string;
  readonly fieldDelimiter: string;
  readonly quote: string;
  readonly quoteEscape: string;
  readonly comments: string;
  readonly allowsQuotedDelimiters: boolean;
  readonly header: 'NONE' | 'USE' | 'IGNORE';
}

export function csvReader(format: CsvInput): RecordReader {
  let rest = '';
  let isHeaderDue = format.header !== 'NONE';
  let columns = new Columns(undefined);
  const rowOf = (line: string): Row | undefined => {
    const record = format.recordDelimiter === '\n' && line.endsWith('\r') ? line.slice(0, -1) : line;
    if (record.length > MOST_RECORD_CHARACTERS) refuse('OverMaxRecordSize');
    if (record === '' || (format.comments !== '' && record.startsWith(format.comments))) return undefined;
    const fields = fieldsOf(record, format);
    if (!isHeaderDue) return new CsvRow(fields, columns);
    isHeaderDue = false;
    if (format.header === 'USE') columns = new Columns(fields);
    return undefined;
  };
  return {
    *read(text, isLast) {
      rest += text;
      let start = 0;
      for (;;) {
        const end = recordEnd(rest, start, format);
        if (end < 0) break;
        yield {
          row: rowOf(rest.slice(start, end)),
          characters: rest.slice(start, end + format.recordDelimiter.length),
        };
        start = end + format.recordDelimiter.length;
      }
      rest = rest.slice(start);
      if (rest.length > MOST_RECORD_CHARACTERS) refuse('OverMaxRecordSize');
      if (!isLast || rest === '') return;
      yield { row: rowOf(rest), characters: rest };
      rest = '';
    },
  };
}

/** Below 0: it has not ended yet. */
function recordEnd(text: string, start: number, format: CsvInput): number {
  const { recordDelimiter, quote, allowsQuotedDelimiters } = format;
  if (!allowsQuotedDelimiters || quote === '') return text.indexOf(recordDelimiter, start);
  let at = start;
  for (;;) {
    const end = text.indexOf(recordDelimiter, at);
    const opening = text.indexOf(quote, at);
    if (end < 0 || opening < 0 || end < opening) return end;
    const closing = closingQuote(text, opening + 1, format);
    if (closing < 0) return -1;
    at = closing + 1;
  }
}

/** The quote that ends a text which begins at `from`: neither doubled nor escaped. */
function closingQuote(text: string, from: number, { quote, quoteEscape }: CsvInput): number {
  for (let at = from; at < text.length; at++) {
    const letter = text[at];
    if (letter === quoteEscape && quoteEscape !== quote) at++;
    else if (letter === quote) {
      if (quoteEscape !== quote || text[at + 1] !== quote) return at;
      at++;
    }
  }
  return -1;
}

function fieldsOf(record: string, format: CsvInput): readonly string[] {
  const { fieldDelimiter, quote } = format;
  if (quote === '' || !record.includes(quote)) return record.split(fieldDelimiter);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let value = '';
    if (record[at] === quote) {
      const closing = closingQuote(record, at + 1, format);
      if (closing < 0) return refuse('CSVParsingError', 'a quote is not closed');
      value = unescaped(record.slice(at + 1, closing), format);
      at = closing + 1;
    }
    const end = record.indexOf(fieldDelimiter, at);
    fields.push(value + (end < 0 ? record.slice(at) : record.slice(at, end)));
    if (end < 0) return fields;
    at = end + fieldDelimiter.length;
  }
}

function unescaped(text: string, { quoteEscape }: CsvInput): string {
  if (quoteEscape === '' || !text.includes(quoteEscape)) return text;
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] === quoteEscape && at + 1 < text.length) at++;
    plain += text[at];
  }
  return plain;
}

/** Where names lead: found once for each. */
class Columns {
  readonly header: readonly string[] | undefined;
  readonly #found = new Map<string, number>();

  constructor(header: readonly string[] | undefined) {
    this.header = header;
  }

  indexOf({ name, isQuoted }: Extract<PathStep, { name: string }>): number {
    const key = `${isQuoted} ${name}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const index = this.#find(name, isQuoted);
    this.#found.set(key, index);
    return index;
  }

  #find(name: string, isQuoted: boolean): number {
    const matches = (this.header ?? []).flatMap((each, index) =>
      (isQuoted ? each === name : each.toLowerCase() === name.toLowerCase()) ? [index] : [],
    );
    if (matches.length > 1) refuse('AmbiguousFieldName', name);
    const position = /^_([1-9]\d{0,5})$/.exec(name)?.[1];
    return matches[0] ?? (position === undefined ? refuse('MissingHeaders', name) : Number(position) - 1);
  }
}

class CsvRow implements Row {
  readonly #fields: readonly string[];
  readonly #columns: Columns;

  constructor(fields: readonly string[], columns: Columns) {
    this.#fields = fields;
    this.#columns = columns;
  }

  get([step, ...more]: readonly PathStep[]): Value {
    if (step === undefined) return refuse('InvalidTableAlias');
    if (!('name' in step) || more.length > 0) return MISSING;
    return this.#fields[this.#columns.indexOf(step)] ?? MISSING;
  }

  columns(): readonly (readonly [string, Value])[] {
    const { header } = this.#columns;
    return this.#fields.map((field, index) => [header?.[index] ?? `_${index + 1}`, field]);
  }
}
