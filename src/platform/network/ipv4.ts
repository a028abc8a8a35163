/**
 * Addresses and blocks of IPv4 as numbers, first address and length of the prefix, so that what overlaps, holds or follows is arithmetic.
 * Host bits of a block are cut off.
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

/** `addressAt('10.0.1.0/24', 1)` is `10.0.1.1`. */
export const addressAt = (cidr: string, offset: number): string => formatIp(blockOf(cidr).first + offset);

export const maskOf = ({ bits }: Block): string => formatIp(2 ** BITS - 2 ** (BITS - bits));

/** Of what has been checked before. */
export function ipOf(text: string): number {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is no address of IPv4`);
  return ip;
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
