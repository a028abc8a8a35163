/**
 * Blocks of IPv6: so far only their text counts, in the form of RFC 5952. As with IPv4, EC2 takes a block whose host bits are set, and
 * cuts them off ("if you specify 100.68.0.18/18, we modify it to 100.68.0.0/18").
 */
import { parseRange } from '#platform/policy/ip.ts';

/** `2001:db8::/32` for any way to write it; undefined: it is no block of IPv6. */
export function canonicalIpv6Block(text: string): string | undefined {
  const range = text.includes(':') && text.includes('/') ? parseRange(text) : undefined;
  if (range === undefined || range.bytes.length !== 16) return undefined;
  const bytes = range.bytes.map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, range.bits - at * 8))));
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0));
  return `${compressed(groups)}/${range.bits}`;
}

/** The first of the longest runs of two zero groups or more becomes `::`. */
function compressed(groups: readonly number[]): string {
  let longest = { from: 0, length: 1 };
  for (let from = 0; from < groups.length; from++) {
    let length = 0;
    while (groups[from + length] === 0) length++;
    if (length > longest.length) longest = { from, length };
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (longest.length < 2) return text(groups);
  return `${text(groups.slice(0, longest.from))}::${text(groups.slice(longest.from + longest.length))}`;
}
