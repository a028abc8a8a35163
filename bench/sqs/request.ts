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
export function sqsRequest(target: Target, protocol: Protocol, operation: string, input: object): Buffer {
  if (protocol === 'query') return signedRequest(target, 'sqs', formOf(operation, input), [FORM]);
  return signedRequest(target, 'sqs', JSON.stringify(input), [
    ['content-type', 'application/x-amz-json-1.0'],
    ['x-amz-target', `AmazonSQS.${operation}`],
  ]);
}

type Header = readonly [string, string];
const FORM: Header = ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'];

/** A whole HTTP request, posted to `/`. */
export function signedRequest(target: Target, service: string, body: string, extra: readonly Header[]): Buffer {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const own: Header[] = [
    ['host', `localhost:${target.port}`],
    ['x-amz-date', date],
  ];
  const headers = [...extra, ...own].sort(([a], [b]) => (a < b ? -1 : 1));
  const names = headers.map(([name]) => name).join(';');
  const canonicalHeaders = headers.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = `POST\n/\n\n${canonicalHeaders}\n${names}\n${sha256Hex(body)}`;
  const scope = `${date.slice(0, 8)}/${REGION}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256Hex(canonical)}`;
  const signature = hmac(signingKey(target.secretAccessKey, scope), toSign, 'hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${target.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  const sent = [...headers, ['authorization', authorization], ['content-length', String(Buffer.byteLength(body))]];
  return Buffer.from(`POST / HTTP/1.1\r\n${sent.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
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
  const text = body.toString('utf8');
  const pattern =
    protocol === 'json' ? new RegExp(`"${name}": ?"([^"]*)"`, 'g') : new RegExp(`<${name}>([^<]*)</${name}>`, 'g');
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}
