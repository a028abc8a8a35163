/**
 * Blocks of addresses. IPv4's are numbers, first address and length of the prefix, so that what overlaps, holds or follows is arithmetic;
 * of IPv6 only the text counts so far, in the form of RFC 5952. EC2 takes a block whose host bits are set, and cuts them off
 * ("if you specify 100.68.0.18/18, we modify it to 100.68.0.0/18").
 */
import { parseAddress, parseRange } from '#platform/policy/ip.ts';

export interface Block {
  /** The first address, as a number. */
  readonly first: number;
  /** 0 to 32 */
  readonly bits: number;
}

const BITS = 32;

export const sizeOf = ({ bits }: Block): number => 2 ** (BITS - bits);
export const lastOf = (block: Block): number => block.first + sizeOf(block) - 1;

const numberOf = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);

/** Undefined: it is none, or has no prefix length, or is one of IPv6. */
export function parseBlock(text: string): Block | undefined {
  const range = text.includes('/') && !text.includes(':') ? parseRange(text) : undefined;
  if (range === undefined) return undefined;
  const size = 2 ** (BITS - range.bits);
  return { first: Math.floor(numberOf(range.bytes) / size) * size, bits: range.bits };
}

/** Of what has been checked before: a row's. */
export function blockOf(text: string): Block {
  const block = parseBlock(text);
  if (block === undefined) throw new Error(`${text} is no block of addresses`);
  return block;
}

export function parseIp(text: string): number | undefined {
  const bytes = text.includes(':') ? undefined : parseAddress(text);
  return bytes && numberOf(bytes);
}

export const formatIp = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

export const formatBlock = ({ first, bits }: Block): string => `${formatIp(first)}/${bits}`;

export const isInBlock = (block: Block, address: number): boolean => address >= block.first && address <= lastOf(block);

export const contains = (outer: Block, inner: Block): boolean =>
  outer.bits <= inner.bits && isInBlock(outer, inner.first);

/** Blocks are nested or apart. */
export const overlaps = (one: Block, other: Block): boolean => contains(one, other) || contains(other, one);

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
