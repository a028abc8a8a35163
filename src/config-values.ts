/** What values of options look like in text, and what is said of those that don't. */
import { isIPv4 } from 'node:net';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { type NodeAddress, parseNodeAddress } from '#platform/cluster/address.ts';
import { parseStoreAddress, type StoreAddress, StoreAddressError } from '#platform/store/store-address.ts';

export class ConfigError extends Error {
  override name = 'ConfigError';
}

export const refuse = (problem: string): never => {
  throw new ConfigError(problem);
};

const whole =
  (least: number, most: number, what: (given: string) => string) =>
  (text: string): number => {
    const number = Number(text);
    const isWithin = /^\d{1,6}$/.test(text) && number >= least && number <= most;
    return isWithin ? number : refuse(what(text));
  };
export const port = whole(0, 65_535, (given) => `a port is a number from 0 to 65535, not "${given}"`);
export const secondsOfDay = whole(1, 86_400, (given) => `a day takes from 1 to 86400 seconds, not "${given}"`);
export const threads = whole(0, 8, (given) => `expected a number of threads from 0 to 8, not "${given}"`);
export const mebibytes = whole(1, 999_999, (given) => `expected MiB from 1 to 999999, not "${given}"`);
export const path = (text: string): string => (text === '' ? refuse('a path must not be empty') : absolute(text));
export const list = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
const DOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
export const domains = (text: string): readonly string[] =>
  list(text).map((name) => (DOMAIN.test(name) ? name : refuse(`"${name}" is no host name`)));
export const flag = (text: string): boolean => {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  return /^(false|0|no|off)$/i.test(text) ? false : refuse(`expected true or false, not "${text}"`);
};
export const oneOf =
  (...choices: readonly string[]) =>
  (text: string): string =>
    choices.includes(text) ? text : refuse(`expected one of ${choices.join(', ')}, not "${text}"`);
export const networks = (text: string): readonly string[] => {
  const named = list(text);
  const unknown = named.find((name) => !['loopback', 'private', 'none'].includes(name));
  return unknown === undefined ? named : refuse(`expected loopback, private or none, not "${unknown}"`);
};
export function addressed<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof StoreAddressError ? new ConfigError(error.message) : error;
  }
}
export const storeAddress = (text: string): StoreAddress => addressed(() => parseStoreAddress(text));
export const nodeAddress = (text: string): NodeAddress =>
  parseNodeAddress(text) ?? refuse(`expected HOST:PORT, as 10.0.0.1:4570, not "${text}"`);
export const region = (text: string): string =>
  /^[a-z]{2}(-[a-z]+)+-\d+$/.test(text) ? text : refuse(`"${text}" is not the name of a region`);

export const overcommit = (text: string): readonly number[] => {
  const [vcpus = 0, memory = 1, ...more] = list(text).map(Number);
  const isFair = [vcpus, memory].every((factor) => factor >= 0.1 && factor <= 64) && more.length === 0;
  return isFair ? [vcpus, memory] : refuse(`expected one or two factors from 0.1 to 64, not "${text}"`);
};
export const publicAddresses = (text: string): string => {
  const [address = '', bits = ''] = text.split('/');
  const isBlock = isIPv4(address) && /^\d+$/.test(bits) && Number(bits) >= 8 && Number(bits) <= 30;
  return isBlock ? text : refuse(`expected a block of IPv4 addresses, as 203.0.113.0/24, not "${text}"`);
};

export const absolute = (text: string): string => {
  const expanded = text.startsWith('~/') ? join(homedir(), text.slice(2)) : text;
  return isAbsolute(expanded) ? expanded : resolve(expanded);
};
