/** Waits for a condition that something else brings about: tests sleep for nothing. Looks again in every turn or two. */
import { setTimeout as pause } from 'node:timers/promises';

export async function until(condition: () => boolean | Promise<boolean>, what: string, seconds = 20): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain for this: ${what}`);
    await pause(2);
  }
}
