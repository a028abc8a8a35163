/** Network interfaces of their own: made, deleted, described. What happens to them in an instance's life is in lifecycle.ts. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { describe } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import { findInterface } from '#services/ec2/network-interfaces/find-interface.ts';
import { createInterface, deleteInterface } from '#services/ec2/network-interfaces/lifecycle.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { interfaceFields, shownInterface } from '#services/ec2/network-interfaces/view.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { tagsFor } from '#services/ec2/tags/tag-specifications.ts';

/** No instance type takes more. */
const MOST_ADDRESSES = 50;

const UNSUPPORTED = [
  'Ipv4Prefixes',
  'Ipv4PrefixCount',
  'Ipv6Prefixes',
  'Ipv6PrefixCount',
  'Ipv6Addresses',
  'Ipv6AddressCount',
] as const;

/** What of an interface's addresses is asked for, here and by AssignPrivateIpAddresses and RunInstances. */
export function refusePrefixes(input: Partial<Record<(typeof UNSUPPORTED)[number], unknown>>): void {
  const isAsked = (value: unknown): boolean =>
    Array.isArray(value) ? value.length > 0 : value !== undefined && value !== 0;
  const asked = UNSUPPORTED.find((name) => isAsked(input[name]));
  if (asked !== undefined)
    fail('UnsupportedOperation', `${asked} is not supported: there are no IPv6 and no prefixes here.`);
}

interface AskedAddresses {
  readonly PrivateIpAddress?: string;
  readonly PrivateIpAddresses?: readonly Model.PrivateIpAddressSpecification[];
  readonly SecondaryPrivateIpAddressCount?: number;
}

/** The primary address first; undefined in front of others: any. */
function askedAddresses(input: AskedAddresses): { privateIps: readonly string[]; addressCount: number } {
  const { PrivateIpAddress: single, PrivateIpAddresses: listed = [], SecondaryPrivateIpAddressCount: more = 0 } = input;
  const primaries = listed.filter(({ Primary }) => Primary === true);
  if (primaries.length + (single === undefined ? 0 : 1) > 1) {
    fail('InvalidCombination', 'Only one primary private IP address can be specified.');
  }
  if (more > 0 && listed.length > 1) {
    fail(
      'InvalidCombination',
      'secondaryPrivateIpAddressCount may not be used with more than one of privateIpAddresses.',
    );
  }
  if (more < 0) fail('InvalidParameter', 'secondaryPrivateIpAddressCount', String(more));
  const ipsOf = (specifications: readonly Model.PrivateIpAddressSpecification[]): string[] =>
    specifications.map(({ PrivateIpAddress: ip }) => ip ?? fail('MissingParameter', 'privateIpAddress'));
  const secondary = ipsOf(listed.filter(({ Primary }) => Primary !== true));
  const primary = single === undefined ? ipsOf(primaries) : [single];
  if (primary.length === 0 && secondary.length > 0) {
    fail('InvalidValue', 'A primary private IP address must be specified with the secondary ones.');
  }
  const privateIps = [...primary, ...secondary];
  const addressCount = Math.max(1, privateIps.length) + more;
  if (addressCount > MOST_ADDRESSES) fail('PrivateAddressLimit');
  return { privateIps, addressCount };
}

export function createNetworkInterface(
  input: Model.CreateNetworkInterfaceRequest,
  call: Call,
): Model.CreateNetworkInterfaceResult {
  const { tx } = call;
  refusePrefixes(input);
  if (input.InterfaceType !== undefined) {
    fail('UnsupportedOperation', `Interfaces of the type ${input.InterfaceType} are not supported.`);
  }
  const tags = tagsFor('network-interface', input);
  const row = createInterface(tx, call, {
    subnet: input.SubnetId,
    ...(input.Groups && { groups: input.Groups }),
    ...askedAddresses(input),
    description: checkedDescription(input.Description ?? ''),
    tags,
  });
  return {
    NetworkInterface: shownInterface({ ...row, tags }, call),
    ...(input.ClientToken !== undefined && { ClientToken: input.ClientToken }),
  };
}

const MOST_LETTERS = 255;

export function checkedDescription(text: string): string {
  if (text.length > MOST_LETTERS) fail('InvalidParameter', 'description', text, `At most ${MOST_LETTERS} characters.`);
  return text;
}

export function deleteNetworkInterface(input: Model.DeleteNetworkInterfaceRequest, call: Call): void {
  const row = findInterface(call.tx, input.NetworkInterfaceId);
  if (row.manager !== undefined) fail('InterfaceInUse', row.id);
  deleteInterface(call.tx, call, row);
}

export const describeNetworkInterfaces =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeNetworkInterfacesRequest, call: Call): Model.DescribeNetworkInterfacesResult => {
    const absent = (id: string): never => fail('NoSuchInterface', id);
    const noun = { rows: networkInterfaces, type: 'network-interface', fields: interfaceFields(call), absent } as const;
    const { items, more } = describe(pages, call, noun, input, input.NetworkInterfaceIds);
    return { NetworkInterfaces: items.map((row) => shownInterface(row, call)), ...more };
  };
