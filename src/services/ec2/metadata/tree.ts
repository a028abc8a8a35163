/**
 * What the metadata service tells an instance, as a tree of names ("Instance metadata categories"). A name leads to a text, to further
 * names, or to nothing; a text is made when somebody asks for it.
 */
import type { Tags } from '#platform/tags.ts';
import { privateName } from '#services/ec2/instances/view.ts';
import type { Guest } from '#services/ec2/metadata/guest.ts';
import { openSshOf } from '#services/ec2/metadata/public-keys.ts';
import { ipName, publicName } from '#services/ec2/network-interfaces/dns-names.ts';
import type { NetworkInterfaceRow } from '#services/ec2/network-interfaces/state.ts';

export type Text = string | Uint8Array | undefined;
export type Entry = Directory | (() => Text | Promise<Text>);
export interface Directory {
  readonly [name: string]: Entry;
}

const lines = (...items: readonly string[]): string => items.join('\n');

export const metaData = (guest: Guest): Directory => {
  const { row, primary, region } = guest;
  const ip = primary?.addresses[0]?.ip;
  const publicIp = primary?.addresses[0]?.publicIp;
  const name = () => (ip === undefined ? undefined : privateName({ region }, row, ip));
  const publicHost = () => (publicIp === undefined || !guest.hasHostnames ? '' : publicName(region, publicIp));
  return {
    'ami-id': () => row.image,
    'ami-launch-index': () => String(row.launchIndex),
    'ami-manifest-path': () => '(unknown)',
    'block-device-mapping': deviceMapping(guest),
    events: { maintenance: { history: () => '[]', scheduled: () => '[]' } },
    hibernation: { configured: () => 'false' },
    hostname: name,
    ...(row.profile && { iam: guest.iam }),
    'instance-action': () => 'none',
    'instance-id': () => row.id,
    'instance-life-cycle': () => 'on-demand',
    'instance-type': () => row.type,
    'local-hostname': name,
    'local-ipv4': () => ip,
    mac: () => primary?.mac,
    ...(guest.activeKeys.size > 0 && { 'managed-ssh-keys': { 'active-keys': textsOf(guest.activeKeys) } }),
    network: { interfaces: { macs: macs(guest) } },
    placement: {
      'availability-zone': () => row.zone,
      'availability-zone-id': () => guest.zoneId,
      region: () => region,
    },
    profile: () => 'default-hvm',
    'public-hostname': publicHost,
    ...(publicIp !== undefined && { 'public-ipv4': () => publicIp }),
    ...(guest.key && { 'public-keys': publicKeys(guest.key) }),
    'reservation-id': () => row.reservation,
    'security-groups': () => lines(...guest.groupNames(primary?.groups ?? [])),
    services: { domain: () => 'amazonaws.com', partition: () => 'aws' },
    system: () => 'nitro',
    ...(row.metadata.showsTags && { tags: { instance: tagTexts(guest.tags) } }),
  };
};

/** Values of tags, by their keys: those whose keys can stand in a path are all there are (checked when they are set). */
const tagTexts = (tags: Tags): Directory =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, () => value]));

const textsOf = (texts: ReadonlyMap<string, string>): Directory =>
  Object.fromEntries([...texts].map(([name, text]) => [name, () => text]));

/** `0=my-key` in the list, `0` in paths. */
const publicKeys = (key: Guest['key']): Directory =>
  key === undefined ? {} : { [`0=${key.name}`]: { 'openssh-key': () => openSshOf(key) } };

function deviceMapping({ row, volumes }: Guest): Directory {
  const others = volumes
    .flatMap(({ attachment }) => attachment?.device ?? [])
    .filter((device) => device !== row.rootDevice)
    .map((device, index) => [`ebs${index + 1}`, () => device.replace(/^\/dev\//, '')] as const);
  return { ami: () => row.rootDevice, ...Object.fromEntries(others), root: () => row.rootDevice };
}

const macs = (guest: Guest): Directory =>
  Object.fromEntries(guest.interfaces.map((one) => [one.mac, ofInterface(guest, one)]));

function ofInterface(guest: Guest, one: NetworkInterfaceRow): Directory {
  const { region } = guest;
  const publicIps = one.addresses.flatMap(({ publicIp }) => publicIp ?? []);
  const ips = one.addresses.map(({ ip }) => ip);
  const hosts = guest.hasHostnames ? publicIps.map((ip) => publicName(region, ip)) : [];
  const associations = one.addresses.flatMap(({ publicIp, ip }) =>
    publicIp === undefined ? [] : [[publicIp, () => ip] as const],
  );
  const subnet = guest.subnetCidr(one.subnet);
  return {
    'device-number': () => String(one.attachment?.deviceIndex ?? 0),
    'interface-id': () => one.id,
    ...(associations.length > 0 && { 'ipv4-associations': Object.fromEntries(associations) }),
    'local-hostname': () =>
      one === guest.primary ? privateName({ region }, guest.row, ips[0] ?? '') : ipName(region, ips[0] ?? ''),
    'local-ipv4s': () => lines(...ips),
    mac: () => one.mac,
    'network-card': () => '0',
    'owner-id': () => guest.account,
    ...(publicIps.length > 0 && {
      'public-hostname': () => lines(...hosts),
      'public-ipv4s': () => lines(...publicIps),
    }),
    'security-group-ids': () => lines(...one.groups),
    'security-groups': () => lines(...guest.groupNames(one.groups)),
    'subnet-id': () => one.subnet,
    'subnet-ipv4-cidr-block': () => subnet,
    'vpc-id': () => one.vpc,
    'vpc-ipv4-cidr-block': () => guest.vpcCidrs[0],
    'vpc-ipv4-cidr-blocks': () => lines(...guest.vpcCidrs),
  };
}

export const dynamicData = (guest: Guest): Directory => ({
  fws: { 'instance-monitoring': () => (guest.row.isMonitored ? 'enabled' : 'disabled') },
  'instance-identity': {
    document: () => guest.identity.document,
    pkcs7: () => guest.identity.pkcs7(),
    rsa2048: () => guest.identity.pkcs7(),
    signature: () => guest.identity.signature(),
  },
});

/** The names in a directory; those that lead to further ones end in a slash, but where they stand for themselves (`0=my-key`). */
export const listing = (directory: Directory): string =>
  lines(
    ...Object.entries(directory).map(([name, entry]) =>
      typeof entry === 'function' || name.includes('=') ? name : `${name}/`,
    ),
  );

/** What lies at a path below a directory. */
export function entryAt(directory: Directory, path: readonly string[]): Entry | undefined {
  let entry: Entry | undefined = directory;
  for (const step of path) {
    if (entry === undefined || typeof entry === 'function') return undefined;
    const name: string = Object.hasOwn(entry, step) ? step : numbered(entry, step);
    entry = Object.hasOwn(entry, name) ? entry[name] : undefined;
  }
  return entry;
}

const numbered = (directory: Directory, step: string): string =>
  Object.keys(directory).find((name) => name.startsWith(`${step}=`)) ?? '';
