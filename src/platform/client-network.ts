/** Who asks from where, as far as counting goes: one IPv4 address, or the IPv6 network that an address is of. */
import { parseAddress } from '#platform/policy/ip.ts';

/** Who has one IPv6 address has the other 2^64 of its network too. What is no address stands for itself. */
export function networkOf(address: string): string {
  const bytes = parseAddress(address.replace(/%.*$/, ''));
  if (bytes === undefined) return address;
  if (bytes.length === 4) return bytes.join('.');
  const groups = [0, 2, 4, 6].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return groups.join(':');
}
