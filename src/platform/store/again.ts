/**
 * Work that waits without holding the thread. `again` runs a piece of synchronous work; where it throws `Suspend` (a read whose answer lies
 * across a wire, a service that is not loaded), what it wrote is undone, the thread does other work, and the piece begins anew when what
 * it lacked has come. What it has read is kept for it until it has ended.
 *
 * A piece may begin anew while nothing of it stays: a read after its transaction has written, one outside of `again`, and one of a
 * piece that was repeated too often hold the thread. `heldThread` counts them. Work that goes on by itself runs each of its later steps that
 * read by an `again` of its own.
 */
import { assert } from '#platform/base/assert.ts';
import type { Region } from '#platform/base/ids.ts';
import { exchangeTape, type Tape } from '#platform/base/made-up.ts';
import type { DriverRange, DriverRow, SharedDriver, StoreDriver, StoreDrivers } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import { Suspend } from '#platform/store/store.ts';

/** How often the thread was held because what ran could not begin anew. */
export const heldThread = { times: 0 };

/** What needs more was not made for this: it asks for one thing more each time. */
const MOST_WAITS = 256;

/** Keeps what is written meanwhile in memory, so that what was read from the disk stays as good as it was. */
export interface Holder {
  hold(): Hold;
}

export interface Hold {
  /** What was written meanwhile is forgotten: nothing that was read under it counts any more. */
  readonly isLost: boolean;
  release(): void;
}

/** What was read of one driver. */
interface Read {
  readonly hold: Hold | undefined;
  readonly answers: Map<string, unknown>;
}

class Readings {
  /** What the last read has thrown. */
  suspended: Suspend | undefined;
  /** Something of the work stays. */
  isDone = false;
  readonly tape: Tape = { values: [], at: 0 };
  #waits = 0;
  #ofDrivers: Map<object, Read> | undefined;

  get isPatient(): boolean {
    return this.#waits < MOST_WAITS;
  }

  answer<T>(driver: object, question: string, holder: Holder | undefined, ask: () => Promise<T>): T {
    const { answers } = this.#of(driver, holder);
    // Kept under its own question.
    if (answers.has(question)) return answers.get(question) as T;
    return this.wait(ask().then((answer) => void answers.set(question, answer)));
  }

  wait(ready: Promise<void>): never {
    this.#waits++;
    this.suspended = new Suspend(ready);
    throw this.suspended;
  }

  /** Asks at once for all that are not known. */
  expect<Asked>(
    driver: object,
    asked: ReadonlyMap<string, Asked>,
    holder: Holder | undefined,
    ask: (missing: readonly Asked[]) => Promise<readonly unknown[]>,
  ): void {
    const { answers } = this.#of(driver, holder);
    const missing = [...asked].filter(([question]) => !answers.has(question));
    if (missing.length === 0) return;
    const asking = ask(missing.map(([, each]) => each));
    this.wait(
      asking.then((found) => {
        for (const [at, [question]] of missing.entries()) answers.set(question, found[at]);
      }),
    );
  }

  release(): void {
    for (const { hold } of this.#ofDrivers?.values() ?? []) hold?.release();
    this.#ofDrivers = undefined;
  }

  #of(driver: object, holder: Holder | undefined): Read {
    this.#ofDrivers ??= new Map();
    const known = this.#ofDrivers.get(driver);
    if (known !== undefined && known.hold?.isLost !== true) return known;
    const read: Read = { hold: holder?.hold(), answers: new Map() };
    this.#ofDrivers.set(driver, read);
    return read;
  }
}

/** Of the work that runs, while it may begin anew. */
let current: Readings | undefined;

/** A promise where it has to wait. Of work that goes on by itself, what it does before it first waits may begin anew. */
export const again = <T>(work: () => T): T | Promise<Awaited<T>> => run(work, new Readings());

/** A read that memory can't answer: by `later`, where what asks may begin anew. `holder` is there if the partition is owned here. */
export function waitFor<T>(
  driver: object,
  question: string,
  holder: Holder | undefined,
  later: () => Promise<T>,
  now: () => T,
): T {
  if (current !== undefined) return current.answer(driver, question, holder, later);
  heldThread.times++;
  return now();
}

/** Questions that `waitFor` will be asked, each under its text: all that are not answered yet are asked together, if that spares a wait. */
function expectAnswers<Asked>(
  driver: object,
  asked: ReadonlyMap<string, Asked>,
  holder: Holder | undefined,
  later: (missing: readonly Asked[]) => Promise<readonly unknown[]>,
): void {
  current?.expect(driver, asked, holder, later);
}

/** Throws where what runs may begin anew, when `ready` says so; else the thread has to be held. */
export function waitUntil(ready: () => Promise<void>): void {
  current?.wait(ready());
  heldThread.times++;
}

/** What the work that runs has done stays: it must not begin anew. */
export function done(): void {
  if (current !== undefined) current.isDone = true;
  current = undefined;
}

function run<T>(work: () => T, readings: Readings): T | Promise<Awaited<T>> {
  try {
    const result = attempt(work, readings);
    const { suspended } = readings;
    if (result instanceof Promise && suspended !== undefined) return whole(result, work, readings, suspended);
    readings.release();
    return result;
  } catch (error) {
    if (error instanceof Suspend) return whenReady(work, readings, error);
    readings.release();
    throw error;
  }
}

function attempt<T>(work: () => T, readings: Readings): T {
  const outer = current;
  readings.isDone = false;
  readings.tape.at = 0;
  current = readings.isPatient ? readings : undefined;
  const outerTape = exchangeTape(readings.tape);
  try {
    return work();
  } finally {
    exchangeTape(outerTape);
    if (readings.isDone && outer !== undefined) outer.isDone = true;
    current = outer?.isDone === true ? undefined : outer;
  }
}

async function whenReady<T>(work: () => T, readings: Readings, { ready }: Suspend): Promise<Awaited<T>> {
  // To whatever this is a part of, the rest of it happens by itself.
  done();
  try {
    await ready;
  } catch (error) {
    readings.release();
    throw error;
  }
  readings.suspended = undefined;
  return await run(work, readings);
}

/** Work that goes on by itself, and was suspended before it first waited. */
async function whole<T>(
  result: T & Promise<unknown>,
  work: () => T,
  readings: Readings,
  suspended: Suspend,
): Promise<Awaited<T>> {
  done();
  try {
    return (await result) as Awaited<T>;
  } catch (error) {
    if (error !== suspended) throw error;
    assert(!readings.isDone, 'what stays is done after all reads');
    return await whenReady(work, readings, suspended);
  } finally {
    readings.release();
  }
}

/** The number of a partition, without taking it over. As below: what is asked of a driver without a wire is answered at once. */
export function findNumber(driver: SharedDriver, path: string): number | undefined {
  const { later } = driver;
  if (later === undefined) return driver.find(path);
  return waitFor(
    driver,
    `find ${path}`,
    undefined,
    () => later.find(path),
    () => driver.find(path),
  );
}

/** The regions that hold data. */
export function readRegions(drivers: StoreDrivers): Region[] {
  const { later } = drivers;
  if (later === undefined) return drivers.regions();
  return waitFor(
    drivers,
    'regions',
    undefined,
    () => later.regions(),
    () => drivers.regions(),
  );
}

/** The names of all partitions that were written to, asked of all these drivers together. */
export function readNames(drivers: readonly StoreDriver[]): string[] {
  const near = (): string[] => drivers.flatMap((driver) => driver.names());
  const laters = drivers.flatMap(({ later }) => later ?? []);
  const [first] = laters;
  if (first === undefined) return near();
  const all = async (): Promise<string[]> => (await Promise.all(laters.map((later) => later.names()))).flat();
  return waitFor(first, `names of ${laters.length}`, undefined, all, near);
}

export function readRow(
  driver: StoreDriver,
  holder: Holder | undefined,
  partition: number,
  key: Key,
): Buffer | undefined {
  const { later } = driver;
  if (later === undefined) return driver.get(partition, key);
  return waitFor(
    driver,
    rowQuestion(partition, key),
    holder,
    () => later.get(partition, key),
    () => driver.get(partition, key),
  );
}

const rowQuestion = (partition: number, key: Key): string => `row ${partition} ${key}`;

/** Rows that will be asked for. */
export function expectRows(
  driver: StoreDriver,
  holder: Holder | undefined,
  partition: number,
  keys: readonly Key[],
): void {
  const { later } = driver;
  if (later === undefined) return;
  const asked = new Map(keys.map((key) => [rowQuestion(partition, key), key]));
  expectAnswers(driver, asked, holder, (missing) => later.rows(partition, missing));
}

export function readRange(
  driver: StoreDriver,
  holder: Holder | undefined,
  partition: number,
  range: DriverRange,
): DriverRow[] {
  const { later } = driver;
  if (later === undefined) return driver.range(partition, range);
  const { from, before, limit, reverse } = range;
  // Keys hold any character: each is told apart by its length.
  const question = `range ${partition} ${limit} ${reverse} ${from.length} ${from}${before}`;
  return waitFor(
    driver,
    question,
    holder,
    () => later.range(partition, range),
    () => driver.range(partition, range),
  );
}
