/**
 * Availability zones by region, with the names and ids that AWS's have ("AWS Availability Zones", AWS Regions and Availability Zones
 * User Guide), so that templates which name them work. A name means the same zone for every account. Hosts say which zone they are in.
 */
import type { Region } from '#platform/base/ids.ts';

export interface Zone {
  readonly region: Region;
  /** `us-east-1a` */
  readonly name: string;
  /** `use1-az1` */
  readonly id: string;
  /** `us-east-1-zg-1` */
  readonly group: string;
}

/** What stands for a part of the world, and for a direction, in ids of zones. */
const DIRECTIONS: Readonly<Record<string, string>> = {
  north: 'n',
  south: 's',
  east: 'e',
  west: 'w',
  central: 'c',
  northeast: 'ne',
  southeast: 'se',
};

/** Letters of the names; `abc` where a region is not listed. */
const LETTERS: Readonly<Record<string, string>> = {
  'us-east-1': 'abcdef',
  'us-west-1': 'ac',
  'us-west-2': 'abcd',
  'ap-northeast-1': 'acd',
  'ap-northeast-2': 'abcd',
  'ca-central-1': 'abd',
};

const BEFORE_A = 'a'.charCodeAt(0) - 1;

/** `use1` for us-east-1 */
function shortName(region: Region): string {
  const [area = '', direction = '', number = ''] = region.split('-');
  return area + (DIRECTIONS[direction] ?? direction) + number;
}

export const zonesOf = (region: Region): readonly Zone[] =>
  [...(LETTERS[region] ?? 'abc')].map((letter) => ({
    region,
    name: region + letter,
    id: `${shortName(region)}-az${letter.charCodeAt(0) - BEFORE_A}`,
    group: `${region}-zg-1`,
  }));
