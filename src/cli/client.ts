/** A signed call of the `makonis` service, as any client would make it: the command line has no private door. */
import { createHmac, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CommandError } from '#cli/output.ts';
import type { RunSecrets, RunState } from '#cli/run-state.ts';

const sha256 = (text: string): string => hash('sha256', text, 'hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Where the cloud is, and whose key signs. */
export type Operator = Pick<RunState, 'url' | 'region' | 'authorityFile'> & Pick<RunSecrets, 'operator'>;

export async function callMakonis(
  { url: address, region, authorityFile, operator }: Operator,
  operation: string,
  input: object,
): Promise<Record<string, unknown>> {
  const body = JSON.stringify(input);
  const url = new URL(address);
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.0',
    host: url.host,
    'x-amz-date': date,
    'x-amz-target': `Makonis.${operation}`,
  };
  const names = Object.keys(headers).sort();
  const canonicalHeaders = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = `POST\n/\n\n${canonicalHeaders}\n${names.join(';')}\n${sha256(body)}`;
  const scope = `${date.slice(0, 8)}/${region}/makonis/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${operator.secretAccessKey}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString('hex');
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${operator.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return answerOf(await post(url, headers, body, authorityFile));
}

function answerOf({ status, text }: { status: number; text: string }): Record<string, unknown> {
  // Our own service's answers are JSON objects, errors too.
  const answer = JSON.parse(text) as Record<string, unknown>;
  if (status < 300) return answer;
  const code = String(answer['__type'] ?? status).replace(/^.*#/, '');
  throw new CommandError(`${code}: ${String(answer['message'] ?? answer['Message'] ?? '')}`);
}

function post(
  url: URL,
  headers: Record<string, string>,
  body: string,
  authorityFile: string | undefined,
): Promise<{ status: number; text: string }> {
  const isTls = url.protocol === 'https:';
  const request = isTls ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      // The names of the certificate are checked against the URL's host; the address is loopback in any case.
      host: '127.0.0.1',
      servername: url.hostname,
      port: url.port,
      path: '/',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      timeout: 30_000,
      ...(authorityFile !== undefined && { ca: readFileSync(authorityFile) }),
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')));
    sent.on('error', (error) =>
      reject(new CommandError(`the cloud at ${url.origin} does not answer: ${error.message}`)),
    );
    sent.end(body);
  });
}
