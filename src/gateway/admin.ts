/**
 * The operator's port: health and metrics. Bound to loopback; asks for a token that only who may read the data folder has, and
 * for a Host that is this machine's, so that no web page that a browser shows can reach it (DNS rebinding).
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AdminOptions {
  readonly port: number;
  readonly token: string;
  /** A JSON object; `ready` decides the status. */
  readonly health: () => { readonly ready: boolean } & Record<string, unknown>;
  readonly metrics: () => string;
}

export interface AdminServer {
  readonly port: number;
  stop(): Promise<void>;
}

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 10_000 }, (request, response) =>
    end(response, answer(request, options)),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    // A TCP server's address is never a pipe's name.
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const text = (status: number, body: string): Answer => ({ status, type: 'text/plain', body: `${body}\n` });

function answer({ headers, method, url }: IncomingMessage, options: AdminOptions): Answer {
  if (!LOCAL_HOST.test(headers.host ?? '')) return text(400, 'not a host of this port');
  if (!isToken(headers.authorization, options.token)) {
    return text(401, 'Authorization: Bearer <the token in run/admin-token of the data folder>');
  }
  if (method !== 'GET') return text(405, 'GET only');
  switch (url) {
    case '/_makonis/health': {
      const health = options.health();
      return { status: health.ready ? 200 : 503, type: 'application/json', body: `${JSON.stringify(health)}\n` };
    }
    case '/_makonis/metrics':
    case '/metrics':
      return { status: 200, type: 'text/plain; version=0.0.4', body: options.metrics() };
    default:
      return text(404, 'there are /_makonis/health and /_makonis/metrics');
  }
}

/** Hashes have one length, so the comparison says nothing about the token's. */
function isToken(authorization: string | undefined, token: string): boolean {
  const given = hash('sha256', authorization ?? '', 'buffer');
  return timingSafeEqual(given, hash('sha256', `Bearer ${token}`, 'buffer'));
}

function end(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
