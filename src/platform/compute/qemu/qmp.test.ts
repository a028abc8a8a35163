import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SimulatedClock, seconds } from '#platform/base/clock.ts';
import { openQmp, type Qmp, type QmpEvent } from './qmp.ts';

interface Fixture {
  readonly qmp: Qmp;
  readonly clock: SimulatedClock;
  readonly events: QmpEvent[];
  readonly closed: Promise<void>;
  /** What stands for QEMU. */
  readonly far: Socket;
}

/** A QEMU that agrees to the protocol, and leaves the rest to the test. */
async function monitor(t: TestContext): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-qmp-'));
  const path = join(folder, 'qmp');
  const connected = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.write('{"QMP": {"version": {}}}\n');
    socket.once('data', () => socket.write('{"return": {}, "id": 1}\n'));
    connected.resolve(socket);
  }).listen(path);
  await once(server, 'listening');
  const clock = new SimulatedClock();
  const events: QmpEvent[] = [];
  const { promise: closed, resolve: onClose } = Promise.withResolvers<void>();
  const qmp = await openQmp(path, clock, { onEvent: (event) => events.push(event), onClose });
  t.after(async () => {
    qmp.close();
    await closed;
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { qmp, clock, events, closed, far: await connected.promise };
}

test('answers find their commands, and events come in between', async (t) => {
  const { qmp, far, events } = await monitor(t);
  const [first, second] = [qmp.run('query-status'), qmp.run('device_del', { id: 'x' })];
  far.write('{"event": "STOP", "data": {"a": 1}}\n{"id": 3, "error": {"class": "GenericError", "desc": "no ');
  far.write('such device"}}\n{"id": 2, "return": {"running": true}}\n');
  assert.deepEqual(await first, { running: true });
  await assert.rejects(second, { name: 'QmpError', message: 'no such device' });
  assert.deepEqual(events, [{ name: 'STOP', data: { a: 1 } }]);
});

test('what waits fails when the machine ends, or does not answer in time', async (t) => {
  const { qmp, far, clock, closed } = await monitor(t);
  const slow = qmp.run('query-status');
  clock.advance(seconds(21));
  await assert.rejects(slow, /no answer/);
  const waiting = qmp.run('query-status');
  far.end();
  await assert.rejects(waiting, /has ended/);
  await closed;
  await assert.rejects(qmp.run('query-status'), /has ended/);
});

test('what is no JSON object, or has no end, ends the connection', async (t) => {
  for (const nonsense of ['[]\n', '{"event": \n', 'a'.repeat(9 * 2 ** 20)]) {
    const { far, closed } = await monitor(t);
    far.on('error', () => {});
    far.write(nonsense);
    await closed;
  }
});
