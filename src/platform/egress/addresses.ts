/**
 * Where an address lies, as far as a call to the outside is concerned. Whoever names a URL that we fetch (an identity provider, a
 * webhook) chooses where this machine connects to; what only this machine or its network can reach must not be within that reach.
 * IPv4 inside IPv6 (mapped, 6to4, NAT64) counts as the IPv4 address that it leads to.
 */
import { contains, parseAddress, parseRange } from '#platform/policy/ip.ts';

/** `never`: not even an operator's option opens it. */
export type Reach = 'public' | 'private' | 'loopback' | 'never';

/** IANA's special-purpose registries; the first range that holds an address decides. */
const RANGES: readonly (readonly [reach: Reach, ranges: readonly string[]])[] = [
  ['loopback', ['127.0.0.0/8', '::1']],
  // Metadata services of clouds, where they are not link-local: AWS over IPv6, Oracle, Alibaba.
  ['never', ['fd00:ec2::254', '192.0.0.0/24', '100.100.100.200']],
  // "This host", link-local (with 169.254.169.254), multicast, reserved and broadcast.
  ['never', ['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', '::', 'fe80::/10', 'fec0::/10', 'ff00::/8']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15', 'fc00::/7']],
  // Into the private network by a translator of its own, and by tunnels: what they lead to can't be told from the address.
  ['never', ['64:ff9b:1::/48', '2001::/32']],
];

const TABLE = RANGES.flatMap(([reach, texts]) =>
  // Each is a range: they stand above.
  texts.map((text) => ({ reach, range: parseRange(text) as NonNullable<ReturnType<typeof parseRange>> })),
);

/** Undefined for what is no address (one with a zone, say). */
export function reachOf(address: string): Reach | undefined {
  const bytes = parseAddress(address);
  if (bytes === undefined) return undefined;
  const actual = bytes.length === 16 ? (embeddedV4(bytes) ?? bytes) : bytes;
  return TABLE.find(({ range }) => contains(range, actual))?.reach ?? 'public';
}

/** 64:ff9b::/96 (NAT64), 2002::/16 (6to4), ::/96 (IPv4-compatible, but for :: and ::1). */
function embeddedV4(bytes: readonly number[]): readonly number[] | undefined {
  const startsWith = (...head: number[]): boolean => head.every((byte, at) => bytes[at] === byte);
  if (startsWith(0x20, 0x02)) return bytes.slice(2, 6);
  if (startsWith(0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0)) return bytes.slice(12);
  const isCompatible = startsWith(...new Array<number>(12).fill(0)) && bytes.slice(12, 15).some((byte) => byte !== 0);
  return isCompatible ? bytes.slice(12) : undefined;
}
