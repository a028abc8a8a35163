/** Regions and their zones, as the account sees them. All regions of this cloud are on: nobody has to opt in. */
import type {
  DescribeAvailabilityZonesRequest,
  DescribeAvailabilityZonesResult,
  DescribeRegionsRequest,
  DescribeRegionsResult,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { type Zone, zonesOf } from '#services/ec2/regions/zones.ts';

/** Regions that AWS opened before 20 March 2019 are on for everybody; the others are opted in to, as all are here. */
const ALWAYS_ON: ReadonlySet<string> = new Set(
  `us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-north-1
  ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 ap-northeast-2 ap-northeast-3`.split(/\s+/),
);

interface RegionFacts {
  readonly name: string;
  readonly endpoint: string;
  readonly optIn: 'opt-in-not-required' | 'opted-in';
}

const REGION_FIELDS: Fields<RegionFacts> = {
  endpoint: ({ endpoint }) => endpoint,
  'opt-in-status': ({ optIn }) => optIn,
  'region-name': ({ name }) => name,
};

export const describeRegions =
  ({ regions }: Ec2Parts) =>
  ({ RegionNames: names = [], Filters: filters }: DescribeRegionsRequest): DescribeRegionsResult => {
    for (const name of names) if (!regions.includes(name)) fail('InvalidRegion', name);
    const passes = compileFilters(filters, REGION_FIELDS);
    const shown = regions
      .filter((name) => names.length === 0 || names.includes(name))
      .map((name): RegionFacts => {
        const optIn = ALWAYS_ON.has(name) ? 'opt-in-not-required' : 'opted-in';
        return { name, endpoint: `ec2.${name}.amazonaws.com`, optIn };
      })
      .filter(passes);
    return {
      Regions: shown.map(({ name, endpoint, optIn }) => ({
        OptInStatus: optIn,
        RegionName: name,
        Endpoint: endpoint,
      })),
    };
  };

const ZONE_FIELDS: Fields<Zone> = {
  'group-name': ({ group }) => group,
  'group-long-name': () => undefined,
  message: () => undefined,
  'opt-in-status': () => 'opt-in-not-required',
  'parent-zone-id': () => undefined,
  'parent-zone-name': () => undefined,
  'region-name': ({ region }) => region,
  state: () => 'available',
  'zone-id': ({ id }) => id,
  'zone-name': ({ name }) => name,
  'zone-type': () => 'availability-zone',
};

export function describeAvailabilityZones(
  { ZoneNames: names = [], ZoneIds: ids = [], Filters: filters }: DescribeAvailabilityZonesRequest,
  { region }: Call,
): DescribeAvailabilityZonesResult {
  const zones = zonesOf(region);
  for (const name of names) if (!zones.some((zone) => zone.name === name)) fail('InvalidZone', name);
  for (const id of ids) if (!zones.some((zone) => zone.id === id)) fail('InvalidZone', id);
  const passes = compileFilters(filters, ZONE_FIELDS);
  const isNamed = ({ name, id }: Zone): boolean =>
    (names.length === 0 && ids.length === 0) || names.includes(name) || ids.includes(id);
  return {
    AvailabilityZones: zones
      .filter((zone) => isNamed(zone) && passes(zone))
      .map(({ name, id, group }) => ({
        OptInStatus: 'opt-in-not-required',
        Messages: [],
        RegionName: region,
        ZoneName: name,
        ZoneId: id,
        GroupName: group,
        NetworkBorderGroup: region,
        ZoneType: 'availability-zone',
        State: 'available',
      })),
  };
}
