/** Signed requests for tests, made by the signers of AWS's own SDK and put on the wire as HTTP clients do. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { SignatureV4a } from '@smithy/signature-v4a';
import type { Credential } from '#gateway/auth/sigv4.ts';
import type { Headers, WireRequest } from '#gateway/wire/protocol.ts';

export const CREDENTIAL: Credential = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
export const NOW = Date.UTC(2026, 0, 31, 23, 59, 30);
const HOST = 'localhost:4566';
export const EXPECTED = { service: 'sqs', acceptsRegion: (region: string): boolean => region === 'us-east-1' };
export const EXPECTED_S3 = { ...EXPECTED, service: 's3' };

export interface Draft {
  readonly method?: string;
  /** Percent-encoded. */
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
}

export interface Signing {
  readonly service?: string;
  readonly region?: string;
  readonly at?: number;
  readonly credential?: Credential;
  readonly asymmetric?: boolean;
  readonly presignedFor?: number;
}

/** What the SDK's signers want as SHA-256: node's own, so that nothing of ours takes part in signing. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof secret === 'string' ? secret : bytes(secret));
  }
  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    if (typeof chunk === 'string') this.#hash.update(chunk, 'utf8');
    else this.#hash.update(bytes(chunk));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

const bytes = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

export const encodeStrictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

const queryText = (query: Record<string, string | string[] | null>): string =>
  Object.entries(query)
    .flatMap(([name, values]) =>
      [values ?? ''].flat().map((value) => `${encodeStrictly(name)}=${encodeStrictly(value)}`),
    )
    .join('&');

export async function signed(draft: Draft, signing: Signing = {}): Promise<WireRequest> {
  const { service = 'sqs', region = 'us-east-1', at = NOW, credential = CREDENTIAL } = signing;
  const body = draft.body ?? Buffer.alloc(0);
  const Signer = signing.asymmetric ? SignatureV4a : SignatureV4;
  const signer = new Signer({
    service,
    region,
    credentials: credential,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  });
  const request = {
    method: draft.method ?? 'POST',
    protocol: 'http:',
    hostname: 'localhost',
    port: 4566,
    path: draft.path ?? '/',
    query: draft.query ?? {},
    headers: { host: HOST, ...draft.headers },
    body,
  };
  const signingDate = new Date(at);
  const result =
    signing.presignedFor !== undefined && signer instanceof SignatureV4
      ? await signer.presign(request, { signingDate, expiresIn: signing.presignedFor })
      : await signer.sign(request, { signingDate });
  const headers: Headers = Object.create(null);
  for (const [name, value] of Object.entries(result.headers as Record<string, string>))
    headers[name.toLowerCase()] = value;
  return { method: result.method, path: result.path, query: queryText(result.query ?? {}), headers, body };
}
