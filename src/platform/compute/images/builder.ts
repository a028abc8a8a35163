/**
 * Images that are built here, each when it is first asked for, and kept. A recipe works in a folder of its own; only when all of it is
 * there does the disk become a snapshot, and the folder with the kernel take its place: an interrupted build leaves nothing but what
 * the next start removes.
 */

import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { BuiltImage, ImageBuilder, SnapshotId } from '#platform/compute/volume.ts';

export interface Workplace {
  /** Empty at first; the recipe leaves `disk.raw` there, and `kernel` and `initrd` if the image starts from those. */
  readonly folder: string;
  readonly onProgress: (percent: number) => void;
  readonly signal: AbortSignal;
}

export interface Recipe {
  readonly image: BuiltImage;
  /** Programs that it needs on this machine. */
  readonly needs: readonly string[];
  /** It runs programs as root: who is not root does not offer the image. */
  readonly needsRoot?: true;
  readonly build: (workplace: Workplace) => Promise<void>;
}

/** Takes a raw disk as a snapshot, unless there is one. */
export interface DiskStore {
  adopt(id: SnapshotId, file: string, sizeGiB: number): Promise<void>;
}

export interface BuilderParts {
  readonly folder: string;
  readonly recipes: readonly Recipe[];
  readonly store: DiskStore;
  readonly clock: Clock;
}

interface Build {
  readonly done: Promise<void>;
  readonly listeners: ((percent: number) => void)[];
  percent: number;
}

export class RecipeBuilder implements ImageBuilder {
  lastBuild: Milliseconds | undefined;
  readonly #parts: BuilderParts;
  readonly #builds = new Map<SnapshotId, Build>();
  readonly #stopping = new AbortController();

  private constructor(parts: BuilderParts) {
    this.#parts = parts;
  }

  static async open(parts: BuilderParts): Promise<RecipeBuilder> {
    await rm(join(parts.folder, 'incoming'), { recursive: true, force: true });
    await mkdir(join(parts.folder, 'incoming'), { recursive: true, mode: 0o700 });
    const isRoot = process.getuid?.() === 0;
    return new RecipeBuilder({
      ...parts,
      recipes: parts.recipes.filter(({ needsRoot }) => isRoot || needsRoot !== true),
    });
  }

  get images(): readonly BuiltImage[] {
    return this.#parts.recipes.map(({ image }) => image);
  }

  async build(image: BuiltImage, id: SnapshotId, onProgress: (percent: number) => void): Promise<void> {
    if (existsSync(this.#placeOf(id))) return onProgress(100);
    const build = this.#builds.get(id) ?? this.#begin(image, id);
    build.listeners.push(onProgress);
    onProgress(build.percent);
    await build.done;
  }

  async kept(): Promise<readonly SnapshotId[]> {
    return (await readdir(this.#parts.folder)).filter((name) => name !== 'incoming');
  }

  async remove(id: SnapshotId): Promise<void> {
    await rm(this.#placeOf(id), { recursive: true, force: true });
  }

  kernelOf(id: SnapshotId): { readonly kernel: string; readonly initrd: string } | undefined {
    const [kernel, initrd] = [join(this.#placeOf(id), 'kernel'), join(this.#placeOf(id), 'initrd')];
    return existsSync(kernel) ? { kernel, initrd } : undefined;
  }

  /** Builds end; what they have begun is begun anew another time. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([...this.#builds.values()].map(({ done }) => done));
  }

  #begin(image: BuiltImage, id: SnapshotId): Build {
    const build: Build = { done: this.#make(image, id, (percent) => tell(build, percent)), listeners: [], percent: 0 };
    this.#builds.set(id, build);
    const end = (): void => void this.#builds.delete(id);
    build.done.then(end, end);
    return build;
  }

  async #make(image: BuiltImage, id: SnapshotId, onProgress: (percent: number) => void): Promise<void> {
    const { recipes, store, clock } = this.#parts;
    const recipe = recipes.find(({ image: { name, version } }) => name === image.name && version === image.version);
    if (recipe === undefined) throw new Error(`there is no recipe of ${image.name} ${image.version}`);
    const began = clock.monotonic();
    const folder = join(this.#parts.folder, 'incoming', id);
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      this.#stopping.signal.throwIfAborted();
      await recipe.build({ folder, onProgress, signal: this.#stopping.signal });
      await store.adopt(id, join(folder, 'disk.raw'), image.sizeGiB);
      await this.#keep(folder, id);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    this.lastBuild = clock.monotonic() - began;
    onProgress(100);
  }

  /** The kernel and what it starts from; the rest has served. */
  async #keep(folder: string, id: SnapshotId): Promise<void> {
    for (const name of await readdir(folder)) {
      if (name !== 'kernel' && name !== 'initrd') await rm(join(folder, name), { recursive: true });
      else await synced(join(folder, name));
    }
    await rename(folder, this.#placeOf(id));
    await synced(this.#parts.folder);
  }

  #placeOf(id: SnapshotId): string {
    return join(this.#parts.folder, id);
  }
}

function tell(build: Build, percent: number): void {
  build.percent = percent;
  for (const listener of build.listeners) listener(percent);
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
