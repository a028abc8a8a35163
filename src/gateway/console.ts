/**
 * The web console's host, `console.<domain>`: its pages and scripts, the API under the same origin, and the connections that it was granted. Nothing that
 * others put here is ever served from it (no S3), so no object of a bucket can reach what a signed-in person holds; and the policy below
 * lets its pages load and call nothing but this host.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { HostReader } from '#gateway/host.ts';
import type { IncomingRequest, TakeOver } from '#gateway/http/listener.ts';
import { carry, PROTOCOL, refuseUpgrade, toWebSocket } from '#gateway/web-socket.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import type { Connections, OpenConnection } from '#platform/connections.ts';
import { fail } from '#platform/error.ts';
import type { RegisteredService } from '#platform/registry.ts';

export const CONSOLE = 'console';

/** Terminals make style sheets as they go, so styles may be inline; scripts may not. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

interface Page {
  readonly body: Buffer;
  readonly type: string;
}

export type Pages = ReadonlyMap<string, Page>;

export interface ConsoleSite {
  /** A page; undefined: it is a call. Throws for what comes from pages of other origins. */
  answer(request: IncomingRequest): Promise<WireResponse> | undefined;
  upgrade(request: IncomingRequest): TakeOver | undefined;
}

const CONNECT = '/connect';

export function consoleSite(pages: () => Promise<Pages>, connections: Connections): ConsoleSite {
  return {
    answer(request) {
      if (!isSameOrigin(request)) fail('AccessDenied', NOT_THIS_ORIGIN, { status: 403 });
      const isPage = request.method === 'GET' || request.method === 'HEAD';
      return isPage ? pages().then((all) => pageOf(all, request.path)) : undefined;
    },
    upgrade(request) {
      const isPage = request.headers['origin'] !== undefined && isSameOrigin(request);
      if (request.path !== CONNECT || request.query !== '' || !isPage) return undefined;
      const secret = grantOf(request);
      const open = secret === undefined ? undefined : () => connections.redeem(secret);
      return open && ((socket) => void takeOver(request, socket, open));
    },
  };
}

/** What a request to upgrade goes on as, if it may. */
export const upgradeAtConsole = (
  request: IncomingRequest,
  { readHost, console }: { readonly readHost: HostReader; readonly console: ConsoleSite },
): TakeOver | undefined =>
  readHost(request.headers['host'] ?? '')?.service === CONSOLE ? console.upgrade(request) : undefined;

/** A page of another origin has no business with the console: neither with its API, nor with what it was granted. */
function isSameOrigin({ headers, secure }: IncomingRequest): boolean {
  const { origin, host } = headers;
  return origin === undefined || origin === `${secure ? 'https' : 'http'}://${host}`;
}

/** It comes among the protocols, since a browser lets a page set nothing else, and addresses are logged. */
function grantOf({ headers }: IncomingRequest): string | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const grant = offered.find((name) => name.startsWith('grant.'))?.slice('grant.'.length);
  return offered.includes(PROTOCOL) && /^[\w-]{43}$/.test(grant ?? '') ? grant : undefined;
}

async function takeOver(
  request: IncomingRequest,
  socket: Duplex,
  redeem: () => OpenConnection | undefined,
): Promise<void> {
  socket.pause();
  socket.on('error', () => socket.destroy());
  const open = redeem();
  if (open === undefined) return refuseUpgrade(socket, '403 Forbidden');
  const upgraded = await toWebSocket(request, socket).catch(() => undefined);
  if (upgraded === undefined) return;
  try {
    carry(upgraded, await open());
  } catch {
    // Unread, the other side's goodbye would not be heard.
    upgraded.stream.resume();
    upgraded.webSocket.close(1011, 'the machine can not be reached');
  }
}

/** What was built, by path. A folder that is not there has none. */
export async function readPages(folder: string): Promise<Pages> {
  const pages = new Map<string, Page>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const type = TYPES[extname(entry.name)];
    if (type !== undefined) pages.set(path.slice(folder.length), { body: await readFile(path), type });
  }
  return pages;
}

function pageOf(pages: Pages, path: string): WireResponse {
  const isAsset = path.startsWith('/assets/');
  // Places within the console are its own to show: each is the one page.
  const page = pages.get(path) ?? (isAsset ? undefined : pages.get('/index.html'));
  if (page === undefined) return { status: isAsset ? 404 : 503, headers: { ...HEADERS, ...PLAIN }, body: NOT_BUILT };
  // Assets have the hash of what they hold in their names.
  const caching = isAsset ? 'public, max-age=31536000, immutable' : 'no-cache';
  return { status: 200, headers: { ...HEADERS, 'content-type': page.type, 'cache-control': caching }, body: page.body };
}

const NOT_THIS_ORIGIN = 'The console takes requests of its own pages only.';
const NOT_AT_CONSOLE = 'S3 is not offered at the console’s host.';

/** Objects are anybody's. */
export function refuseAtConsole({ signingName }: RegisteredService): void {
  if (signingName.startsWith('s3')) fail('AccessDenied', NOT_AT_CONSOLE, { status: 403 });
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' };
const NOT_BUILT = 'The console is not built here. In a clone: npm run console\n';
