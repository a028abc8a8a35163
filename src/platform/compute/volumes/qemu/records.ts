/**
 * What lies in the folder of volumes, and who may be sure of what:
 *
 *     layers/<id>.qcow2       a layer; the one on top of a volume is written to (0600), what others stand on never again (0440)
 *     volumes/vol-….json      a volume's layers, the top first
 *     snapshots/snap-….json   a snapshot's; `ami-….json` of an image that is built here
 *     incoming/               what is being written; emptied at the start
 *
 * Records are the truth: a layer that is in none is garbage. They are written beside their place, synced and renamed, so each is
 * whole. A record names all of its layers, so nothing has to be counted, and nobody follows what a file's header says.
 */
import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '#platform/blobs/filesystem/folders.ts';
import type { VolumeId } from '#platform/compute/volume.ts';

export interface StoredRecord {
  readonly sizeGiB: number;
  readonly isEncrypted: boolean;
  /** The top first. */
  readonly layers: readonly string[];
  /** Of a volume: snapshots that were begun, and the layer that each is the content of. */
  readonly pending?: Readonly<Record<string, string>>;
}

export type RecordKind = 'volumes' | 'snapshots';

const ID = /^(?:vol|snap|ami)-[0-9a-f]{1,40}$/;

/** Ids become names of files. */
export function checkId(id: string): string {
  if (!ID.test(id)) throw new Error(`'${id}' is no id of a volume or snapshot`);
  return id;
}

export const layerPath = (folder: string, layer: string): string => join(folder, 'layers', `${layer}.qcow2`);
const recordPath = (folder: string, kind: RecordKind, id: string): string => join(folder, kind, `${checkId(id)}.json`);

export interface VolumeLayer {
  readonly path: string;
  readonly isEncrypted: boolean;
}

export interface VolumeChain {
  readonly sizeGiB: number;
  /** The top first: the only one that is written to. */
  readonly layers: readonly VolumeLayer[];
}

/** For who opens a volume: a machine's process. The encrypted layers of a volume have one key. */
export function chainOf(folder: string, id: VolumeId): VolumeChain {
  // As it was written here.
  const record = JSON.parse(readFileSync(recordPath(folder, 'volumes', id), 'utf8')) as StoredRecord;
  return { sizeGiB: record.sizeGiB, layers: openedLayers(folder, record) };
}

export const openedLayers = (folder: string, { layers, isEncrypted }: StoredRecord): VolumeLayer[] =>
  layers.map((layer) => ({ path: layerPath(folder, layer), isEncrypted }));

export class Records {
  readonly volumes: Map<string, StoredRecord>;
  readonly snapshots: Map<string, StoredRecord>;
  readonly #folder: string;

  private constructor(folder: string, volumes: Map<string, StoredRecord>, snapshots: Map<string, StoredRecord>) {
    this.#folder = folder;
    this.volumes = volumes;
    this.snapshots = snapshots;
  }

  static async open(folder: string): Promise<Records> {
    await rm(join(folder, 'incoming'), { recursive: true, force: true });
    for (const name of ['incoming', 'layers', 'volumes', 'snapshots']) {
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    }
    return new Records(folder, await readAll(folder, 'volumes'), await readAll(folder, 'snapshots'));
  }

  /** On disk when it resolves. */
  async write(kind: RecordKind, id: string, record: StoredRecord): Promise<void> {
    const draft = join(this.#folder, 'incoming', `${checkId(id)}.json`);
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(record));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, recordPath(this.#folder, kind, id));
    await syncFolder(join(this.#folder, kind));
    this[kind].set(id, record);
  }

  async remove(kind: RecordKind, id: string): Promise<void> {
    await rm(recordPath(this.#folder, kind, id), { force: true });
    await syncFolder(join(this.#folder, kind));
    this[kind].delete(id);
  }

  /** All layers that a volume or snapshot has. */
  used(): Set<string> {
    const records = [...this.volumes.values(), ...this.snapshots.values()];
    return new Set(records.flatMap(({ layers }) => layers));
  }
}

async function readAll(folder: string, kind: RecordKind): Promise<Map<string, StoredRecord>> {
  const found = new Map<string, StoredRecord>();
  for (const name of await readdir(join(folder, kind))) {
    const id = checkId(name.replace(/\.json$/, ''));
    // As it was written here.
    found.set(id, JSON.parse(await readFile(join(folder, kind, name), 'utf8')) as StoredRecord);
  }
  return found;
}
