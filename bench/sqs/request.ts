/** Signed requests of SQS as bytes, in both protocols. The same ones go to every peer; only ours checks the signature. */
import { hmac, sha256Hex } from '#gateway/auth/digest.ts';
import { signingKey } from '#gateway/auth/signing-keys.ts';

export interface Target {
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export type Protocol = 'json' | 'query';

const REGION = 'us-east-1';

/** `input` holds text and numbers, and entries as a list of such objects. */
export const sqsRequest = (target: Target, protocol: Protocol, operation: string, input: object): Buffer =>
  sqsRequests(target, protocol, operation)(input);

/** Makes the requests of one operation. */
export function sqsRequests(target: Target, protocol: Protocol, operation: string): (input: object) => Buffer {
  if (protocol === 'query') {
    const signed = signedRequests(target, 'sqs', [FORM]);
    return (input) => signed(formOf(operation, input));
  }
  const signed = signedRequests(target, 'sqs', [
    ['content-type', 'application/x-amz-json-1.0'],
    ['x-amz-target', `AmazonSQS.${operation}`],
  ]);
  return (input) => signed(JSON.stringify(input));
}

type Header = readonly [string, string];
const FORM: Header = ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'];

/** A whole HTTP request, posted to `/`. */
export const signedRequest = (target: Target, service: string, body: string, extra: readonly Header[]): Buffer =>
  signedRequests(target, service, extra)(body);

/**
 * Makes requests that differ in their body alone; what they have in common, their time with it, is written once: who measures
 * a server must not be busy itself. They are good for a quarter of an hour.
 */
function signedRequests(target: Target, service: string, extra: readonly Header[]): (body: string) => Buffer {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const own: Header[] = [
    ['host', `localhost:${target.port}`],
    ['x-amz-date', date],
  ];
  const headers = [...extra, ...own].sort(([a], [b]) => (a < b ? -1 : 1));
  const names = headers.map(([name]) => name).join(';');
  const canonicalHeaders = headers.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = `POST\n/\n\n${canonicalHeaders}\n${names}\n`;
  const scope = `${date.slice(0, 8)}/${REGION}/${service}/aws4_request`;
  const key = signingKey(target.secretAccessKey, scope);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const credential = `AWS4-HMAC-SHA256 Credential=${target.accessKeyId}/${scope}, SignedHeaders=${names}`;
  return (body) => {
    const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256Hex(canonical + sha256Hex(body))}`;
    const authorization = `${credential}, Signature=${hmac(key, toSign, 'hex')}`;
    const length = Buffer.byteLength(body);
    return Buffer.from(
      `POST / HTTP/1.1\r\n${lines}authorization: ${authorization}\r\ncontent-length: ${length}\r\n\r\n${body}`,
    );
  };
}

function formOf(operation: string, input: object): string {
  const pairs: [string, string][] = [
    ['Action', operation],
    ['Version', '2012-11-05'],
  ];
  for (const [name, value] of Object.entries(input)) {
    if (!Array.isArray(value)) pairs.push([name, String(value)]);
    else for (const [at, entry] of value.entries()) pairs.push(...entryPairs(operation, at + 1, entry));
  }
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

const entryPairs = (operation: string, at: number, entry: object): [string, string][] =>
  Object.entries(entry).map(([name, value]) => [`${operation}RequestEntry.${at}.${name}`, String(value)]);

/** What stands behind a name in an answer of either protocol. */
export function valuesOf(body: Buffer, protocol: Protocol, name: string): string[] {
  const [before, after] = protocol === 'json' ? [`"${name}":`, '"'] : [`<${name}>`, '</'];
  const text = body.toString('utf8');
  const values: string[] = [];
  for (let at = text.indexOf(before); at >= 0; at = text.indexOf(before, at)) {
    at += before.length;
    // Some write a blank after the colon.
    if (protocol === 'json') at = text.indexOf('"', at) + 1;
    values.push(text.slice(at, text.indexOf(after, at)));
  }
  return values;
}
