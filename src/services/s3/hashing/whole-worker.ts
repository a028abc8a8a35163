/** The thread that hashes bodies that came whole, one after another: it reads shared memory, and has neither files nor network. */
import { workerData } from 'node:worker_threads';
import { bodyOf, DONE, deskOf, GIVEN, putDigest } from '#services/s3/hashing/desk.ts';
import { digestOf } from '#services/s3/objects/checksums.ts';

// Elsewhere than in a thread it is only compiled.
const desk = workerData === null ? undefined : deskOf(workerData as SharedArrayBuffer);

for (let count = 0; desk !== undefined; count = (count + 1) | 0) {
  while (Atomics.load(desk.words, GIVEN) === count) Atomics.wait(desk.words, GIVEN, count);
  const { names, body } = bodyOf(desk, count);
  for (const [index, name] of names.entries()) putDigest(desk, count, index, await digestOf(name, body));
  Atomics.store(desk.words, DONE, (count + 1) | 0);
  Atomics.notify(desk.words, DONE);
}
