/**
 * This machine as a host of EC2's: its drivers, joined. With root (hostd's hands) machines have users and networks of their own; without,
 * they run as the present user behind QEMU's user-mode networks. Opened when somebody first uses EC2: who never does pays nothing.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Clock } from '#platform/base/clock.ts';
import type { Host } from '#platform/compute/host.ts';
import { RecipeBuilder } from '#platform/compute/images/builder.ts';
import { debian } from '#platform/compute/images/debian/debian.ts';
import { micro } from '#platform/compute/images/micro/micro.ts';
import { type Accelerator, type ProbeResult, probe } from '#platform/compute/kvm-probe.ts';
import { installCommand, missingPrograms, NEEDED_PROGRAMS } from '#platform/compute/needed-programs.ts';
import type { Chain } from '#platform/compute/qemu/disk-graph.ts';
import { type MachineHands, machineHands } from '#platform/compute/qemu/hands.ts';
import { openQemuMachines, type QemuOptions } from '#platform/compute/qemu/machines.ts';
import type { VolumeId } from '#platform/compute/volume.ts';
import { chainOf } from '#platform/compute/volumes/qemu/records.ts';
import { QemuVolumes } from '#platform/compute/volumes/qemu/volumes.ts';
import type { NetworkHands } from '#platform/network/linux/hands.ts';
import { tapOf } from '#platform/network/linux/names.ts';
import { LinuxNetworks } from '#platform/network/linux/networks.ts';
import type { Networks } from '#platform/network/network.ts';
import { UserNetworks } from '#platform/network/user/networks.ts';

/** What a process that holds root does for this one. */
export interface Privileged {
  readonly machines: MachineHands;
  readonly networks: NetworkHands;
  readonly probe: () => Promise<ProbeResult>;
}

export interface OpenHostOptions {
  /** Below the data folder; see computeFolders. */
  readonly folders: ComputeFolders;
  readonly privileged: Privileged | undefined;
  readonly publicCidr: string;
  readonly overcommit: NonNullable<Host['overcommit']>;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

export interface ComputeFolders {
  readonly machines: string;
  readonly volumes: string;
  readonly layers: string;
  readonly images: string;
}

/** A host, or why there is none. */
export type Opened = { readonly host: Host } | { readonly lacks: string };

const NO_KVM = 'there is no /dev/kvm: machines are emulated, some ten times slower';

export async function openHost(options: OpenHostOptions): Promise<Opened> {
  const { folders, privileged, overcommit, clock } = options;
  if (process.platform !== 'linux') return { lacks: 'machines need Linux' };
  const missing = missingPrograms(NEEDED_PROGRAMS.filter(({ takesRoot }) => !takesRoot || privileged !== undefined));
  if (missing.length > 0) return { lacks: `machines need more programs: ${installCommand(missing)}` };
  mkdirSync(folders.images, { recursive: true, mode: 0o700 });
  if (privileged === undefined) mkdirSync(folders.machines, { recursive: true, mode: 0o700 });
  const volumes = await QemuVolumes.open(folders.volumes);
  const { accelerator, lacks } = await acceleratorOf(privileged);
  const { networks, netdevOf } = networksOf(options);
  const hands =
    privileged?.machines ?? machineHands({ folders: handsFolders(folders), namespaceOf: () => '', tag: '', clock });
  const machines = await openQemuMachines({
    ...options,
    accelerator,
    folder: folders.machines,
    hands,
    chainOf: (volume) => chainIn(folders.volumes, volume),
    netdevOf,
  });
  const images = await RecipeBuilder.open({ folder: folders.images, recipes: [micro, debian], store: volumes, clock });
  const close = async (): Promise<void> => {
    await images.close();
    await machines.close();
    await networks.close();
  };
  return { host: { machines, volumes, images, networks, overcommit, lacks: [...lacks, ...networks.lacks], close } };
}

const handsFolders = ({ machines, layers, images }: ComputeFolders) => ({ machines, layers, kernels: images });

interface Wired {
  readonly networks: Networks;
  readonly netdevOf: QemuOptions['netdevOf'];
}

function networksOf({ privileged, publicCidr, clock }: OpenHostOptions): Wired {
  if (privileged === undefined) {
    const networks = new UserNetworks();
    return { networks, netdevOf: ({ interface: id }) => networks.netdevOf(id) };
  }
  const networks = new LinuxNetworks({ hands: privileged.networks, publicCidr, clock, resolvers });
  const tap = { type: 'tap', script: 'no', downscript: 'no' };
  return { networks, netdevOf: ({ interface: id }) => ({ ...tap, ifname: tapOf(id) }) };
}

async function acceleratorOf(
  privileged: Privileged | undefined,
): Promise<{ accelerator: Accelerator; lacks: string[] }> {
  if (!existsSync('/dev/kvm')) return { accelerator: 'tcg', lacks: [NO_KVM] };
  const tried = await (privileged?.probe() ?? probe('kvm'));
  if (tried.runs) return { accelerator: 'kvm', lacks: [] };
  return {
    accelerator: 'tcg',
    lacks: [`KVM runs no machines here (${tried.reason}): they are emulated, some ten times slower`],
  };
}

/** Layers from the lowest on, by their names in the folder of all. */
function chainIn(folder: string, volume: VolumeId): Chain {
  const { sizeGiB, layers } = chainOf(folder, volume);
  return {
    sizeGiB,
    layers: layers.toReversed().map(({ path, isEncrypted }) => ({ file: basename(path), isEncrypted })),
  };
}

/** As the C library reads it; of this host, for names that are nobody's here. */
function resolvers(): string[] {
  const file = '/etc/resolv.conf';
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines.flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
}
