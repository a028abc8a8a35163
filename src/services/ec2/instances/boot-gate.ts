/**
 * How many machines may be starting at the same time: a guest that boots takes a whole core, and a hundred at once take each other's
 * time until their services give up. What has begun to execute counts for some more seconds.
 */
import type { Clock, Milliseconds } from '#platform/base/clock.ts';

export interface BootGate {
  /** Runs `boot` when it is its turn, unless the signal is aborted before. Whether it has booted something is its answer. */
  through(boot: () => Promise<boolean>, signal: AbortSignal): Promise<void>;
}

export function bootGate(clock: Clock, most: number, settling: Milliseconds): BootGate {
  let free = most;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    free += 1;
    waiting.shift()?.();
  };
  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  return {
    async through(boot, signal) {
      while (free <= 0 && !signal.aborted) await turn(signal);
      if (signal.aborted) return;
      free -= 1;
      let isBooted = false;
      try {
        isBooted = await boot();
      } finally {
        if (isBooted) clock.after(settling, release);
        else release();
      }
    },
  };
}
