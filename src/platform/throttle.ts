/**
 * Request rates, by token bucket per account, region and bucket name, as EC2 documents its own ("Throttle requests to the EC2
 * API"): a bucket holds `burst` tokens and refills at `perSecond`. State is memory only: a restart fills the buckets.
 */
import { type Milliseconds, seconds } from '#platform/base/clock.ts';
import type { ThrottleDeclaration } from '#platform/service.ts';

interface Bucket {
  rate: ThrottleDeclaration;
  /** When the rate was asked for. */
  ratedAt: Milliseconds;
  tokens: number;
  at: Milliseconds;
}

/** A rate that can change is asked for this often. */
const RATE_KEPT: Milliseconds = seconds(10);

/** A full bucket is the same as none: beyond this many, full ones are dropped, and again when the rest has doubled. */
const SWEEP_BEYOND = 10_000;

const tokensAt = ({ rate, tokens, at }: Bucket, now: Milliseconds): number =>
  Math.min(rate.burst, tokens + ((now - at) / 1000) * rate.perSecond);

export class Throttle {
  readonly #buckets = new Map<string, Bucket>();
  #sweepBeyond = SWEEP_BEYOND;

  /** Takes a token; false when there is none. `now` is monotonic. */
  admit(key: string, current: ThrottleDeclaration | (() => ThrottleDeclaration), now: Milliseconds): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#sweepBeyond) this.#dropFull(now);
      const rate = typeof current === 'function' ? current() : current;
      bucket = { rate, ratedAt: now, tokens: rate.burst, at: now };
      this.#buckets.set(key, bucket);
    } else if (typeof current === 'function' && bucket.ratedAt + RATE_KEPT <= now) {
      bucket.rate = current();
      bucket.ratedAt = now;
    }
    bucket.tokens = tokensAt(bucket, now);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #dropFull(now: Milliseconds): void {
    for (const [key, bucket] of this.#buckets) {
      if (tokensAt(bucket, now) === bucket.rate.burst) this.#buckets.delete(key);
    }
    this.#sweepBeyond = Math.max(SWEEP_BEYOND, 2 * this.#buckets.size);
  }
}
