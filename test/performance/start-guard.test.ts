/**
 * A start loads little and rests small. The files that it loads are counted, which nothing disturbs; the process's memory is held with a
 * margin, since what V8 and the system make of the same program differs by some MiB.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMakonis } from '../../bench/sqs/peers.ts';
import { loadedBy } from '../../tools/tidy/start.ts';
import { readTree } from '../../tools/tidy/tidy.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What is there, and a little room. A service adds none: its code loads when it is first used. */
const MOST_FILES = 264;
const MOST_FILES_OF_SERVICES = 39;
const MOST_MIB = 98;
/** One in a hundred of a second: a fifth of a percent of the time is 0.2 %. */
const MOST_IDLE_SECONDS = 0.01;
const IDLE_MILLISECONDS = 5000;
/** It gives back what loading has left a second after it is ready. */
const SETTLED_MILLISECONDS = 2500;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a start loads few files, and of services only what every request needs', () => {
  const { files } = readTree(ROOT);
  const loaded = loadedBy(files, ['src/cli/main.ts', 'src/cli/up.ts']);
  const ofServices = loaded.filter((path) => path.startsWith('src/services/'));
  assert.ok(loaded.includes('src/gateway/pipeline.ts'));
  assert.ok(loaded.length <= MOST_FILES, `${loaded.length} files`);
  assert.ok(ofServices.length <= MOST_FILES_OF_SERVICES, `${ofServices.length} files: ${ofServices.join(', ')}`);
});

test('a server that nobody has asked anything rests small, and takes no CPU', async (t) => {
  const server = await startMakonis();
  try {
    await pause(SETTLED_MILLISECONDS);
    const before = server.cpuSeconds();
    await pause(IDLE_MILLISECONDS);
    const [mib, seconds] = [server.residentMib(), server.cpuSeconds() - before];
    t.diagnostic(`${mib.toFixed(0)} MiB, ${seconds.toFixed(2)} s of CPU in ${IDLE_MILLISECONDS / 1000} s`);
    assert.ok(mib <= MOST_MIB, `${mib.toFixed(1)} MiB`);
    assert.ok(seconds <= MOST_IDLE_SECONDS + 1e-6, `${seconds} s of CPU`);
  } finally {
    await server.stop();
  }
});
