/** What no driver can be asked to simulate: real kills, real syncs (counted and failed under strace), a real full disk. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '#platform/store/open-store.ts';
import { first, log, second, written } from '#platform/store/sqlite/crash-writer.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import { StoreUnavailable } from '#platform/store/store.ts';

const KILLS = 20;
const WRITERS = 8;
const child = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));

const hasStrace = spawnSync('strace', ['-f', '-e', 'trace=fsync', 'true']).status === 0;
const withStrace = { skip: hasStrace ? false : 'strace is missing or may not trace here (Debian package: strace)' };

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-crash-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function readOutput(output: string, acknowledged: Map<number, number>): void {
  // The last line of a killed process may be cut off.
  for (const line of output.split('\n').slice(0, -1)) {
    const [kind, writer, count] = line.split(' ');
    if (kind === 'ack') acknowledged.set(Number(writer), Number(count));
  }
}

/** Everything acknowledged is there, and no transaction in part; `lost` counts may be missing from the log. */
async function verify(folder: string, acknowledged: Map<number, number>, mayLose = false): Promise<void> {
  const store = openStore({ drivers: sqliteDrivers(folder) });
  store.partition(written).read((tx) => {
    for (const [writer, count] of acknowledged) {
      const stored = tx.get(first, first.key(writer))?.count ?? 0;
      assert.ok(stored >= count, `writer ${writer}: ${count} was acknowledged, ${stored} is stored`);
      assert.equal(tx.get(second, second.key(writer))?.count, stored, 'no transaction is there in part');
      const logged = tx.range(log, { prefix: [writer] }).map(({ row }) => row.count);
      assert.equal(logged.at(-1), stored);
      if (!mayLose) assert.equal(logged.length, stored);
    }
  });
  await store.close();
}

test(`${KILLS} kills lose nothing that was acknowledged and leave no transaction in part`, async (t) => {
  const folder = folderOf(t);
  const acknowledged = new Map<number, number>();
  for (let round = 0; round < KILLS; round++) {
    const writer = spawn(process.execPath, [child, folder, String(WRITERS), '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => writer.kill('SIGKILL'));
    const ended = once(writer, 'close');
    let output = '';
    // Each round dies after another amount of work, at whatever point that is in a commit or checkpoint.
    const enough = 1 + round * round * 2;
    writer.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.length > enough * 10) writer.kill('SIGKILL');
    });
    await ended;
    readOutput(output, acknowledged);
    assert.ok(acknowledged.size > 0);
    await verify(folder, acknowledged);
  }
});

test('no write is acknowledged before a sync of its own', withStrace, async (t) => {
  const folder = folderOf(t);
  const trace = join(folder, 'trace');
  const writes = 40;
  execFileSync(
    'strace',
    [
      '-f',
      '-o',
      trace,
      '-e',
      'trace=fsync,fdatasync,write',
      process.execPath,
      child,
      join(folder, 'store'),
      '1',
      String(writes),
    ],
    { stdio: 'ignore' },
  );
  let syncs = 0;
  let acknowledged = 0;
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    // A call that another thread interrupts in the trace is completed on a line of its own ("resumed").
    if (/\b(fsync|fdatasync)(\(\d+\)| resumed>.*\)) += 0/.test(line)) syncs++;
    if (line.includes('"ack ')) {
      assert.ok(syncs > 0, `no sync before acknowledgement ${acknowledged + 1}`);
      syncs = 0;
      acknowledged++;
    }
  }
  assert.equal(acknowledged, writes);
});

test('writes whose sync fails are not acknowledged, and the store recovers', withStrace, async (t) => {
  const folder = folderOf(t);
  const acknowledged = new Map<number, number>();
  const inject = 'inject=fsync,fdatasync:error=EIO:when=30..34';
  const { stdout } = spawnSync(
    'strace',
    ['-f', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', inject, process.execPath, child, folder, '2', '60'],
    { encoding: 'utf8' },
  );
  const kinds = stdout.split('\n').map((line) => line.split(' ')[0]);
  assert.ok(kinds.includes('lost'), 'the failure was seen');
  assert.ok(kinds.lastIndexOf('ack') > kinds.lastIndexOf('lost'), 'later writes succeed without a restart');
  readOutput(stdout, acknowledged);
  await verify(folder, acknowledged, true);
});

/** Runs `action` on a small file system of its own, which needs root; whether it could. */
async function onSmallDisk(t: TestContext, action: (disk: string) => Promise<void>): Promise<boolean> {
  const disk = join(folderOf(t), 'disk');
  mkdirSync(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status !== 0) return false;
  try {
    await action(disk);
  } finally {
    execFileSync('umount', [disk]);
  }
  return true;
}

async function fillUp(disk: string): Promise<void> {
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(2 * 2 ** 20));
  const store = openStore({ drivers: sqliteDrivers(join(disk, 'store')) });
  const partition = store.partition(written);
  let count = 0;
  const put = async (): Promise<void> => {
    partition.transact((tx) => tx.put(second, second.key(count), { count, body: 'x'.repeat(20_000) }));
    await partition.durable();
    count++;
  };
  const untilFull = async (): Promise<void> => {
    for (;;) await put();
  };
  try {
    await assert.rejects(untilFull(), StoreUnavailable);
    assert.ok(count > 10);
    await assert.rejects(put(), StoreUnavailable);
    assert.equal(partition.read((tx) => tx.range(second)).length, count);
    rmSync(filler);
    await put();
    assert.equal(partition.read((tx) => tx.range(second)).length, count);
  } finally {
    await store.close();
  }
}

test('a full disk refuses writes, keeps reads, and writes go on when there is space', async (t) => {
  if (!(await onSmallDisk(t, fillUp))) t.skip('mounting a small file system needs root');
});
