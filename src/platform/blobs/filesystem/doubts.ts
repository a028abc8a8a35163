/**
 * What the next sweep has to ask about. To ask for a blob's owner takes a look into the store, so it is asked for what may have changed
 * alone: files that came since the last sweep or were given up and may still lie there, segments of which half was given up.
 * Everything is in doubt after a scrub; files are after a start as well, as a crash may have left some. What was counted of segments is
 * kept over starts; a crash loses what was given up since, which the sweep after the next scrub finds.
 */
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'counted.json';

/** Bytes of a segment's records: those that were wanted when they were last asked for, less what was given up since, and all. */
interface Counted {
  wanted: number;
  readonly all: number;
}

const isHalfEmpty = ({ wanted, all }: Counted): boolean => wanted * 2 <= all;

export class Doubts {
  readonly #path: string;
  readonly #counted: Map<number, Counted>;
  #files: Set<string> | undefined;

  private constructor(path: string, counted: Map<number, Counted>) {
    this.#path = path;
    this.#counted = counted;
  }

  /** `pathOf` a segment: one that has another size than what was counted has only the same number. */
  static async open(folder: string, pathOf: (segment: number) => string): Promise<Doubts> {
    const path = join(folder, FILE);
    const counted = new Map<number, Counted>();
    for (const [segment, wanted, all] of await readCounted(path)) {
      const size = await stat(pathOf(segment)).then(
        (found) => found.size,
        () => undefined,
      );
      if (size === all) counted.set(segment, { wanted, all });
    }
    return new Doubts(path, counted);
  }

  everything(): void {
    this.#files = undefined;
    this.#counted.clear();
  }

  file(id: string): void {
    this.#files?.add(id);
  }

  /** Those to ask about; undefined: all. From now on there are none, until `file` says so or they are put back. */
  takeFiles(): readonly string[] | undefined {
    const taken = this.#files && [...this.#files];
    this.#files = new Set();
    return taken;
  }

  putBack(taken: readonly string[] | undefined): void {
    if (taken === undefined) this.#files = undefined;
    else for (const id of taken) this.file(id);
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
  }

  forget(segment: number): void {
    this.#counted.delete(segment);
  }

  /** Without a sync: if it gets lost, there is more to ask. */
  async keep(): Promise<void> {
    const rows = [...this.#counted].map(([segment, { wanted, all }]) => [segment, wanted, all]);
    const draft = `${this.#path}.new`;
    await writeFile(draft, JSON.stringify(rows), { mode: 0o600 });
    await rename(draft, this.#path);
  }
}

/** Nothing where there is none, or none that can be read. */
async function readCounted(
  path: string,
): Promise<readonly (readonly [segment: number, wanted: number, all: number])[]> {
  try {
    const rows: unknown = JSON.parse(await readFile(path, 'utf8'));
    return Array.isArray(rows) ? rows.filter(isRow) : [];
  } catch {
    return [];
  }
}

const isRow = (row: unknown): row is [number, number, number] =>
  Array.isArray(row) && row.length === 3 && row.every(Number.isSafeInteger);
