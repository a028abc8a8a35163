/** Signed requests of S3 as bytes, path style, bodies hashed as SDKs do over plain HTTP. */
import { hmac, sha256Hex } from '#gateway/auth/digest.ts';
import { signingKey } from '#gateway/auth/signing-keys.ts';
import type { Target } from '../sqs/request.ts';

const REGION = 'us-east-1';
const SIGNED = 'host;x-amz-content-sha256;x-amz-date';
const NOTHING = Buffer.alloc(0);

/** `path` and `query` need no encoding beyond what they have; the query's names are in order. */
export const s3Request = (
  target: Target,
  method: string,
  path: string,
  query = '',
  body: Uint8Array = NOTHING,
): Buffer =>
  Buffer.concat([
    s3Head(target, method, `${path}${query === '' ? '' : `?${query}`}`, sha256Hex(body), body.length),
    body,
  ]);

/** Of a body that is sent after it. */
export function s3Head(target: Target, method: string, url: string, digest: string, bytes: number): Buffer {
  const [path = '', query = ''] = url.split('?');
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const host = `localhost:${target.port}`;
  const canonicalHeaders = `host:${host}\nx-amz-content-sha256:${digest}\nx-amz-date:${date}\n`;
  const canonical = `${method}\n${path}\n${query}\n${canonicalHeaders}\n${SIGNED}\n${digest}`;
  const scope = `${date.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256Hex(canonical)}`;
  const signature = hmac(signingKey(target.secretAccessKey, scope), toSign, 'hex');
  const head = [
    `${method} ${url} HTTP/1.1`,
    `host: ${host}`,
    `x-amz-content-sha256: ${digest}`,
    `x-amz-date: ${date}`,
    `authorization: AWS4-HMAC-SHA256 Credential=${target.accessKeyId}/${scope}, SignedHeaders=${SIGNED}, Signature=${signature}`,
    `content-length: ${bytes}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
}
