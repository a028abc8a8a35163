/**
 * Time comes in by injection. `now` is wall time (what users see, what is stored); `monotonic` measures durations and
 * never jumps. A simulated clock runs with real time plus an offset that tests move, and fires the timers it passes.
 */
export type Milliseconds = number;

export interface TimerHandle {
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since 1970-01-01T00:00:00Z. */
  now(): Milliseconds;
  /** Milliseconds from an arbitrary origin, never going back. */
  monotonic(): Milliseconds;
  /** Runs `action` once, `delay` milliseconds of this clock from now; does not keep the process alive. */
  after(delay: Milliseconds, action: () => void): TimerHandle;
}

export const seconds = (count: number): Milliseconds => count * 1000;
export const minutes = (count: number): Milliseconds => count * 60_000;
export const hours = (count: number): Milliseconds => count * 3_600_000;
export const days = (count: number): Milliseconds => count * 86_400_000;

/** setTimeout takes at most 2^31-1 ms and runs a longer delay at once: longer ones are waited for in steps. */
const LONGEST_STEP: Milliseconds = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delay, action) {
    const due = performance.now() + delay;
    let timer: NodeJS.Timeout;
    const arm = (remaining: Milliseconds): void => {
      timer = setTimeout(
        () => {
          const left = due - performance.now();
          if (left > 0.5) arm(left);
          else action();
        },
        Math.min(Math.max(Math.ceil(remaining), 0), LONGEST_STEP),
      ).unref();
    };
    arm(delay);
    return { cancel: () => clearTimeout(timer) };
  },
};

interface PendingTimer {
  due: Milliseconds;
  action: () => void;
  real: TimerHandle;
}

/** Real time plus an offset that `advance` moves. Timers that come due by an advance fire inside it, in order. */
export class SimulatedClock implements Clock {
  readonly #pending = new Set<PendingTimer>();
  #offset: Milliseconds = 0;

  /** How far this clock is ahead of the real one: what a signing client must add to its own time. */
  get offset(): Milliseconds {
    return this.#offset;
  }

  now(): Milliseconds {
    return Date.now() + this.#offset;
  }

  monotonic(): Milliseconds {
    return performance.now() + this.#offset;
  }

  after(delay: Milliseconds, action: () => void): TimerHandle {
    const timer: PendingTimer = { due: this.monotonic() + delay, action, real: { cancel: () => {} } };
    this.#arm(timer);
    this.#pending.add(timer);
    return {
      cancel: () => {
        timer.real.cancel();
        this.#pending.delete(timer);
      },
    };
  }

  advance(by: Milliseconds): void {
    this.#offset += by;
    const due = [...this.#pending].filter((timer) => timer.due <= this.monotonic()).sort((a, b) => a.due - b.due);
    for (const timer of due) this.#fire(timer);
    for (const timer of this.#pending) this.#arm(timer);
  }

  #arm(timer: PendingTimer): void {
    timer.real.cancel();
    timer.real = systemClock.after(timer.due - this.monotonic(), () => this.#fire(timer));
  }

  #fire(timer: PendingTimer): void {
    if (!this.#pending.delete(timer)) return;
    timer.real.cancel();
    timer.action();
  }
}
