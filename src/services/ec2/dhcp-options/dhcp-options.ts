/** DHCP option sets: what instances of a VPC are told about names and time. A set is never changed; a VPC gets another one. */
import type * as Model from '#platform/model/generated/ec2.ts';
import { parseIp } from '#platform/network/ipv4.ts';
import type { Call } from '#platform/service.ts';
import { deleteTags, setTags } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { AMAZON_DNS } from '#services/ec2/dhcp-options/default-options.ts';
import { type DhcpOptionsRow, dhcpOptions } from '#services/ec2/dhcp-options/state.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';
import { findVpc, owned } from '#services/ec2/vpcs/vpcs.ts';

const MOST_SETS = 100;

interface Option {
  readonly most: number;
  readonly isValid: (value: string) => boolean;
}

const isIp = (value: string): boolean => parseIp(value) !== undefined;
const LEASE = { least: 140, most: 2_147_483_647 };

/** "The following are the individual DHCP options you can specify." */
const OPTIONS: Readonly<Record<string, Option>> = {
  'domain-name': { most: 1, isValid: (value) => /^[A-Za-z0-9. _-]{1,255}$/.test(value) },
  'domain-name-servers': { most: 4, isValid: (value) => value === AMAZON_DNS || isIp(value) },
  'ntp-servers': { most: 8, isValid: (value) => isIp(value) || /^[0-9a-fA-F:]+$/.test(value) },
  'netbios-name-servers': { most: 4, isValid: isIp },
  'netbios-node-type': { most: 1, isValid: (value) => ['1', '2', '4', '8'].includes(value) },
  'ipv6-address-preferred-lease-time': {
    most: 1,
    isValid: (value) => /^\d{1,10}$/.test(value) && Number(value) >= LEASE.least && Number(value) <= LEASE.most,
  },
};

function optionsOf(configurations: readonly Model.NewDhcpConfiguration[]): DhcpOptionsRow['options'] {
  const options: Record<string, readonly string[]> = {};
  for (const { Key: key = '', Values: given = [] } of configurations) {
    const option = (Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined) ?? fail('InvalidParameter', 'Key', key);
    // "To specify multiple domain name servers in a single parameter, separate the IP addresses using commas."
    const values = given.flatMap((value) => (option.most > 1 ? value.split(',') : value)).map((value) => value.trim());
    if (Object.hasOwn(options, key)) fail('InvalidValue', `Duplicate DHCP option ${key}`);
    if (values.length === 0 || values.length > option.most) {
      fail('InvalidParameter', key, values.join(', '), `1 to ${option.most} values are allowed.`);
    }
    for (const value of values) if (!option.isValid(value)) fail('InvalidParameter', key, value);
    options[key] = values;
  }
  if (Object.keys(options).length === 0) fail('MissingParameter', 'dhcpConfiguration');
  return options;
}

export function createDhcpOptions(input: Model.CreateDhcpOptionsRequest, call: Call): Model.CreateDhcpOptionsResult {
  const { tx } = call;
  const options = optionsOf(input.DhcpConfigurations);
  if (dhcpOptions.ids(tx, undefined, MOST_SETS).length >= MOST_SETS) fail('DhcpOptionsLimit');
  const tags = tagsFor('dhcp-options', input);
  const row = { id: newId('dopt'), options };
  dhcpOptions.put(tx, row);
  setTags(tx, resourceArn(call, 'dhcp-options', row.id), tags);
  return { DhcpOptions: shownOptions({ ...row, tags }, call) };
}

/** "The ID of the DHCP options set, or `default` to associate no DHCP options with the VPC." */
const NONE = 'default';

export function associateDhcpOptions(
  { DhcpOptionsId: id, VpcId: vpc }: Model.AssociateDhcpOptionsRequest,
  { tx }: Call,
): void {
  const row = findVpc(tx, vpc);
  if (id !== NONE && dhcpOptions.find(tx, id) === undefined) fail('NoSuchDhcpOptions', id);
  vpcs.put(tx, { ...row, dhcpOptions: id });
}

export function deleteDhcpOptions({ DhcpOptionsId: id }: Model.DeleteDhcpOptionsRequest, call: Call): void {
  const { tx } = call;
  if (dhcpOptions.find(tx, id) === undefined) fail('NoSuchDhcpOptions', id);
  if (vpcs.all(tx).some((vpc) => vpc.dhcpOptions === id)) fail('HasDependencies', 'dhcpOptions', id);
  dhcpOptions.drop(tx, id);
  deleteTags(tx, resourceArn(call, 'dhcp-options', id));
}

type Shown = Tagged<DhcpOptionsRow>;

const FIELDS: Fields<Shown> = {
  'dhcp-options-id': ({ id }) => id,
  key: ({ options }) => Object.keys(options),
  value: ({ options }) => Object.values(options).flat(),
};

export const describeDhcpOptions =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeDhcpOptionsRequest, call: Call): Model.DescribeDhcpOptionsResult => {
    const absent = (id: string): never => fail('NoSuchDhcpOptions', id);
    const noun = { rows: dhcpOptions, type: 'dhcp-options', fields: owned(call, FIELDS), absent } as const;
    const { items, more } = describe(pages, call, noun, input, input.DhcpOptionsIds);
    return { DhcpOptions: items.map((row) => shownOptions(row, call)), ...more };
  };

const shownOptions = ({ id, options, tags }: Shown, { account }: Call): Model.DhcpOptions => ({
  OwnerId: account,
  Tags: shownTags(tags),
  DhcpOptionsId: id,
  DhcpConfigurations: Object.entries(options).map(([Key, values]) => ({
    Key,
    Values: values.map((Value) => ({ Value })),
  })),
});
