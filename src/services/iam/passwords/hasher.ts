/**
 * Password hashes: scrypt (RFC 7914) with the parameters that OWASP's Password Storage Cheat Sheet names for 32 MiB. The
 * parameters stand with each hash, so that they can be raised without touching old ones. Hashes of one owner share a salt: one
 * computation tells whether a password is among all that were used before.
 *
 * Hashing runs on Node's thread pool, two at a time, so it blocks neither the event loop nor the pool's other work, and a flood
 * of sign-ins waits in a short queue or is turned away.
 */
import { scrypt, timingSafeEqual } from 'node:crypto';
import { randomBytes } from '#platform/base/ids.ts';
import { ThrottlingError } from '#platform/error.ts';

/** N, r and p of the RFC. */
interface Work {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/** base64 both. */
export interface PasswordHash extends Work {
  readonly salt: string;
  readonly hash: string;
}

type Parameters = Omit<PasswordHash, 'hash'>;

const TODAY: Work = { cost: 2 ** 15, blockSize: 8, parallelization: 3 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** Twice what the parameters need. */
const MEMORY_BYTES = 2 * 128 * TODAY.cost * TODAY.blockSize;
const AT_ONCE = 2;
const MOST_WAITING = 64;

export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #today: Work;
  /** What the password of somebody who has none is compared with: it costs the same time. */
  readonly #decoy: PasswordHash;

  constructor(today: Work = TODAY) {
    const random = (count: number): string => randomBytes(count).toString('base64');
    this.#today = today;
    this.#decoy = { ...today, salt: random(SALT_BYTES), hash: random(HASH_BYTES) };
  }

  /** `before`: what the same owner had, the newest first. */
  hash(password: string, before: readonly PasswordHash[] = []): Promise<PasswordHash> {
    const [newest] = before;
    const isOfToday = newest !== undefined && sameParameters(newest, { ...this.#today, salt: newest.salt });
    const salt = isOfToday ? newest.salt : randomBytes(SALT_BYTES).toString('base64');
    return this.#compute(password, { ...this.#today, salt });
  }

  /** Without a hash to compare with it is false, after the same time. */
  async isPassword(password: string, known: PasswordHash | undefined): Promise<boolean> {
    const wanted = known ?? this.#decoy;
    const isEqual = sameHash(await this.#compute(password, wanted), wanted);
    return isEqual && known !== undefined;
  }

  /** Whether `password` is behind one of the hashes. */
  async isAmong(password: string, hashes: readonly PasswordHash[]): Promise<boolean> {
    let computed: PasswordHash | undefined;
    let isFound = false;
    for (const each of hashes) {
      if (!computed || !sameParameters(computed, each)) computed = await this.#compute(password, each);
      if (sameHash(computed, each)) isFound = true;
    }
    return isFound;
  }

  async #compute(password: string, { salt, cost, blockSize, parallelization }: Parameters): Promise<PasswordHash> {
    await this.#turn();
    try {
      const options = { cost, blockSize, parallelization, maxmem: MEMORY_BYTES };
      // One form of the same text: keyboards differ in how they compose letters.
      const bytes = Buffer.from(password.normalize('NFC'), 'utf8');
      const hash = await new Promise<Buffer>((resolve, reject) => {
        scrypt(bytes, Buffer.from(salt, 'base64'), HASH_BYTES, options, (error, key) =>
          error ? reject(error) : resolve(key),
        );
      });
      return { salt, cost, blockSize, parallelization, hash: hash.toString('base64') };
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= MOST_WAITING) throw new ThrottlingError('Throttling', 'Rate exceeded');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
  }
}

const sameParameters = (a: Parameters, b: Parameters): boolean =>
  a.salt === b.salt && a.cost === b.cost && a.blockSize === b.blockSize && a.parallelization === b.parallelization;

const sameHash = (a: PasswordHash, b: PasswordHash): boolean =>
  timingSafeEqual(Buffer.from(a.hash, 'base64'), Buffer.from(b.hash, 'base64'));
