/**
 * A machine that runs, by its monitor. What it has (objects, nodes, devices) is asked of QEMU each time and kept nowhere else, so one that is
 * found again after a crash is the same as one that was just started, and a step that was interrupted is taken up where it stopped.
 */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import {
  type DiskLimits,
  type Ending,
  type MachineDisk,
  MachineError,
  type MachineNic,
} from '#platform/compute/machine.ts';
import {
  type Chain,
  emptyNode,
  filterNode,
  filterOver,
  layerNode,
  limitsObject,
  type Making,
  makingsOf,
  nodesOf,
  objectsOf,
  overlayOf,
  throttle,
  voidNode,
} from '#platform/compute/qemu/disk-graph.ts';
import { FILES, pictureOf, withShortPath } from '#platform/compute/qemu/machine-files.ts';
import { asObject, openQmp, type Qmp, QmpError, type QmpEvent } from '#platform/compute/qemu/qmp.ts';
import type { VolumeId } from '#platform/compute/volume.ts';

export interface MachineParts {
  readonly id: string;
  readonly folder: string;
  readonly clock: Clock;
  /** The host's end of an interface, for QEMU's netdev_add. */
  readonly netdevOf: (nic: MachineNic) => Readonly<Record<string, unknown>>;
  /** Once, when its guest has switched it off or its process is gone. */
  readonly onEnd: (ending: Ending) => void;
}

/** A guest that is busy lets go of a device late; who waited in vain asks again. */
const LETS_GO_WITHIN: Milliseconds = seconds(15);
/** A guest that is not asked gets a moment all the same. */
const FORCED_WITHIN: Milliseconds = seconds(2);
const GIB = 2 ** 30;

export class RunningMachine {
  readonly #parts: MachineParts;
  readonly #qmp: Qmp;
  #hasPanicked = false;
  /** Of devices that are to go. */
  readonly #awaited = new Map<string, () => void>();

  private constructor(parts: MachineParts, qmp: Qmp, events: { handler?: (event: QmpEvent) => void }) {
    this.#parts = parts;
    this.#qmp = qmp;
    events.handler = (event) => this.#hear(event);
  }

  static async open(parts: MachineParts): Promise<RunningMachine> {
    const events: { handler?: (event: QmpEvent) => void } = {};
    const qmp = await withShortPath(parts.folder, (path) =>
      openQmp(`${path}/${FILES.monitor}`, parts.clock, {
        onEvent: (event) => events.handler?.(event),
        onClose: () => parts.onEnd('failed'),
      }),
    );
    return new RunningMachine(parts, qmp, events);
  }

  /** QEMU's word: `running`, `prelaunch`, `shutdown` … */
  async status(): Promise<string> {
    return String(asObject(await this.#qmp.run('query-status'))?.['status']);
  }

  async isResponsive(): Promise<boolean> {
    return !this.#hasPanicked && (await this.status()) === 'running';
  }

  /** The firmware looks for what it may boot when it is reset; the guest begins. */
  async begin(): Promise<void> {
    await this.#qmp.run('system_reset');
    await this.#qmp.run('cont');
  }

  /** Its processors stand, and all that its guest has written is in the files. */
  async stop(): Promise<void> {
    await this.#qmp.run('stop');
  }

  async pressPower(): Promise<void> {
    await this.#qmp.run('system_powerdown');
  }

  async reset(): Promise<void> {
    await this.#qmp.run('system_reset');
  }

  async attachDisk(disk: MachineDisk, chain: Chain): Promise<void> {
    const { volume } = disk;
    // It was cut off from the guest earlier.
    if ((await this.#present()).has(voidNode(volume))) await this.#dismantle(volume);
    const present = await this.#present();
    if (present.has(voidNode(volume))) {
      throw new MachineError('guest-refuses', `the guest has not let go of the ${volume} that it had`);
    }
    await this.#make(makingsOf(disk, chain), present);
  }

  /** Its device, and the nodes and objects below. */
  async detachDisk(volume: VolumeId, isForced: boolean): Promise<void> {
    const isGone = await this.#removeDevice(volume, isForced);
    if (!isGone) {
      if (!isForced) throw new MachineError('guest-refuses', `the guest does not let go of ${volume}`);
      await this.#cutOff(volume);
    }
    await this.#dismantle(volume);
  }

  async limitDisk(volume: VolumeId, limits: DiskLimits): Promise<void> {
    const path = `/objects/${limitsObject(volume)}`;
    await this.#qmp.run('qom-set', { path, property: 'limits', value: throttle(limits) });
  }

  async resizeDisk(volume: VolumeId, { sizeGiB }: Chain): Promise<void> {
    await this.#qmp.run('block_resize', { 'node-name': await this.#topOf(volume), size: sizeGiB * GIB });
  }

  async switchLayer(volume: VolumeId, { layers }: Chain): Promise<void> {
    const index = layers.length - 1;
    const [layer, top] = [layers[index], await this.#topOf(volume)];
    const overlay = layerNode(volume, index);
    if (layer === undefined || top === overlay) return;
    await this.#make([overlayOf(volume, layer, index)], await this.#present());
    await this.#qmp.run('blockdev-snapshot', { node: top, overlay });
  }

  async attachNic(nic: MachineNic): Promise<void> {
    const netdev = netdevName(nic.interface);
    const device = { driver: 'virtio-net-pci', id: nic.interface, netdev, mac: nic.mac, romfile: '' };
    if ((await this.#present()).has(nic.interface)) return;
    // One that is left of an attempt has no device.
    await this.#qmp.run('netdev_del', { id: netdev }).catch(ignoreQmp);
    await this.#qmp.run('netdev_add', { ...this.#parts.netdevOf(nic), id: netdev });
    await this.#qmp.run('device_add', device);
  }

  async detachNic(nic: string, isForced: boolean): Promise<void> {
    const isGone = await this.#removeDevice(nic, isForced);
    if (!isGone && !isForced) throw new MachineError('guest-refuses', `the guest does not let go of ${nic}`);
    // With its host's end gone, what a guest keeps is a card without a wire.
    await this.#qmp.run('netdev_del', { id: netdevName(nic) }).catch(ignoreQmp);
  }

  async screenshot(): Promise<Buffer> {
    await this.#qmp.run('screendump', { filename: FILES.picture, format: 'png' });
    const picture = await pictureOf(this.#parts.folder);
    if (picture === undefined) throw new MachineError('failed', 'the screen is no picture');
    return picture;
  }

  connect(what: 'screen' | 'serial'): Promise<Duplex> {
    return withShortPath(this.#parts.folder, async (path) => {
      const socket = connectSocket(`${path}/${FILES[what]}`);
      await once(socket, 'connect');
      return socket;
    });
  }

  /** The machine goes on. */
  close(): void {
    this.#qmp.close();
  }

  #hear({ name, data }: QmpEvent): void {
    if (name === 'SHUTDOWN' && data['guest'] === true) this.#parts.onEnd('guest-shutdown');
    if (name === 'GUEST_PANICKED') this.#hasPanicked = true;
    if (name === 'RESET') this.#hasPanicked = false;
    if (name === 'DEVICE_DELETED') this.#awaited.get(String(data['device']))?.();
  }

  /** Names of all that was made by `makingsOf` and its like. */
  async #present(): Promise<Set<string>> {
    const nodes = await this.#qmp.run('query-named-block-nodes', { flat: true });
    const objects = await this.#qmp.run('qom-list', { path: '/objects' });
    const devices = await this.#qmp.run('qom-list', { path: '/machine/peripheral' });
    return new Set([...namesOf(nodes, 'node-name'), ...namesOf(objects, 'name'), ...namesOf(devices, 'name')]);
  }

  async #make(makings: readonly Making[], present: ReadonlySet<string>): Promise<void> {
    for (const { name, command, input } of makings) if (!present.has(name)) await this.#qmp.run(command, input);
  }

  async #topOf(volume: VolumeId): Promise<string> {
    const top = nodesOf(volume, await this.#present()).find(
      (name) => name !== filterNode(volume) && name !== voidNode(volume),
    );
    if (top === undefined) throw new MachineError('failed', `${this.#parts.id} has no ${volume}`);
    return top;
  }

  /** Whether the guest has let go of it. */
  async #removeDevice(device: string, isForced: boolean): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#awaited.set(device, () => resolve(true));
    const limit = this.#parts.clock.after(isForced ? FORCED_WITHIN : LETS_GO_WITHIN, () => resolve(false));
    try {
      if (!(await this.#present()).has(device)) return true;
      // It has been asked before, and says so.
      await this.#qmp.run('device_del', { id: device }).catch(ignoreQmp);
      return await promise;
    } finally {
      limit.cancel();
      this.#awaited.delete(device);
    }
  }

  /** The device stays with the guest and leads nowhere; it goes when the guest is reset or lets go. */
  async #cutOff(volume: VolumeId): Promise<void> {
    await this.#make([emptyNode(volume, GIB)], await this.#present());
    await this.#qmp.run('blockdev-reopen', { options: [filterOver(volume, voidNode(volume))] });
  }

  async #dismantle(volume: VolumeId): Promise<void> {
    const present = await this.#present();
    const isHeld = present.has(volume);
    for (const name of nodesOf(volume, present)) {
      const isKept = isHeld && (name === filterNode(volume) || name === voidNode(volume));
      if (present.has(name) && !isKept) await this.#qmp.run('blockdev-del', { 'node-name': name });
    }
    for (const id of objectsOf(volume)) {
      const isKept = isHeld && id === limitsObject(volume);
      if (present.has(id) && !isKept) await this.#qmp.run('object-del', { id });
    }
  }
}

const netdevName = (nic: string): string => `${nic}.wire`;

const namesOf = (list: unknown, key: string): string[] =>
  Array.isArray(list) ? list.map((item: unknown) => String(asObject(item)?.[key])) : [];

/** What is not there need not be taken away. */
function ignoreQmp(error: unknown): void {
  if (!(error instanceof QmpError)) throw error;
}
