/**
 * A form with a file (multipart/form-data, RFC 7578), read as it comes: the fields before the file whole and bounded, the file as
 * a stream. What follows the file is not read.
 */
import { ServiceError } from '#platform/error.ts';

export interface UploadForm {
  /** By lower-case name, without the file. */
  readonly fields: ReadonlyMap<string, string>;
  readonly filename: string;
  readonly fileType: string | undefined;
  readonly file: AsyncIterable<Uint8Array>;
}

/** "The form data and boundaries (excluding the contents of the file) cannot exceed 20 KB." (S3 User Guide, "HTML forms") */
const MOST_FIELD_BYTES = 20 * 1024;
const MOST_HEADER_BYTES = 8 * 1024;
const HEADERS_END = Buffer.from('\r\n\r\n');

const malformed = (): ServiceError =>
  new ServiceError('MalformedPOSTRequest', 'The body of your POST request is not well-formed multipart/form-data.', {
    status: 400,
  });
const tooMuch = (): ServiceError =>
  new ServiceError(
    'MaxPostPreDataLengthExceeded',
    'Your POST request fields preceding the upload file were too large.',
    { status: 400 },
  );
const argument = (name: string, value: string, message: string): ServiceError =>
  new ServiceError('InvalidArgument', message, { status: 400, fields: { ArgumentName: name, ArgumentValue: value } });

export const boundaryOf = (contentType: string): string | undefined => {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain;
};

export async function readForm(source: AsyncIterable<Uint8Array>, boundary: string): Promise<UploadForm> {
  const parts = partsOf(source, boundary);
  const fields = new Map<string, string>();
  let bytes = 0;
  for (;;) {
    const head = await parts.next();
    if (head === undefined) throw argument('file', '0', 'POST requires exactly one file upload per request.');
    const name = parameterOf(head, 'name')?.toLowerCase();
    if (name === undefined) throw malformed();
    if (name === 'file') {
      // Browsers of old send the whole path.
      const filename = (parameterOf(head, 'filename') ?? '').replace(/^.*[/\\]/, '');
      const [, fileType] = /^content-type:\s*(.*?)\s*$/im.exec(head) ?? [];
      return { fields, filename, fileType, file: parts.body() };
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of parts.body()) {
      bytes += piece.length;
      if (bytes > MOST_FIELD_BYTES) throw tooMuch();
      pieces.push(piece);
    }
    bytes += name.length;
    if (bytes > MOST_FIELD_BYTES) throw tooMuch();
    const value = Buffer.concat(pieces).toString('utf8');
    const before = fields.get(name);
    // The policy has the same joined value ("HTML forms", "Conditions").
    fields.set(name, before === undefined ? value : `${before},${value}`);
  }
}

function parameterOf(head: string, name: string): string | undefined {
  const [, disposition = ''] = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head) ?? [];
  const [, quoted, plain] =
    new RegExp(`(?:^|[;\\s])${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i').exec(disposition) ?? [];
  return quoted?.replace(/\\(["\\])/g, '$1') ?? plain;
}

interface Parts {
  /** The next part's headers; undefined after the last. */
  next(): Promise<string | undefined>;
  /** Its bytes, to be read before the next part. */
  body(): AsyncGenerator<Uint8Array>;
}

function partsOf(source: AsyncIterable<Uint8Array>, boundary: string): Parts {
  const iterator = source[Symbol.asyncIterator]();
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  // So that the first delimiter looks like all others.
  let held: Buffer = Buffer.from('\r\n');
  let isBegun = false;
  const more = async (): Promise<void> => {
    const { done, value } = await iterator.next();
    if (done) throw malformed();
    held = Buffer.concat([held, value]);
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const end = held.indexOf(delimiter);
      if (end >= 0) {
        const last = held.subarray(0, end);
        held = held.subarray(end + delimiter.length);
        if (last.length > 0) yield last;
        return;
      }
      // A delimiter may have begun at the end of what is there.
      const safe = held.length - delimiter.length + 1;
      if (safe > 0) {
        const piece = held.subarray(0, safe);
        held = held.subarray(safe);
        yield piece;
      }
      await more();
    }
  }
  async function next(): Promise<string | undefined> {
    if (!isBegun) {
      isBegun = true;
      let preamble = 0;
      for await (const piece of body()) {
        preamble += piece.length;
        if (preamble > MOST_HEADER_BYTES) throw malformed();
      }
    }
    while (held.length < 2) await more();
    if (held.subarray(0, 2).toString('latin1') === '--') return undefined;
    for (;;) {
      const end = held.indexOf(HEADERS_END);
      if (end > MOST_HEADER_BYTES || (end < 0 && held.length > MOST_HEADER_BYTES)) throw malformed();
      if (end >= 0) {
        const head = held.subarray(0, end).toString('utf8');
        held = held.subarray(end + HEADERS_END.length);
        return head;
      }
      await more();
    }
  }
  return { next, body };
}
