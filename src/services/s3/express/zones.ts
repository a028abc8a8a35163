/**
 * Zones and the names of directory buckets, which end in their zone: `base--use1-az4--x-s3` ("Directory bucket naming rules"). A zone's
 * id is made of its region's name, so that a new region has zones at once: `use1` is us-east-1.
 */
import type { Region } from '#platform/base/ids.ts';
import { fail } from '#services/s3/errors.ts';

const DIRECTIONS: Readonly<Record<string, string>> = {
  central: 'c',
  east: 'e',
  north: 'n',
  northeast: 'ne',
  northwest: 'nw',
  south: 's',
  southeast: 'se',
  southwest: 'sw',
  west: 'w',
};
/** No region of AWS has more. */
const MOST_ZONES = 6;

/** `use1-az1` to `use1-az6`. */
export function isZoneOf(region: Region, zone: string): boolean {
  const parts = region.split('-');
  const prefix = parts.map((part) => DIRECTIONS[part] ?? part).join('');
  const number = zone.startsWith(`${prefix}-az`) ? zone.slice(prefix.length + 3) : '';
  return /^[1-9]$/.test(number) && Number(number) <= MOST_ZONES;
}

const FORM = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?--([a-z0-9]+(?:-[a-z0-9]+)*-az\d+)--x-s3$/;
const LONGEST = 63;
const RESERVED_BEGINNINGS = ['xn--', 'sthree-', 'amzn-s3-demo-'];

/** The zone that a new bucket's name says. */
export function zoneOfName(name: string): string {
  const zone = FORM.exec(name)?.[1];
  const isReserved = RESERVED_BEGINNINGS.some((beginning) => name.startsWith(beginning));
  if (zone === undefined || name.length > LONGEST || isReserved) return fail('InvalidBucketName', { about: name });
  return zone;
}
