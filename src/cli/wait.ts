/** Waiting, for commands that watch another process. The only file of the command line with a timer. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until `isDone`, or until `limitMilliseconds` are over. */
export async function waitUntil(isDone: () => boolean | Promise<boolean>, limitMilliseconds: number): Promise<boolean> {
  const end = performance.now() + limitMilliseconds;
  while (!(await isDone())) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}
