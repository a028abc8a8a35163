/**
 * Volumes as qcow2 files (records.ts has the layout). A volume or snapshot is either encrypted in all of its layers, under one key, or
 * in none; where a key changes on the way, all is copied once. A layer that nobody has any more goes when the last record that names
 * it is gone from the disk; after a crash, at the next start.
 *
 * Whoever runs a machine opens the layers itself (chainOf): files are the server's user's, and a guest never gets at a name.
 */

import { chmod, open, readdir, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { randomBytes } from '#platform/base/ids.ts';
import { type InTurn, newInTurn } from '#platform/base/in-turn.ts';
import { syncFolder } from '#platform/blobs/filesystem/folders.ts';
import type {
  InUse,
  KeyChange,
  NewVolume,
  SnapshotId,
  SnapshotSize,
  VolumeId,
  VolumeKey,
  Volumes,
} from '#platform/compute/volume.ts';
import { addAllocated, bytesOf } from '#platform/compute/volumes/qemu/allocated.ts';
import { writeEmptyLayer } from '#platform/compute/volumes/qemu/empty-layer.ts';
import { chainName, type Keys, layerOptions, passphraseOf, qemuImg } from '#platform/compute/volumes/qemu/qemu-img.ts';
import {
  checkId,
  layerPath,
  openedLayers,
  Records,
  type StoredRecord,
} from '#platform/compute/volumes/qemu/records.ts';

const WRITABLE = 0o600;
const READ_ONLY = 0o440;
/** Beyond this a volume that no machine has open gets one layer of all that lie below its own. */
const MOST_LAYERS = 32;
const AT_ONCE = Math.max(2, availableParallelism());

const sameKey = (a: VolumeKey | undefined, b: VolumeKey | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;

export class QemuVolumes implements Volumes {
  readonly #folder: string;
  readonly #records: Records;
  readonly #inTurn: InTurn = newInTurn();
  readonly #crowd: InTurn = newInTurn();
  /** Layers that an operation stands on, or is about to name. */
  readonly #held = new Map<string, number>();
  #calls = 0;

  private constructor(folder: string, records: Records) {
    this.#folder = folder;
    this.#records = records;
  }

  static async open(folder: string): Promise<QemuVolumes> {
    const volumes = new QemuVolumes(folder, await Records.open(folder));
    await volumes.dropUnused();
    return volumes;
  }

  async dropUnused(): Promise<void> {
    const layers = (await readdir(join(this.#folder, 'layers'))).map((name) => basename(name, '.qcow2'));
    await this.#dropUnused(layers);
  }

  create({ id, sizeGiB, from, fromKey, key }: NewVolume): Promise<void> {
    return this.#inTurn(checkId(id), async () => {
      if (this.#records.volumes.has(id)) return;
      const source = from === undefined ? undefined : this.#snapshot(from);
      const isEncrypted = key !== undefined;
      await this.#holding(source?.layers ?? [], async (held) => {
        const below = source && (await this.#underKey(source, { fromKey, key }, held));
        const top = await this.#newLayer({ sizeGiB, isEncrypted, below }, key, held);
        await this.#records.write('volumes', id, { sizeGiB, isEncrypted, layers: [top, ...(below ?? [])] });
      });
    });
  }

  grow(id: VolumeId, sizeGiB: number, { key, onRunning }: InUse = {}): Promise<void> {
    return this.#inTurn(checkId(id), async () => {
      const record = this.#volume(id);
      if (record.sizeGiB > sizeGiB) throw new Error(`${id} does not become smaller`);
      const top = openedLayers(this.#folder, record).slice(0, 1);
      const grown = { ...record, sizeGiB };
      if (onRunning !== undefined) {
        // Whoever has it open looks how large it should be.
        await this.#records.write('volumes', id, grown);
        return onRunning();
      }
      await this.#qemuImg('resize', [chainName(top, 'target'), `${sizeGiB}G`], keysOf(record, 'target', key));
      await this.#syncLayer(record.layers[0]);
      await this.#records.write('volumes', id, grown);
    });
  }

  remove(id: VolumeId): Promise<void> {
    return this.#inTurn(checkId(id), async () => {
      const record = this.#records.volumes.get(id);
      if (record === undefined) return;
      await this.#records.remove('volumes', id);
      await this.#dropUnused(record.layers);
    });
  }

  snapshot(id: SnapshotId, of: VolumeId, { key, onRunning }: InUse = {}): Promise<SnapshotSize> {
    checkId(id);
    return this.#inTurn(checkId(of), async () => {
      if (this.#records.snapshots.has(id)) return this.#sizeOf(id);
      if (onRunning === undefined) await this.#flatten(of, key);
      const base = await this.#newTop(id, of, key);
      if (onRunning !== undefined) await onRunning();
      const { sizeGiB, isEncrypted, layers, pending } = this.#volume(of);
      await chmod(layerPath(this.#folder, base), READ_ONLY);
      await this.#records.write('snapshots', id, { sizeGiB, isEncrypted, layers: layers.slice(layers.indexOf(base)) });
      const { [id]: _, ...others } = pending ?? {};
      await this.#records.write('volumes', of, { sizeGiB, isEncrypted, layers, pending: others });
      return this.#sizeOf(id);
    });
  }

  copySnapshot(id: SnapshotId, from: SnapshotId, keys: KeyChange = {}): Promise<SnapshotSize> {
    return this.#inTurn(checkId(id), async () => {
      if (this.#records.snapshots.has(id)) return this.#sizeOf(id);
      const source = this.#snapshot(from);
      await this.#holding(source.layers, async (held) => {
        const layers = await this.#underKey(source, keys, held);
        await this.#records.write('snapshots', id, { ...source, isEncrypted: keys.key !== undefined, layers });
      });
      return this.#sizeOf(id);
    });
  }

  /** An image's disk, as a raw file that was made here, becomes a snapshot. */
  adopt(id: SnapshotId, file: string, sizeGiB: number): Promise<void> {
    return this.#inTurn(checkId(id), async () => {
      if (this.#records.snapshots.has(id)) return;
      await this.#holding([], async (held) => {
        const source = `json:${JSON.stringify({ driver: 'raw', file: { driver: 'file', filename: file } })}`;
        const layer = await this.#copied(source, {}, false, sizeGiB, held);
        await this.#records.write('snapshots', id, { sizeGiB, isEncrypted: false, layers: [layer] });
      });
    });
  }

  removeSnapshot(id: SnapshotId): Promise<void> {
    return this.#inTurn(checkId(id), async () => {
      const record = this.#records.snapshots.get(id);
      if (record === undefined) return;
      await this.#records.remove('snapshots', id);
      await this.#dropUnused(record.layers);
    });
  }

  async sizeOf(id: SnapshotId): Promise<SnapshotSize> {
    return this.#sizeOf(id);
  }

  async list() {
    return { volumes: [...this.#records.volumes.keys()], snapshots: [...this.#records.snapshots.keys()] };
  }

  #volume(id: VolumeId): StoredRecord {
    const record = this.#records.volumes.get(checkId(id));
    if (record === undefined) throw new Error(`there is no volume ${id}`);
    return record;
  }

  #snapshot(id: SnapshotId): StoredRecord {
    const record = this.#records.snapshots.get(checkId(id));
    if (record === undefined) throw new Error(`there is no snapshot ${id}`);
    return record;
  }

  /**
   * A new layer upon the volume, and the one that the snapshot is from now on. The record names it before a machine writes to it:
   * whoever opens the volume after a crash has it on top, empty or not. What was begun and not finished goes on where it was.
   */
  async #newTop(id: SnapshotId, of: VolumeId, key: VolumeKey | undefined): Promise<string> {
    const { sizeGiB, isEncrypted, layers, pending } = this.#volume(of);
    const begun = pending?.[id];
    if (begun !== undefined) return begun;
    const [base = ''] = layers;
    await this.#holding([], async (held) => {
      const top = await this.#newLayer({ sizeGiB, isEncrypted, below: layers }, key, held);
      await this.#records.write('volumes', of, {
        sizeGiB,
        isEncrypted,
        layers: [top, ...layers],
        pending: { ...pending, [id]: base },
      });
    });
    return base;
  }

  /** The layers of a record under another key: the same ones where it is the same. */
  async #underKey(source: StoredRecord, { fromKey, key }: KeyChange, held: Hold): Promise<readonly string[]> {
    if (sameKey(source.isEncrypted ? fromKey : undefined, key)) return source.layers;
    const name = chainName(openedLayers(this.#folder, source), 'source');
    const keys = { ...keysOf(source, 'source', fromKey), ...(key && { target: key }) };
    return [await this.#copied(name, keys, key !== undefined, source.sizeGiB, held)];
  }

  /** One layer of all that lie below the top one, where they have become many. */
  async #flatten(id: VolumeId, key: VolumeKey | undefined): Promise<void> {
    const record = this.#volume(id);
    const [top = '', ...below] = record.layers;
    // A snapshot that was begun counts from its layer on.
    if (record.layers.length < MOST_LAYERS || Object.keys(record.pending ?? {}).length > 0) return;
    await this.#holding(below, async (held) => {
      const name = chainName(openedLayers(this.#folder, { ...record, layers: below }), 'source');
      const keys = { ...keysOf(record, 'source', key), ...keysOf(record, 'target', key) };
      const whole = await this.#copied(name, keys, record.isEncrypted, record.sizeGiB, held);
      await this.#records.write('volumes', id, { ...record, layers: [top, whole] });
    });
  }

  async #copied(source: string, keys: Keys, isEncrypted: boolean, sizeGiB: number, held: Hold): Promise<string> {
    const { id, path, settle } = await this.#draft({ sizeGiB, isEncrypted }, keys.target, held);
    await this.#qemuImg(
      'convert',
      ['-n', '--target-image-opts', source, layerOptions({ path, isEncrypted }, 'target')],
      keys,
    );
    await settle(READ_ONLY);
    return id;
  }

  async #newLayer(shape: Shape, key: VolumeKey | undefined, held: Hold): Promise<string> {
    const { id, settle } = await this.#draft(shape, key, held);
    await settle(WRITABLE);
    return id;
  }

  /** A layer under `incoming/`, empty; `settle` puts it where it stays. */
  async #draft({ sizeGiB, isEncrypted, below = [] }: Shape, key: VolumeKey | undefined, held: Hold) {
    const id = randomBytes(12).toString('hex');
    const path = join(this.#folder, 'incoming', `${id}.qcow2`);
    if (isEncrypted && key === undefined) throw new Error('what is encrypted needs its key');
    const passphrase = isEncrypted && key !== undefined ? passphraseOf(key) : undefined;
    await writeEmptyLayer({ path, sizeGiB, below: below[0] && `${below[0]}.qcow2`, passphrase });
    const settle = async (mode: number): Promise<void> => {
      await chmod(path, mode);
      await syncFile(path);
      // Before it can be seen by who looks for what nobody has.
      held(id);
      await rename(path, layerPath(this.#folder, id));
      await syncFolder(join(this.#folder, 'layers'));
    };
    return { id, path, settle };
  }

  async #syncLayer(layer: string | undefined): Promise<void> {
    if (layer !== undefined) await syncFile(layerPath(this.#folder, layer));
  }

  async #sizeOf(id: SnapshotId): Promise<SnapshotSize> {
    const { layers } = this.#snapshot(id);
    const [own = '', ...below] = layers.map((layer) => layerPath(this.#folder, layer));
    const clusters = await addAllocated(own, new Map());
    const storedBytes = bytesOf(clusters);
    for (const path of below) await addAllocated(path, clusters);
    return { storedBytes, fullBytes: bytesOf(clusters) };
  }

  /** Nothing of these goes while `action` runs, nor what it adds; what no record names then goes at its end. */
  async #holding(layers: readonly string[], action: (held: Hold) => Promise<void>): Promise<void> {
    const all: string[] = [];
    const hold: Hold = (layer) => {
      all.push(layer);
      this.#held.set(layer, (this.#held.get(layer) ?? 0) + 1);
    };
    layers.forEach(hold);
    try {
      await action(hold);
    } finally {
      for (const layer of all) {
        const count = (this.#held.get(layer) ?? 1) - 1;
        if (count === 0) this.#held.delete(layer);
        else this.#held.set(layer, count);
      }
      await this.#dropUnused(all);
    }
  }

  async #dropUnused(layers: readonly string[]): Promise<void> {
    const used = this.#records.used();
    const unused = layers.filter((layer) => !used.has(layer) && !this.#held.has(layer));
    for (const layer of unused) await rm(layerPath(this.#folder, layer), { force: true });
    if (unused.length > 0) await syncFolder(join(this.#folder, 'layers'));
  }

  /** Few at once: each takes a processor, and guests want them too. */
  #qemuImg(command: string, args: readonly string[], keys: Keys): Promise<string> {
    this.#calls += 1;
    return this.#crowd(String(this.#calls % AT_ONCE), () => qemuImg(command, args, keys));
  }
}

type Hold = (layer: string) => void;

interface Shape {
  readonly sizeGiB: number;
  readonly isEncrypted: boolean;
  readonly below?: readonly string[] | undefined;
}

function keysOf({ isEncrypted }: StoredRecord, role: 'source' | 'target', key: VolumeKey | undefined): Keys {
  if (!isEncrypted) return {};
  if (key === undefined) throw new Error('what is encrypted needs its key');
  return { [role]: key };
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
