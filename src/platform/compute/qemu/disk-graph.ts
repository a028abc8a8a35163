/**
 * A volume as QEMU knows it: a node for each layer over the one below, a filter on top that holds back what exceeds the bought rate, and a
 * device on that. Everything is said: QEMU follows no name that stands in a file, since what wrote the file may have been a guest.
 *
 * All names begin with the volume's id, and layers are counted from the lowest: so what is there tells what is done.
 */
import type { DiskLimits, MachineDisk } from '#platform/compute/machine.ts';
import type { VolumeId } from '#platform/compute/volume.ts';
import { passphraseOf } from '#platform/compute/volumes/qemu/qemu-img.ts';

/** A file in the machine's folder. */
export interface Layer {
  readonly file: string;
  readonly isEncrypted: boolean;
}

/** A volume as its machine has it. */
export interface Chain {
  readonly sizeGiB: number;
  /** From the lowest to the one that is written. */
  readonly layers: readonly Layer[];
}

/** A command that makes something, and the name by which it is seen to be there. */
export interface Making {
  readonly name: string;
  readonly command: 'object-add' | 'blockdev-add' | 'device_add';
  readonly input: Readonly<Record<string, unknown>>;
}

/** EBS counts a transfer of up to 256 KiB as one operation. */
const OPERATION_BYTES = 256 * 1024;
/** Of a virtio disk's serial. */
const SERIAL_LENGTH = 20;

export const layerNode = (volume: VolumeId, index: number): string => `${volume}.${index}`;
export const filterNode = (volume: VolumeId): string => `${volume}.limit`;
export const voidNode = (volume: VolumeId): string => `${volume}.void`;
export const limitsObject = (volume: VolumeId): string => `${volume}.limits`;
const keyObject = (volume: VolumeId): string => `${volume}.key`;

export const throttle = ({ iops, bytesPerSecond }: DiskLimits) => ({
  'iops-total': iops,
  'iops-size': OPERATION_BYTES,
  'bps-total': bytesPerSecond,
});

/** In their order; what is there already is left out by whoever carries them out. */
export function makingsOf({ volume, limits, key, isBoot }: MachineDisk, { layers }: Chain): Making[] {
  const top = layers.length - 1;
  const device = {
    driver: 'virtio-blk-pci',
    id: volume,
    drive: filterNode(volume),
    serial: volume.replace('-', '').slice(0, SERIAL_LENGTH),
    // A full disk of the host's is an error to the guest, not a pause that nobody ends.
    werror: 'report',
    rerror: 'report',
    // A kernel that is started directly is the first.
    ...(isBoot && { bootindex: 1 }),
  };
  return [
    ...(key === undefined ? [] : [object('secret', keyObject(volume), { data: passphraseOf(key) })]),
    object('throttle-group', limitsObject(volume), { limits: throttle(limits) }),
    ...layers.map((layer, index) =>
      node(layerNode(volume, index), {
        ...fileOf(volume, layer, index < top),
        backing: index === 0 ? null : layerNode(volume, index - 1),
      }),
    ),
    node(filterNode(volume), filterOver(volume, layerNode(volume, top))),
    { name: volume, command: 'device_add', input: device },
  ];
}

/** The new top, which will get what is below it when the machine's writes are led over. */
export const overlayOf = (volume: VolumeId, layer: Layer, index: number): Making =>
  node(layerNode(volume, index), { ...fileOf(volume, layer, false), backing: null });

/** The filter over another node than before: with the device cut off from its volume, it reads zeros and writes to nothing. */
export const filterOver = (volume: VolumeId, below: string) => ({
  driver: 'throttle',
  'node-name': filterNode(volume),
  'throttle-group': limitsObject(volume),
  file: below,
});

export const emptyNode = (volume: VolumeId, size: number): Making =>
  node(voidNode(volume), { driver: 'null-co', size, 'read-zeroes': true });

/** Of what is there, the volume's nodes from the top down, as they must be taken apart. */
export function nodesOf(volume: VolumeId, present: Iterable<string>): string[] {
  const layers = [...present].filter((name) => layerIndex(volume, name) !== undefined);
  layers.sort((a, b) => (layerIndex(volume, b) ?? 0) - (layerIndex(volume, a) ?? 0));
  return [filterNode(volume), voidNode(volume), ...layers];
}

export const objectsOf = (volume: VolumeId): string[] => [limitsObject(volume), keyObject(volume)];

function layerIndex(volume: VolumeId, name: string): number | undefined {
  const rest = name.startsWith(`${volume}.`) ? name.slice(volume.length + 1) : '';
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
}

const fileOf = (volume: VolumeId, { file, isEncrypted }: Layer, isReadOnly: boolean) => ({
  driver: 'qcow2',
  file: { driver: 'file', filename: file, discard: 'unmap' },
  discard: 'unmap',
  'read-only': isReadOnly,
  ...(isEncrypted && { encrypt: { format: 'luks', 'key-secret': keyObject(volume) } }),
});

const node = (name: string, rest: object): Making => ({
  name,
  command: 'blockdev-add',
  input: { 'node-name': name, ...rest },
});

const object = (type: string, id: string, rest: object): Making => ({
  name: id,
  command: 'object-add',
  input: { 'qom-type': type, id, ...rest },
});
