/**
 * Long polls that wait at a queue, in the order they came. One is woken for each thing that may have become available; it
 * looks for itself, and waits again at the head of the line when another was faster. So a thousand waiting calls cost one
 * look for each message, not a thousand.
 */
import type { Clock, Milliseconds, TimerHandle } from '#platform/base/clock.ts';
import { Deque } from './deque.ts';

interface Waiter {
  wake: (() => void) | undefined;
}

export class Waiters {
  readonly #line = new Deque<Waiter>();
  #count = 0;
  #alarm: { readonly due: Milliseconds; readonly handle: TimerHandle } | undefined;

  get count(): number {
    return this.#count;
  }

  /** Resolves when woken, after `longest`, or when the client is gone. */
  wait(clock: Clock, longest: Milliseconds, signal: AbortSignal, isFirst: boolean): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: Waiter = { wake: undefined };
      const end = (): void => {
        if (waiter.wake === undefined) return;
        waiter.wake = undefined;
        this.#count--;
        timer.cancel();
        signal.removeEventListener('abort', end);
        this.#dropEnded();
        resolve();
      };
      waiter.wake = end;
      this.#count++;
      if (isFirst) this.#line.unshift(waiter);
      else this.#line.push(waiter);
      const timer = clock.after(longest, end);
      signal.addEventListener('abort', end);
    });
  }

  wakeOne(): void {
    this.#line.first()?.wake?.();
  }

  wakeAll(): void {
    for (const waiter of [...this.#line]) waiter.wake?.();
  }

  /** Wakes one at `due`, unless an earlier alarm is set: that one's waiter sets the next. */
  wakeAt(clock: Clock, due: Milliseconds): void {
    if (this.#alarm !== undefined && this.#alarm.due <= due) return;
    this.#alarm?.handle.cancel();
    const handle = clock.after(Math.max(0, due - clock.now()), () => {
      this.#alarm = undefined;
      this.wakeOne();
    });
    this.#alarm = { due, handle };
  }

  close(): void {
    this.#alarm?.handle.cancel();
    this.#alarm = undefined;
    this.wakeAll();
  }

  /** The head of the line always waits; others that ended are dropped when they get there. */
  #dropEnded(): void {
    while (this.#line.size > 0 && this.#line.first()?.wake === undefined) this.#line.shift();
  }
}
