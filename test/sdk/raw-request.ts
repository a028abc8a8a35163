/** Requests made by hand, for what no SDK would send: signed by the signers of AWS's SDK, altered, put on the wire as they are. */
import { request as httpRequest } from 'node:http';
import { type Draft, type Signing, signed } from '#test/protocol/sigv4-signing.fixture.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The error's code in the answer's own form: `__type` without its namespace, or `<Code>`. */
  readonly code: string;
  /** What the Query-compatible header says, for SDKs that know the older code. */
  readonly queryCode: string;
  readonly message: string;
}

export function sendRaw({ port }: Pick<TestCloud, 'port'>, request: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, query, headers, body } = request;
    const target = query === '' ? path : `${path}?${query}`;
    const client = httpRequest({ host: '127.0.0.1', port, method, path: target, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: text,
          ...errorOf(text, answer.headers),
        });
      });
    });
    client.setTimeout(60_000, () => client.destroy(new Error(`no answer to ${method} ${target} ${body}`)));
    client.on('error', reject);
    client.end(body);
  });
}

function errorOf(text: string, headers: RawAnswer['headers']): Pick<RawAnswer, 'code' | 'queryCode' | 'message'> {
  const [queryCode = ''] = String(headers['x-amzn-query-error'] ?? '').split(';');
  if (text.startsWith('{')) {
    const { __type: type = '', message, Message } = JSON.parse(text) as Record<string, string | undefined>;
    return { code: type.replace(/.*#/, ''), queryCode, message: message ?? Message ?? '' };
  }
  const unescaped = (name: string): string =>
    (new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '').replaceAll('&apos;', "'").replaceAll('&#39;', "'");
  return { code: unescaped('Code'), queryCode, message: unescaped('Message') };
}

/** Signed now, by the clock of the cloud, as its administrator, unless told otherwise. */
export async function signedRequest(cloud: TestCloud, draft: Draft, signing: Signing = {}): Promise<RawRequest> {
  const { port, clock, administrator } = cloud;
  const headers = { host: `localhost:${port}`, ...draft.headers };
  const request = await signed({ ...draft, headers }, { at: clock.now(), credential: administrator, ...signing });
  return { ...request, headers: { ...(request.headers as Record<string, string>) } };
}

export const jsonDraft = (operation: string, input: object, prefix = 'AmazonSQS'): Draft => ({
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${prefix}.${operation}` },
  body: Buffer.from(JSON.stringify(input)),
});

export const formDraft = (version: string, operation: string, input: Record<string, string> = {}): Draft => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  body: Buffer.from(new URLSearchParams({ Action: operation, Version: version, ...input }).toString()),
});

export const unsigned = ({ port }: TestCloud, draft: Draft): RawRequest => ({
  method: draft.method ?? 'POST',
  path: draft.path ?? '/',
  query: new URLSearchParams(draft.query as Record<string, string>).toString(),
  headers: { host: `localhost:${port}`, ...draft.headers },
  body: draft.body ?? Buffer.alloc(0),
});
