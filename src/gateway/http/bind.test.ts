import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { bindAll, loopbackHosts } from './bind.ts';

/** Of the range that is set aside for documentation: no host has it. */
const ABSENT = '192.0.2.1';

function servers(t: TestContext): () => Server {
  return () => {
    const server = createServer();
    t.after(() => server.close());
    return server;
  };
}

test('port 0 is one port on every address', async (t) => {
  const { port, addresses, servers: bound } = await bindAll(servers(t), ['127.0.0.1', '127.0.0.2'], 0);
  assert.ok(port > 0);
  assert.deepEqual(addresses, ['127.0.0.1', '127.0.0.2']);
  for (const server of bound) assert.equal((server.address() as { port: number }).port, port); // TCP, so no path
});

test('both loopback addresses are bound where there are two', async (t) => {
  const { addresses } = await bindAll(servers(t), loopbackHosts, 0);
  assert.equal(addresses[0], '127.0.0.1');
});

test('an address that the host lacks is left out, but not all of them', async (t) => {
  const { addresses } = await bindAll(servers(t), ['127.0.0.1', ABSENT], 0);
  assert.deepEqual(addresses, ['127.0.0.1']);
  await assert.rejects(bindAll(servers(t), [ABSENT], 0), { code: 'EADDRNOTAVAIL' });
});

test('a port that is taken on one address is a failure, and leaves nothing bound', async (t) => {
  const taken = await bindAll(servers(t), ['127.0.0.2'], 0);
  await assert.rejects(bindAll(servers(t), ['127.0.0.1', '127.0.0.2'], taken.port), { code: 'EADDRINUSE' });
  await bindAll(servers(t), ['127.0.0.1'], taken.port);
});
