import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { createEgress, type Egress, EgressError, type EgressFault, type EgressParts } from '#platform/egress/egress.ts';
import { thumbprintOf } from '#platform/egress/tls.ts';
import { httpServer, httpsServer } from '#test/https-server.ts';

const fault = (expected: EgressFault) => (error: unknown) => {
  assert.ok(error instanceof EgressError, String(error));
  assert.equal(error.fault, expected, error.message);
  return true;
};

const egressWith = (parts: Partial<EgressParts> = {}): Egress =>
  createEgress({
    clock: new SimulatedClock(),
    rules: { loopback: true, private: false },
    ownPorts: () => [],
    ...parts,
  });

const says =
  (text: string): RequestListener =>
  (_, answer) =>
    answer.end(text);
const options = { account: '123456789012' as AccountId, maxBytes: 1000 };
const text = async (fetched: ReturnType<Egress['get']>): Promise<string> => (await fetched).body.toString();

test('an answer is fetched, with its query and path', async (t) => {
  const seen: string[] = [];
  const { url } = await httpServer(t, (request, answer) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host}`);
    answer.writeHead(404).end('nothing');
  });
  const { status, body } = await egressWith().get(`${url}/a/b?c=d`, options);
  assert.deepEqual([status, body.toString()], [404, 'nothing']);
  assert.deepEqual(seen, [`GET /a/b?c=d ${new URL(url).host}`]);
});

test('what may be called is a matter of rules, not of names', async (t) => {
  const { url, port } = await httpServer(t, says('here'));
  const refuses = (egress: Egress, to: string) => assert.rejects(egress.get(to, options), fault('refused'), to);
  await refuses(egressWith({ rules: { loopback: false, private: true } }), url);
  for (const to of [
    `http://127.0.0.1:${port}/`,
    `http://[::1]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f.1:${port}/`,
  ]) {
    await refuses(egressWith({ rules: { loopback: false, private: false } }), to);
  }
  for (const to of [
    'http://169.254.169.254/latest/meta-data/',
    'http://[fe80::1]/',
    'http://0.0.0.0/',
    `http://0.0.0.0:${port}/`,
    'http://10.0.0.1/',
    'http://224.0.0.1/',
    'http://[fd00:ec2::254]/',
    'ftp://localhost/',
    'file:///etc/passwd',
    `http://user:password@localhost:${port}/`,
    'not a url',
  ]) {
    await refuses(egressWith(), to);
  }
  await refuses(egressWith({ ownPorts: () => [1, port] }), url);
  // One bad address among good ones is enough.
  await refuses(egressWith({ resolve: async () => ['127.0.0.1', '169.254.169.254'] }), url);
  await refuses(egressWith({ resolve: async () => ['fe80::1%eth0'] }), url);
});

test('a name is resolved once: the connection goes to the address that was judged', async (t) => {
  const { port } = await httpServer(t, says('good'));
  let asked = 0;
  const resolve = async (name: string): Promise<string[]> => {
    assert.equal(name, 'rebinding.example');
    asked++;
    return asked === 1 ? ['127.0.0.1'] : ['169.254.169.254'];
  };
  assert.equal(await text(egressWith({ resolve }).get(`http://rebinding.example:${port}/`, options)), 'good');
  assert.equal(asked, 1);
});

test('the next address is tried when one does not answer', async (t) => {
  const { port } = await httpServer(t, says('second'));
  // Nobody listens on the first; the port is the same.
  const resolve = async () => ['127.0.0.9', '127.0.0.1'];
  assert.equal(await text(egressWith({ resolve }).get(`http://two.example:${port}/`, options)), 'second');
  const { port: gone } = await httpServer(t, says(''));
  await assert.rejects(
    egressWith({ resolve: async () => ['127.0.0.9'] }).get(`http://two.example:${gone}/`, options),
    fault('unreachable'),
  );
  const failing = async (): Promise<string[]> => Promise.reject(new Error('ENOTFOUND'));
  await assert.rejects(egressWith({ resolve: failing }).get('http://no.example/', options), fault('unreachable'));
});

test('size and time are bounded', async (t) => {
  const clock = new SimulatedClock();
  const waiting: (() => void)[] = [];
  const { url } = await httpServer(t, (request, answer) => {
    if (request.url === '/big') answer.end('x'.repeat(1001));
    else if (request.url === '/endless') {
      answer.write('x'.repeat(500));
      answer.write('x'.repeat(600));
    } else {
      if (request.url === '/drip') answer.write('x');
      waiting.shift()?.();
    }
  });
  const egress = egressWith({ clock });
  await assert.rejects(egress.get(`${url}/big`, options), fault('too-large'));
  await assert.rejects(egress.get(`${url}/endless`, options), fault('too-large'));
  for (const path of ['/silent', '/drip']) {
    const asked = new Promise<void>((resolve) => waiting.push(resolve));
    const call = egress.get(`${url}${path}`, { ...options, within: seconds(5) });
    await asked;
    clock.advance(seconds(5));
    await assert.rejects(call, fault('too-slow'), path);
  }
  const unresolved = egressWith({ clock, resolve: () => new Promise(() => {}) }).get('http://slow.example/', options);
  clock.advance(seconds(5));
  await assert.rejects(unresolved, fault('too-slow'));
});

test('only so many calls at once, and each account has its share', async (t) => {
  const { url } = await httpServer(t, () => {});
  const clock = new SimulatedClock();
  const egress = egressWith({ clock });
  const calls: Promise<unknown>[] = [];
  /** How many calls of an account it takes until one is refused, which is at once. */
  const most = async (digit: number): Promise<number> => {
    const account = String(digit).repeat(12) as AccountId;
    for (let taken = 0; ; taken++) {
      const call = egress.get(url, { ...options, account });
      const turn = new Promise((resolve) => setImmediate(resolve, 'under way'));
      if ((await Promise.race([turn, call.catch(fault('busy'))])) !== 'under way') return taken;
      calls.push(call);
    }
  };
  // The first had all to itself; the last finds a place even so.
  const shares = [await most(1), await most(2), await most(3), await most(4), await most(5), await most(6)];
  assert.deepEqual(shares, [32, 16, 8, 4, 2, 1]);
  await assert.rejects(egress.get(url, { ...options, account: '111111111111' as AccountId }), fault('busy'));
  clock.advance(seconds(5));
  const ends = await Promise.allSettled(calls);
  assert.equal(ends.filter(({ status }) => status === 'rejected').length, 63);
  assert.equal(await most(1), 32);
  clock.advance(seconds(5));
  await Promise.allSettled(calls);
  await assert.rejects(egress.get('http://10.0.0.1/', options), fault('refused'));
});

function redirecting(t: TestContext) {
  return httpServer(t, (request, answer) => {
    const [, count = '', to = ''] = /^\/(\d+)\/(.*)$/.exec(request.url ?? '') ?? [];
    const next = count === '0' ? decodeURIComponent(to) : `/${Number(count) - 1}/${to}`;
    if (next === 'end') answer.end('arrived');
    else answer.writeHead(302, { location: next }).end();
  });
}

test('redirects are counted and judged like the first URL', async (t) => {
  const { url } = await redirecting(t);
  const egress = egressWith();
  assert.equal(await text(egress.get(`${url}/2/end`, { ...options, redirects: 2 })), 'arrived');
  await assert.rejects(egress.get(`${url}/2/end`, { ...options, redirects: 1 }), fault('refused'));
  await assert.rejects(egress.get(`${url}/1/end`, options), fault('refused'));
  for (const to of ['http://169.254.169.254/', 'http://[::ffff:a9fe:a9fe]/', 'ftp://localhost/', 'http://10.0.0.1/']) {
    const call = egress.get(`${url}/0/${encodeURIComponent(to)}`, { ...options, redirects: 3 });
    await assert.rejects(call, fault('refused'), to);
  }
  const secure = await httpsServer(t, (_, answer) => answer.writeHead(307, { location: `${url}/0/end` }).end());
  const trusting = egressWith({ rules: { loopback: true, private: false, authorities: secure.authority } });
  await assert.rejects(trusting.get(secure.url, { ...options, redirects: 3 }), fault('refused'));
});

test('a server is trusted by an authority or a thumbprint, and by its name', async (t) => {
  const server = await httpsServer(t, says('secure'));
  const { url, authority, thumbprint } = server;
  const egress = egressWith();
  await assert.rejects(egress.get(url, options), fault('untrusted'));
  const rules = { loopback: true, private: false, authorities: authority };
  assert.equal(await text(egressWith({ rules }).get(url, options)), 'secure');

  assert.equal(await text(egress.get(url, { ...options, thumbprints: [thumbprint] })), 'secure');
  const chain = await egress.certificates(url, options);
  assert.deepEqual(chain.map(thumbprintOf).at(-1), thumbprint);
  const [leaf = ''] = chain.map(thumbprintOf);
  assert.equal(await text(egress.get(url, { ...options, thumbprints: [leaf.toUpperCase()] })), 'secure');
  await assert.rejects(egress.get(url, { ...options, thumbprints: ['0'.repeat(40)] }), fault('untrusted'));

  const misnamed = await httpsServer(t, says('not you'), ['elsewhere.example']);
  const byThumbprint = { ...options, thumbprints: [misnamed.thumbprint] };
  await assert.rejects(egress.get(misnamed.url, byThumbprint), fault('untrusted'));
  const resolve = async () => ['127.0.0.1'];
  const named = egressWith({ resolve }).get(`https://elsewhere.example:${misnamed.port}/`, byThumbprint);
  assert.equal(await text(named), 'not you');
});
