/** For tests: drivers that misbehave when told to, around drivers that don't. */
import type { StoreDriver, StoreDrivers } from '#platform/store/driver.ts';
import { StoreUnavailable } from '#platform/store/store.ts';

export interface Faults {
  /** Commits wait from now on, as on a slow disk. */
  hold(): void;
  /** Commits that wait, and later ones, go on. */
  release(): void;
  /** The commits that wait go on; later ones wait. */
  letThrough(): void;
  /** The next commit that goes on is refused: before it is applied, or after it (its sync failed). */
  failNext(when: 'before' | 'after'): void;
  /** Reads are refused, as while a database is away. */
  areReadsRefused: boolean;
  /** Commits under way or waiting. */
  readonly underWay: number;
  /** Commits that have ended. */
  readonly done: number;
}

export function faulty(inner: StoreDrivers): { drivers: StoreDrivers; faults: Faults } {
  let gate: PromiseWithResolvers<void> | undefined;
  let failing: 'before' | 'after' | undefined;
  let underWay = 0;
  let done = 0;

  async function commit(driver: StoreDriver, ...given: Parameters<StoreDriver['commit']>): Promise<void> {
    underWay++;
    try {
      await gate?.promise;
      const when = failing;
      failing = undefined;
      if (when !== 'before') await driver.commit(...given);
      if (when) throw new StoreUnavailable('injected fault');
    } finally {
      underWay--;
      done++;
    }
  }

  const faults: Faults = {
    hold: () => {
      gate ??= Promise.withResolvers();
    },
    release: () => {
      gate?.resolve();
      gate = undefined;
    },
    letThrough: () => {
      gate?.resolve();
      gate = Promise.withResolvers();
    },
    failNext: (when) => {
      failing = when;
    },
    areReadsRefused: false,
    get underWay() {
      return underWay;
    },
    get done() {
      return done;
    },
  };
  function read<T>(action: () => T): T {
    if (faults.areReadsRefused) throw new StoreUnavailable('injected fault');
    return action();
  }
  const drivers: StoreDrivers = {
    regions: () => inner.regions(),
    ...(inner.later && { later: inner.later }),
    close: () => inner.close(),
    open(region) {
      const driver = inner.open(region);
      return {
        ...(driver.later && { later: driver.later }),
        own: (name) => driver.own(name),
        names: () => driver.names(),
        get: (partition, key) => read(() => driver.get(partition, key)),
        range: (partition, range) => read(() => driver.range(partition, range)),
        commit: (...given) => commit(driver, ...given),
        close: () => driver.close(),
      };
    },
  };
  return { drivers, faults };
}
