/** Values in headers, query strings and labels: like other text, but for lists in headers and JSON in base64. */
import { readBase64, type TextReader, type TextWriter, textReader, textWriter } from '#gateway/wire/scalar-text.ts';
import { listMember, malformed, type Resolved, resolve } from '#gateway/wire/shapes.ts';
import type { ServiceModel } from '#platform/model/schema.ts';

/** A parameter that is not there. An empty value is one, unless it is a string. */
const isAbsent = (shape: Resolved, text: string): boolean =>
  text === '' && shape.type !== 'string' && shape.type !== 'list';

export function headerReader(model: ServiceModel, shape: Resolved): (text: string) => unknown {
  if (shape.jsonvalue) return readJsonValue;
  if (shape.type !== 'list') {
    const read = scalarReader(shape, 'rfc822');
    return (text) => (isAbsent(shape, text) ? undefined : read(text));
  }
  const member = resolve(model, listMember(shape));
  const read = member.jsonvalue ? readJsonValue : scalarReader(member, 'rfc822');
  // A date of RFC 822 has a comma of its own.
  const isDate = member.type === 'timestamp' && (member.timestampFormat ?? 'rfc822') === 'rfc822';
  return (text) => (isDate ? splitDates(text) : splitHeader(text)).map(read);
}

export function headerWriter(model: ServiceModel, shape: Resolved): TextWriter {
  if (shape.jsonvalue) return (value) => Buffer.from(JSON.stringify(value)).toString('base64');
  if (shape.type !== 'list') return scalarWriter(shape, 'rfc822');
  const member = resolve(model, listMember(shape));
  const write = scalarWriter(member, 'rfc822');
  const isText = member.type === 'string';
  return (value) =>
    (value as readonly unknown[])
      .filter((item) => item !== null && item !== undefined)
      .map((item) => (isText ? quoted(String(item)) : write(item)))
      .join(', ');
}

export function scalarReader(shape: Resolved, timestampFormat: 'rfc822' | 'iso8601'): TextReader {
  return textReader(shape, timestampFormat) ?? (() => malformed(`${shape.shape} can not be bound to text`));
}

const scalarWriter = (shape: Resolved, timestampFormat: 'rfc822' | 'iso8601'): TextWriter =>
  textWriter(shape, timestampFormat) ?? JSON.stringify;

function readJsonValue(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(readBase64(text)).toString('utf8'));
  } catch {
    return malformed('The header is not JSON in base64');
  }
}

const quoted = (text: string): string =>
  /[",]/.test(text) ? `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : text;

/** Comma-separated values (RFC 9110, 5.6.1), some of them quoted. */
function splitHeader(text: string): string[] {
  const values: string[] = [];
  let offset = 0;
  while (offset < text.length) {
    if (text[offset] === ' ' || text[offset] === '\t' || text[offset] === ',') {
      offset++;
    } else if (text[offset] === '"') {
      const end = closingQuote(text, offset + 1);
      values.push(text.slice(offset + 1, end).replace(/\\(.)/g, '$1'));
      offset = end + 1;
    } else {
      const comma = text.indexOf(',', offset);
      const end = comma < 0 ? text.length : comma;
      values.push(text.slice(offset, end).trimEnd());
      offset = end;
    }
  }
  return values;
}

function closingQuote(text: string, start: number): number {
  for (let offset = start; offset < text.length; offset++) {
    if (text[offset] === '\\') offset++;
    else if (text[offset] === '"') return offset;
  }
  return malformed('A quoted header value does not end');
}

function splitDates(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.flatMap((part, i) => (i % 2 === 0 ? [`${part}, ${parts[i + 1] ?? ''}`] : []));
}
