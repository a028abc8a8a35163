/** Layers for tests of the driver, by qemu-img; each volume begins with tiny-guest.S in its first sector. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Chain, Layer } from '#platform/compute/qemu/disk-graph.ts';
import type { VolumeId, VolumeKey } from '#platform/compute/volume.ts';
import { passphraseOf } from '#platform/compute/volumes/qemu/qemu-img.ts';

/** tiny-guest.S, assembled. */
export const TINY_GUEST = Buffer.from(
  '31c08ed88ec08ed0bc007c8816bd7cfcbeb67cac84c07405e89600ebf6e882003c70741d3c7774223c7274363c65744f3c74745f3c787461' +
    '3c6675e1e87200ebfbba0406b80020efebd3e85500bf0080b90002f3aab80103e81500b06be85100ebbbb80102e80800a00080e84300ebad' +
    'bb0080b9020030f68a16bd7ccd13c3ba10ae6631c066efba04ae66edba08ae66efeb8ab0fee664eb84ba0505b001eee97bfffbf4bafd03ec' +
    'a80174f6baf803ecc3baf803eec372656164790a0000',
  'hex',
);

export class TestLayers {
  readonly #folder: string;
  /** Whose the files are. */
  readonly #owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly #layers = new Map<VolumeId, readonly Layer[]>();

  constructor(folder: string, owner: { readonly uid: number; readonly gid: number } | undefined) {
    this.#folder = folder;
    this.#owner = owner;
  }

  /** Each volume is to be as large as `sizeGiB` says. */
  sizeGiB = 1;

  of(id: VolumeId): Chain {
    return { sizeGiB: this.sizeGiB, layers: this.#layers.get(id) ?? [] };
  }

  addVolume(id: VolumeId, key?: VolumeKey): void {
    const path = this.#pathOf(id, 0);
    const raw = `${path}.raw`;
    const sector = Buffer.alloc(1024);
    TINY_GUEST.copy(sector);
    sector.writeUInt16LE(0xaa55, 510);
    writeFileSync(raw, sector);
    const secret = key === undefined ? [] : ['--object', `secret,id=k,data=${passphraseOf(key)}`];
    // A key of random bytes needs no stretching.
    const luks = key === undefined ? [] : ['-o', 'encrypt.format=luks,encrypt.key-secret=k,encrypt.iter-time=10'];
    const file = `driver=qcow2,file.filename=${path}${key === undefined ? '' : ',encrypt.key-secret=k'}`;
    execFileSync('qemu-img', ['convert', ...secret, '-f', 'raw', '-O', 'qcow2', ...luks, raw, path]);
    execFileSync('qemu-img', ['resize', '-q', ...secret, '--image-opts', file, '1G']);
    rmSync(raw);
    this.#take(id, 0, key !== undefined);
  }

  /** A layer upon the present ones. */
  addLayer(id: VolumeId): void {
    const index = this.of(id).layers.length;
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', this.#pathOf(id, index), '1G']);
    this.#take(id, index, false);
  }

  /** The second sector's first byte, as this layer has it; those below are not looked into. */
  readSector(id: VolumeId, index: number): string {
    const copy = join(this.#folder, 'copy');
    execFileSync('qemu-img', ['convert', '-U', '-f', 'qcow2', '-O', 'raw', this.#pathOf(id, index), copy]);
    return execFileSync('dd', [`if=${copy}`, 'bs=512', 'skip=1', 'count=1', 'status=none']).toString('latin1', 0, 1);
  }

  #take(id: VolumeId, index: number, isEncrypted: boolean): void {
    if (this.#owner !== undefined) {
      execFileSync('chown', [`${this.#owner.uid}:${this.#owner.gid}`, this.#pathOf(id, index)]);
    }
    this.#layers.set(id, [...this.of(id).layers, { file: `${id}.${index}`, isEncrypted }]);
  }

  #pathOf(id: VolumeId, index: number): string {
    return join(this.#folder, `${id}.${index}`);
  }
}
