/** The console's host over both listeners: its pages, and connections that were granted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import { Connections } from '#platform/connections.ts';
import { ServiceError } from '#platform/error.ts';
import { consoleSite, readPages } from './console.ts';
import { startHttp1 } from './http/http1-server.ts';
import type { RequestHandler } from './http/listener.ts';
import { startNodeServer } from './http/node-server.ts';
import { openTlsIdentity, serverNames } from './http/tls.ts';

/** Says again what it hears. */
const echo = (): Duplex =>
  new Duplex({
    read() {},
    write(chunk, _, done) {
      this.push(chunk);
      done();
    },
  });

async function start(t: TestContext, kind: 'plain' | 'tls') {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<p>the console</p>');
  writeFileSync(join(folder, 'assets', 'a-1234.js'), 'run()');
  const clock = new SimulatedClock();
  const connections = new Connections(clock);
  const site = consoleSite(() => readPages(folder), connections);
  const handler: RequestHandler = {
    serve: async (request) => {
      try {
        return (await site.answer(request)) ?? assert.fail('a page was asked for');
      } catch (error) {
        assert.ok(error instanceof ServiceError);
        return { status: error.status ?? 400, headers: {}, body: error.message };
      }
    },
    upgrade: (request) => site.upgrade(request),
  };
  const options = { port: 0, handler, clock, onFault: (error: unknown) => assert.fail(String(error)) };
  const identity = kind === 'tls' ? openTlsIdentity({ folder, names: serverNames([], []), clock }) : undefined;
  const listener = await (identity ? startNodeServer(options, identity) : startHttp1(options));
  t.after(async () => {
    await listener.stop(0);
    rmSync(folder, { recursive: true });
  });
  const origin = `${identity ? 'https' : 'http'}://localhost:${listener.port}`;
  const ca = identity && readFileSync(identity.authorityFile);
  /** What the server says to the offer: 101, or the status of a refusal. */
  const open = async (protocols: readonly string[], from: string | undefined = origin, path = '/connect') => {
    const address = `${origin.replace('http', 'ws')}${path}`;
    const socket = new WebSocket(address, [...protocols], {
      ...(from !== undefined && { origin: from }),
      ...(ca && { ca }),
    });
    t.after(() => socket.terminate());
    const status = await new Promise<number>((resolve, reject) => {
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
      socket.on('error', reject);
    });
    return { socket, status };
  };
  return { clock, connections, listener, origin, open };
}

const protocolsOf = (secret: string): string[] => ['makonis.connection', `grant.${secret}`];

for (const kind of ['plain', 'tls'] as const) {
  test(`${kind}: a grant opens one connection, to its own page alone, for a short time`, async (t) => {
    const { clock, connections, listener, origin, open } = await start(t, kind);
    const far = echo();
    const { secret } = connections.grant(() => Promise.resolve(far));
    assert.notEqual((await open(protocolsOf(secret), 'http://evil.example')).status, 101);
    assert.notEqual((await open(protocolsOf(secret), origin, '/connect?x=1')).status, 101);
    const { socket, status } = await open(protocolsOf(secret));
    assert.equal(status, 101);
    assert.equal(socket.protocol, 'makonis.connection', 'the grant is not said back');
    socket.send(Buffer.from('hello'));
    const [heard] = await once(socket, 'message');
    assert.equal(String(heard), 'hello');
    assert.equal(listener.connections >= 1, true);

    assert.equal((await open(protocolsOf(secret))).status, 403, 'used');
    const old = connections.grant(() => Promise.resolve(echo()));
    clock.advance(seconds(31));
    assert.equal((await open(protocolsOf(old.secret))).status, 403, 'too old');
    assert.equal((await open(protocolsOf('x'.repeat(43)))).status, 403, 'nobody’s');

    far.destroy();
    await once(socket, 'close');
  });
}

test('a machine that can not be reached ends the connection', async (t) => {
  const { connections, open } = await start(t, 'plain');
  const { secret } = connections.grant(() => Promise.reject(new Error('it has ended')));
  const { socket } = await open(protocolsOf(secret));
  const [code] = await once(socket, 'close');
  assert.equal(code, 1011);
});

test('pages come with a policy that lets them load and call this host alone', async (t) => {
  const { origin } = await start(t, 'plain');
  const page = await fetch(`${origin}/instances`);
  assert.equal(await page.text(), '<p>the console</p>');
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self';/);
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  const script = await fetch(`${origin}/assets/a-1234.js`);
  assert.match(script.headers.get('cache-control') ?? '', /immutable/);
  assert.equal((await fetch(`${origin}/assets/none.js`)).status, 404);
  assert.equal((await fetch(`${origin}/../package.json`)).headers.get('content-type'), 'text/html; charset=utf-8');
});
