/** Layers for tests of the driver, by qemu-img; each volume begins with tiny-guest.S in its first sector. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Chain, Layer } from '#platform/compute/qemu/disk-graph.ts';
import type { VolumeId, VolumeKey } from '#platform/compute/volume.ts';
import { passphraseOf } from '#platform/compute/volumes/qemu/qemu-img.ts';

/** tiny-guest.S, assembled. */
export const TINY_GUEST = Buffer.from(
  '31c08ed88ec08ed0bc007c8816b07cfcbea97cac84c07405e88900ebf6e875003c7074193c77741e3c7274323c65744b3c74745b3c6675e5' +
    'e86900ebfbba0406b80020efebd7e84c00bf0080b90002f3aab80103e81500b06be84800ebbfb80102e80800a00080e83a00ebb1bb0080b9' +
    '020030f68a16b07ccd13c3ba10ae6631c066efba04ae66edba08ae66efeb8eb0fee664eb88fbf4bafd03eca80174f6baf803ecc3baf803ee' +
    'c372656164790a0000',
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
