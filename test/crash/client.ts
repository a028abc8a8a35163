/** A client that knows the three ends of a request: it was answered, it was refused, or nobody knows, since the server died. */
import { createHmac, hash } from 'node:crypto';
import { Agent, request } from 'node:http';

export interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Target {
  readonly method: string;
  readonly path: string;
}

export type Outcome =
  | { readonly end: 'answered'; readonly body: string }
  | { readonly end: 'refused'; readonly status: number; readonly body: string }
  | { readonly end: 'unknown' };

const VERSIONS: Readonly<Record<string, string>> = { iam: '2010-05-08', sts: '2011-06-15' };
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** A process that is stopped takes connections, and says nothing. */
const SILENCE_MILLISECONDS = 3000;

export class CrashClient {
  /** Of the processes of the cloud. */
  readonly #ports: readonly number[];
  /** Of the server's own: with several processes, or while the store may be away, what was asked for may have been done. */
  errorsSayNothing: boolean;
  readonly #agent = new Agent({ keepAlive: true });
  #isClosed = false;
  /** Operation -> how its requests ended. */
  ends: Record<string, Record<Outcome['end'], number>> = {};

  constructor(...ports: number[]) {
    this.#ports = ports;
    this.errorsSayNothing = ports.length > 1;
  }

  /** Another one, of some of the processes, whose requests are counted with those of this one. */
  at(...ports: number[]): CrashClient {
    const other = new CrashClient(...ports);
    other.errorsSayNothing = this.errorsSayNothing;
    other.ends = this.ends;
    return other;
  }

  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  async sqs(operation: string, input: object, key: Key): Promise<Outcome> {
    const type = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` };
    return this.#note(operation, await this.#post('sqs', type, JSON.stringify(input), key));
  }

  async form(service: 'iam' | 'sts', operation: string, input: Record<string, string>, key: Key): Promise<Outcome> {
    const form = new URLSearchParams({ Action: operation, Version: VERSIONS[service] ?? '', ...input });
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#note(operation, await this.#post(service, type, form.toString(), key));
  }

  /** `path` is made of what needs no percent-encoding. */
  async s3(method: 'GET' | 'PUT' | 'DELETE', path: string, body: string, key: Key): Promise<Outcome> {
    const headers = { 'x-amz-content-sha256': sha256(body) };
    return this.#note(s3Operation(method, path), await this.#send('s3', headers, body, key, { method, path }));
  }

  #note(operation: string, outcome: Outcome): Outcome {
    this.ends[operation] ??= { answered: 0, refused: 0, unknown: 0 };
    this.ends[operation][outcome.end]++;
    return outcome;
  }

  #post(service: string, type: Record<string, string>, body: string, key: Key): Promise<Outcome> {
    return this.#send(service, type, body, key, { method: 'POST', path: '/' });
  }

  #send(service: string, type: Record<string, string>, body: string, key: Key, target: Target): Promise<Outcome> {
    const port = this.#ports[Math.floor(Math.random() * this.#ports.length)] ?? 0;
    const headers: Record<string, string> = { ...type, host: `localhost:${port}`, 'x-amz-date': basicDate() };
    headers['authorization'] = authorization(service, headers, body, key, target);
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port, ...target, headers, agent: this.#agent };
      const unknown = (): void => resolve({ end: 'unknown' });
      const sent = request(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', unknown);
        answer.on('close', unknown);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const status = answer.statusCode ?? 0;
          if (!answer.complete || (this.errorsSayNothing && isOwnError(status, text))) unknown();
          else
            resolve(
              status === 200 || status === 204
                ? { end: 'answered', body: text }
                : { end: 'refused', status, body: text },
            );
        });
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // Between a kill and a start nobody listens: nothing was sent.
        if (error.code !== 'ECONNREFUSED' || this.#isClosed) return unknown();
        setTimeout(() => resolve(this.#send(service, type, body, key, target)), 10);
      });
      if (this.#ports.length > 1) sent.setTimeout(SILENCE_MILLISECONDS, () => sent.destroy());
      sent.end(body);
    });
  }
}

/** As it is metered; what is not named here nobody compares. */
function s3Operation(method: string, path: string): string {
  const [pathname = '', query = ''] = path.split('?');
  if (!/^\/[^/]+\/?$/.test(pathname))
    return { GET: 'GetObject', PUT: 'PutObject', DELETE: 'DeleteObject' }[method] ?? '';
  if (method === 'GET' && query.startsWith('list-type=2')) return 'ListObjectsV2';
  return method === 'PUT' && query === '' ? 'CreateBucket' : UNNAMED;
}
export const UNNAMED = 'others of S3';

/** Or too much waits for the store. */
const isOwnError = (status: number, body: string): boolean => status >= 500 || body.includes('Throttl');

const basicDate = (): string => new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');

function authorization(
  service: string,
  headers: Record<string, string>,
  body: string,
  key: Key,
  { method, path }: Target,
): string {
  const date = headers['x-amz-date'] ?? '';
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const [pathname, query = ''] = path.split('?');
  const canonical = `${method}\n${pathname}\n${query}\n${lines}\n${names.join(';')}\n${sha256(body)}`;
  const scope = `${date.slice(0, 8)}/us-east-1/${service}/aws4_request`;
  const secret = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${key.secretAccessKey}`);
  const signature = hmac(secret, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}
