/** Records of the answer, in CSV or JSON. */
import { jsonOf, MISSING, textOf, type Value } from '#services/s3/select/values.ts';

export interface CsvOutput {
  readonly kind: 'CSV';
  readonly recordDelimiter: string;
  readonly fieldDelimiter: string;
  readonly quote: string;
  readonly quoteEscape: string;
  readonly quotesAlways: boolean;
}

export interface JsonOutput {
  readonly kind: 'JSON';
  readonly recordDelimiter: string;
}

export type OutputFormat = CsvOutput | JsonOutput;
export type Columns = readonly (readonly [name: string, value: Value])[];

export const recordWriter = (format: OutputFormat): ((columns: Columns) => string) =>
  format.kind === 'CSV' ? csvWriter(format) : jsonWriter(format);

function csvWriter(format: CsvOutput): (columns: Columns) => string {
  const { recordDelimiter, fieldDelimiter, quote, quoteEscape, quotesAlways } = format;
  const isSpecial = (text: string): boolean =>
    text.includes(fieldDelimiter) || text.includes(recordDelimiter) || (quote !== '' && text.includes(quote));
  const quoted = (text: string): string => `${quote}${text.replaceAll(quote, `${quoteEscape}${quote}`)}${quote}`;
  return (columns) => {
    const fields = columns.map(([, value]) => {
      const text = textOf(value);
      return quote !== '' && (quotesAlways || isSpecial(text)) ? quoted(text) : text;
    });
    return fields.join(fieldDelimiter) + recordDelimiter;
  };
}

/** What is missing is left out. */
const jsonWriter =
  ({ recordDelimiter }: JsonOutput) =>
  (columns: Columns): string => {
    const members = columns.filter(([, value]) => value !== MISSING);
    return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(value)}`).join(',')}}${recordDelimiter}`;
  };
