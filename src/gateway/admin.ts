/**
 * The operator's port: health and metrics. Bound to loopback; asks for a token that only who may read the data folder has, and
 * for a Host that is this machine's, so that no web page that a browser shows can reach it (DNS rebinding).
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { startHttp1 } from '#gateway/http/http1-server.ts';
import type { IncomingRequest, Listener, ListenOptions } from '#gateway/http/listener.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';

export interface AdminOptions extends Pick<ListenOptions, 'port' | 'clock' | 'onFault'> {
  readonly token: string;
  /** A JSON object; `ready` decides the status. */
  readonly health: () => { readonly ready: boolean } & Record<string, unknown>;
  readonly metrics: () => string;
  /** Of a cloud of several processes. */
  readonly nodes?: NodesPage | undefined;
}

export interface NodesPage {
  /** JSON objects, one for each process. */
  status(): readonly object[];
  /** False: there is no process of this name. */
  setDraining(id: string, isDraining: boolean): Promise<boolean>;
}

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

export const startAdmin = ({ port, clock, onFault, ...options }: AdminOptions): Promise<Listener> =>
  startHttp1({
    hosts: ['127.0.0.1'],
    port,
    clock,
    onFault,
    handler: {
      planBody: () => ({ mode: 'answer', response: text(405, 'GET only') }),
      serve: (request) => answer(request, options),
    },
  });

type AdminParts = Pick<AdminOptions, 'token' | 'health' | 'metrics' | 'nodes'>;

function answer(
  { headers, method, path, query }: IncomingRequest,
  { token, health, metrics, nodes }: AdminParts,
): WireResponse | Promise<WireResponse> {
  if (!LOCAL_HOST.test(headers['host'] ?? '')) return text(400, 'not a host of this port');
  if (!isToken(headers['authorization'], token)) {
    return text(401, 'Authorization: Bearer <the token in run/admin-token of the data folder>');
  }
  const isDrain = path === '/_makonis/nodes/drain';
  if (nodes !== undefined && method === 'POST' && (isDrain || path === '/_makonis/nodes/fill')) {
    return setDraining(nodes, decodeURIComponent(query), isDrain);
  }
  if (method !== 'GET') return text(405, 'GET only');
  switch (path) {
    case '/_makonis/health': {
      const state = health();
      return respond(state.ready ? 200 : 503, 'application/json', `${JSON.stringify(state)}\n`);
    }
    case '/_makonis/metrics':
    case '/metrics':
      return respond(200, 'text/plain; version=0.0.4', metrics());
    case '/_makonis/nodes':
      return respond(200, 'application/json', `${JSON.stringify(nodes?.status() ?? [])}\n`);
    default:
      return text(404, 'there are /_makonis/health and /_makonis/metrics');
  }
}

async function setDraining(nodes: NodesPage, id: string, isDraining: boolean): Promise<WireResponse> {
  return (await nodes.setDraining(id, isDraining)) ? text(200, id) : text(404, `there is no process ${id}`);
}

const text = (status: number, body: string): WireResponse => respond(status, 'text/plain', `${body}\n`);

const respond = (status: number, type: string, body: string): WireResponse => ({
  status,
  headers: { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  body,
});

/** Hashes have one length, so the comparison says nothing about the token's. */
function isToken(authorization: string | undefined, token: string): boolean {
  const given = hash('sha256', authorization ?? '', 'buffer');
  return timingSafeEqual(given, hash('sha256', `Bearer ${token}`, 'buffer'));
}
