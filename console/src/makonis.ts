/** Calls of Makonis' own service, signed or, to sign in, not. */

import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Credentials } from './session.ts';

/** What the cloud answers when it refuses: the code says what to do next. */
export class CallError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export async function call<Output>(
  operation: string,
  input: Readonly<Record<string, unknown>>,
  credentials?: Credentials,
): Promise<Output> {
  const body = JSON.stringify(input);
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `Makonis.${operation}` };
  const signed = credentials === undefined ? headers : await signedHeaders(headers, body, credentials);
  const response = await fetch('/', { method: 'POST', headers: signed, body, redirect: 'error' });
  const answer = await response.json();
  if (response.ok) return answer as Output;
  const { __type: type = '', message = '', Message = '' } = answer as Record<string, string>;
  throw new CallError(type.replace(/^.*#/, ''), message || Message || response.statusText);
}

async function signedHeaders(headers: Record<string, string>, body: string, credentials: Credentials) {
  const signer = new SignatureV4({ credentials, region: 'us-east-1', service: 'makonis', sha256: Sha256 });
  const { protocol, hostname, host } = location;
  const request = { method: 'POST', protocol, hostname, path: '/', headers: { ...headers, host }, body };
  const { host: _, ...signed } = (await signer.sign(request)).headers;
  // A browser sets it itself, to the same.
  return signed;
}
