/** A front in its thread: ends when it has stopped. */
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { present } from '#platform/base/assert.ts';
import { systemClock } from '#platform/base/clock.ts';
import { startFront } from './front.ts';
import type { FrontStart } from './messages.ts';

const line = present(parentPort, 'a front runs in a thread of its own');
// Node does it at the end of a thread, when the process may have given up the right to write there.
flushCompileCache();
// Given by `Fronts`.
await startFront(line, workerData as FrontStart, systemClock);
