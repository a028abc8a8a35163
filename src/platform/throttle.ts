/**
 * Request rates, by token bucket per account, region and bucket name, as EC2 documents its own ("Throttle requests to the EC2
 * API"): a bucket holds `burst` tokens and refills at `perSecond`. State is memory only: a restart fills the buckets.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { ThrottleDeclaration } from '#platform/service.ts';

interface Bucket {
  tokens: number;
  at: Milliseconds;
}

/** A full bucket is the same as none: beyond this many, full ones are dropped. */
const SWEEP_BEYOND = 10_000;

export class Throttle {
  readonly #buckets = new Map<string, Bucket>();

  /** Takes a token; false when there is none. `now` is monotonic. */
  admit(key: string, rate: ThrottleDeclaration, now: Milliseconds): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= SWEEP_BEYOND) this.#dropIdle(now);
      bucket = { tokens: rate.burst, at: now };
      this.#buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * rate.perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** An account that pauses for a minute starts with a full bucket again. */
  #dropIdle(now: Milliseconds): void {
    for (const [key, bucket] of this.#buckets) if (now - bucket.at > 60_000) this.#buckets.delete(key);
  }
}
