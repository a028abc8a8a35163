/**
 * What the next sweep has to ask about. To ask for a blob's owner takes a look into the store, so it is asked for what may have changed
 * alone: files that came since the last sweep or were given up and may still lie there, segments of which half was given up.
 * Everything is in doubt after a scrub; files are when their writer falls to this process (after a start all do), as a crash may have
 * left some. What was counted of segments is kept over starts; a crash loses what was given up since, which the sweep after the next
 * scrub finds.
 *
 * Where processes share a folder, each tells the others by its file what it has given up of theirs, and leaves what it has counted to its heirs.
 */
import { readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALONE, writerOfSegment } from '#platform/blobs/filesystem/writers.ts';

/** Bytes of a segment's records: those that were wanted when they were last asked for, less what was given up since, and all. */
interface Counted {
  wanted: number;
  readonly all: number;
}

/** Of the file: what was counted of a segment, or what was given up of one that another process counts. */
type CountedRow = readonly [segment: number, wanted: number, all: number];
type GivenUpRow = readonly [segment: number, bytes: number];

const isHalfEmpty = ({ wanted, all }: Counted): boolean => wanted * 2 <= all;

const fileOf = (writer: number): string => (writer === ALONE ? 'counted.json' : `counted-${writer}.json`);
const FILE = /^counted(?:-(\d+))?\.json$/;

export class Doubts {
  readonly #folder: string;
  readonly #pathOf: (segment: number) => string;
  readonly #writer: () => number;
  readonly #counted = new Map<number, Counted>();
  #files = new Set<string>();
  /** All of their files were asked about. */
  readonly #asked = new Set<number>();
  /** Of segments that are not counted here. */
  readonly #givenUp = new Map<number, number>();
  /** What others have told before. */
  readonly #heard = new Map<string, number>();

  private constructor(folder: string, pathOf: (segment: number) => string, writer: () => number) {
    this.#folder = folder;
    this.#pathOf = pathOf;
    this.#writer = writer;
  }

  /** `pathOf` a segment: one that has another size than what was counted has only the same number. */
  static async open(folder: string, pathOf: (segment: number) => string, writer: () => number): Promise<Doubts> {
    const doubts = new Doubts(folder, pathOf, writer);
    for (const row of await rowsOf(join(folder, fileOf(ALONE)))) if (isCounted(row)) await doubts.#take(row);
    return doubts;
  }

  everything(): void {
    this.#asked.clear();
    this.#counted.clear();
  }

  file(id: string): void {
    this.#files.add(id);
  }

  /** Those to ask about. From now on there are none, until `file` says so. */
  takeFiles(): ReadonlySet<string> {
    const taken = this.#files;
    this.#files = new Set();
    return taken;
  }

  areAsked(writer: number): boolean {
    return this.#asked.has(writer);
  }

  asked(writers: Iterable<number>): void {
    for (const writer of writers) this.#asked.add(writer);
  }

  isSegmentInDoubt(segment: number): boolean {
    const counted = this.#counted.get(segment);
    return counted === undefined || isHalfEmpty(counted);
  }

  /** True if half of it or more is not wanted. */
  counted(segment: number, found: Counted): boolean {
    this.#counted.set(segment, found);
    return isHalfEmpty(found);
  }

  givenUp(segment: number, bytes: number): void {
    const counted = this.#counted.get(segment);
    if (counted !== undefined) counted.wanted -= bytes;
    else this.#givenUp.set(segment, (this.#givenUp.get(segment) ?? 0) + bytes);
  }

  forget(segment: number): void {
    this.#counted.delete(segment);
  }

  /** Hears what other processes have to tell of segments that are this one's to count. Who is gone has told all. */
  async hear(isOurs: (writer: number) => boolean): Promise<void> {
    for (const segment of this.#counted.keys()) if (!isOurs(writerOfSegment(segment))) this.forget(segment);
    const told: (readonly [name: string, row: GivenUpRow])[] = [];
    for (const name of await readdir(this.#folder)) {
      const [, writer = ALONE] = FILE.exec(name) ?? [];
      if (!FILE.test(name) || name === fileOf(this.#writer())) continue;
      for (const row of await rowsOf(join(this.#folder, name))) {
        if (!isOurs(writerOfSegment(row[0]))) continue;
        if (!isCounted(row)) told.push([name, row]);
        else if (!this.#counted.has(row[0])) await this.#take(row);
      }
      if (isOurs(Number(writer))) await unlink(join(this.#folder, name)).catch(() => {});
    }
    for (const [name, row] of told) this.#hear(name, row);
  }

  #hear(name: string, [segment, bytes]: GivenUpRow): void {
    const what = `${name} ${segment}`;
    const counted = this.#counted.get(segment);
    if (counted !== undefined) counted.wanted -= bytes - (this.#heard.get(what) ?? 0);
    this.#heard.set(what, bytes);
  }

  async #take([segment, wanted, all]: CountedRow): Promise<void> {
    const size = await stat(this.#pathOf(segment)).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === all) this.#counted.set(segment, { wanted, all });
  }

  /** Without a sync: if it gets lost, there is more to ask. */
  async keep(): Promise<void> {
    const rows = [...[...this.#counted].map(([segment, { wanted, all }]) => [segment, wanted, all]), ...this.#givenUp];
    const path = join(this.#folder, fileOf(this.#writer()));
    const draft = `${path}.new`;
    await writeFile(draft, JSON.stringify(rows), { mode: 0o600 });
    await rename(draft, path);
  }
}

/** Nothing where there is none, or none that can be read. */
async function rowsOf(path: string): Promise<readonly (CountedRow | GivenUpRow)[]> {
  try {
    const rows: unknown = JSON.parse(await readFile(path, 'utf8'));
    return Array.isArray(rows) ? rows.filter(isRow) : [];
  } catch {
    return [];
  }
}

const isRow = (row: unknown): row is CountedRow | GivenUpRow =>
  Array.isArray(row) && (row.length === 2 || row.length === 3) && row.every(Number.isSafeInteger);

const isCounted = (row: CountedRow | GivenUpRow): row is CountedRow => row.length === 3;
