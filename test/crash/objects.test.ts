/** Kills a cloud while clients write objects. `MAKONIS_KILLS=200 node --test test/crash/objects.test.ts` for more of it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CrashClient, type Key } from '#test/crash/client.ts';
import { newFolder, newServer } from '#test/crash/killed-server.ts';
import { ObjectLoad } from '#test/crash/objects.ts';
import type { Ready } from '#test/crash/server.ts';
import { until } from '#test/until.ts';

const KILLS = Number(process.env['MAKONIS_KILLS'] ?? 15);
const BUCKET = 'crash-objects';
/** Of one life of the server; on a busy machine it is over before. */
const MOST_ANSWERS = 40;
const MOST_MILLISECONDS = 2000;

const answers = ({ ends }: CrashClient): number => Object.values(ends).reduce((sum, { answered }) => sum + answered, 0);

test(`${KILLS} kills lose no object and tear none`, { timeout: 60_000 + KILLS * 10_000 }, async (t) => {
  const server = newServer(t);
  const ready = await server.start(0);
  const client = new CrashClient(ready.port);
  t.after(() => client.close());
  const key = ready as Key;
  assert.equal((await client.s3('PUT', `/${BUCKET}`, '', key)).end, 'answered');
  const load = new ObjectLoad(client, key, BUCKET);
  const running = load.run(12);
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      // Some die before they answer anything, most in the middle of it.
      const wanted = answers(client) + Math.floor(Math.random() * MOST_ANSWERS);
      const end = performance.now() + MOST_MILLISECONDS;
      await until(() => answers(client) >= wanted || performance.now() > end, 'answers or an end');
      await pause(Math.random() * 50);
      await server.kill();
      await server.start(ready.port);
    }
  } finally {
    load.stop();
  }
  await running;
  await server.kill();
  await server.start(ready.port);
  await load.checkAll();
  t.diagnostic(JSON.stringify(client.ends));
  assert.deepEqual(load.faults, []);
});

const hasStrace = spawnSync('strace', ['-f', '-e', 'trace=fsync', 'true']).status === 0;

/** A cloud whose syncs strace counts, or fails. */
async function traced(t: TestContext, ...options: string[]) {
  const { folder, data, keyFile } = newFolder();
  const trace = join(folder, 'trace');
  const server = fileURLToPath(new URL('./server.ts', import.meta.url));
  const args = ['-f', '-o', trace, '-e', 'trace=fsync,fdatasync', ...options, process.execPath, server, data, keyFile];
  const child: ChildProcess = spawn('strace', [...args, '0'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const gone = once(child, 'exit');
  t.after(async () => {
    // The server ends when its parent is gone.
    if (child.connected) child.disconnect();
    await gone;
    rmSync(folder, { recursive: true, force: true });
  });
  const [ready] = (await once(child, 'message')) as [Ready];
  const client = new CrashClient(ready.port);
  t.after(() => client.close());
  assert.equal((await client.s3('PUT', `/${BUCKET}`, '', ready)).end, 'answered');
  const syncs = (): number =>
    readFileSync(trace, 'utf8').match(/\b(fsync|fdatasync)(\(\d+\)| resumed>.*\)) += 0/g)?.length ?? 0;
  return { client, key: ready as Key, syncs };
}

test('no object is acknowledged before its bytes and its row were synced', { skip: !hasStrace }, async (t) => {
  const { client, key, syncs } = await traced(t);
  // The shortest lie within their row, short ones beside it.
  for (const [size, least] of [
    [10, 1],
    [5000, 1],
    [50_000, 2],
    [2_000_000, 2],
  ] as const) {
    for (let i = 0; i < 10; i++) {
      const before = syncs();
      assert.equal((await client.s3('PUT', `/${BUCKET}/${size}/${i}`, 'x'.repeat(size), key)).end, 'answered');
      assert.ok(syncs() - before >= least, `${syncs() - before} syncs for ${size} bytes`);
    }
  }
});

test('objects whose syncs fail are refused, no other is lost, and writing goes on', { skip: !hasStrace }, async (t) => {
  // Counted for each thread: each fails at its own time, one that syncs seldom when others are long past it.
  const { client, key } = await traced(t, '-e', 'inject=fdatasync:error=EIO:when=12..15');
  // In a file, in a segment, and beside its row.
  const contentOf = (i: number): string => `${i} `.repeat([700_000, 20_000, 2000][i % 3] ?? 0);
  const ends: string[] = [];
  for (let i = 0; i < 80 || (i < 300 && ends.at(-1) !== 'answered'); i++) {
    const outcome = await client.s3('PUT', `/${BUCKET}/${i}`, contentOf(i), key);
    if (outcome.end === 'refused') assert.equal(outcome.status, 503, outcome.body);
    ends.push(outcome.end);
  }
  assert.ok(ends.includes('refused'), 'the failures were seen');
  assert.ok(ends.lastIndexOf('answered') > ends.lastIndexOf('refused'), 'later writes succeed without a restart');
  for (const [i, end] of ends.entries()) {
    if (end !== 'answered') continue;
    const found = await client.s3('GET', `/${BUCKET}/${i}`, '', key);
    assert.equal(found.end === 'answered' && found.body, contentOf(i), `object ${i}`);
  }
});
