/**
 * Connections that a browser opens after it was allowed to: the screen of a machine, its serial line. Who may is decided by an operation, in the way
 * of all calls; its answer is a grant, good once, for a few seconds, for just this. It is a secret, so it is kept by its hash, and never
 * a part of an address that others log.
 */
import { hash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import { randomBytes } from '#platform/base/ids.ts';

export type OpenConnection = () => Promise<Duplex>;

/** Serial lines for those who come with a key that was pushed for one (the serial console by SSH). */
export interface SerialLines {
  /** The server's own key, in PEM: made once, and kept. */
  hostKey(): Promise<string>;
  /** Undefined: the key may not have it, or no longer. Opening it fails, in words for people, where there is none. */
  lineFor(machine: string, key: Uint8Array): OpenConnection | undefined;
}

export interface Grant {
  /** 256 bits, in base64url. */
  readonly secret: string;
  readonly expiresAt: Milliseconds;
}

interface Kept {
  readonly open: OpenConnection;
  readonly expiresAt: Milliseconds;
}

const LIFETIME: Milliseconds = seconds(30);
const GRANTS = { entries: 10_000, characters: 1_000_000 };

export class Connections {
  readonly #clock: Clock;
  readonly #grants = new BoundedMap<Kept>(GRANTS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  grant(open: OpenConnection): Grant {
    const secret = randomBytes(32).toString('base64url');
    const expiresAt = this.#clock.now() + LIFETIME;
    this.#grants.set(keyOf(secret), { open, expiresAt });
    return { secret, expiresAt };
  }

  /** For who has made the request itself, in this process: under its id. */
  keep(requestId: string, open: OpenConnection): void {
    this.#grants.set(requestKey(requestId), { open, expiresAt: this.#clock.now() + LIFETIME });
  }

  taken(requestId: string): OpenConnection | undefined {
    return this.#take(requestKey(requestId));
  }

  /** Undefined: nobody gave it, it was used, or its time is over. */
  redeem(secret: string): OpenConnection | undefined {
    return this.#take(keyOf(secret));
  }

  #take(key: string): OpenConnection | undefined {
    const kept = this.#grants.get(key);
    this.#grants.delete(key);
    return kept === undefined || kept.expiresAt < this.#clock.now() ? undefined : kept.open;
  }
}

const keyOf = (secret: string): string => hash('sha256', secret);
/** No hash looks like this. */
const requestKey = (requestId: string): string => `request ${requestId}`;
