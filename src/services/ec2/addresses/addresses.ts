/** Elastic addresses: allocated, given up, described. What they lead to is in associate.ts. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { deleteTags, setTags } from '#platform/tags.ts';
import { disassociated } from '#services/ec2/addresses/associate.ts';
import { addressOfIp, namedAddress } from '#services/ec2/addresses/find-address.ts';
import { meteredAddress } from '#services/ec2/addresses/metering.ts';
import { givePublicIpUp, takeSpare } from '#services/ec2/addresses/public-addresses.ts';
import { type AddressRow, addresses } from '#services/ec2/addresses/state.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { ELASTIC_ADDRESSES } from '#services/ec2/network-limits.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { findDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';

/** How AWS calls the pool that is nobody's own. */
const AMAZONS_POOL = 'amazon';
const POOLS = ['PublicIpv4Pool', 'CustomerOwnedIpv4Pool', 'IpamPoolId'] as const;

export const allocateAddress =
  ({ publicAddresses }: Ec2Parts) =>
  (input: Model.AllocateAddressRequest, call: Call): Model.AllocateAddressResult => {
    const { tx, region } = call;
    const pool = POOLS.find((name) => input[name] !== undefined && input[name] !== AMAZONS_POOL);
    if (pool !== undefined)
      fail('UnsupportedOperation', `${pool} is not supported: there is one pool of addresses here.`);
    if (input.Domain === 'standard') fail('InvalidParameter', 'domain', 'standard', 'EC2-Classic was retired.');
    const { NetworkBorderGroup: group = region, Address: asked } = input;
    if (group !== region) fail('InvalidParameter', 'networkBorderGroup', group);
    const most = call.quota(ELASTIC_ADDRESSES);
    if (addresses.ids(tx, undefined, most).length >= most) fail('AddressLimit');
    const tags = tagsFor('elastic-ip', input);
    if (asked !== undefined && !takeSpare(tx, asked)) fail('NoSuchAddress', asked);
    const publicIp = asked ?? publicAddresses.take(tx);
    const id = newId('eipalloc');
    addresses.put(tx, { id, publicIp, allocatedAt: call.now, meteredUntil: call.now });
    setTags(tx, resourceArn(call, 'elastic-ip', id), tags);
    return {
      AllocationId: id,
      PublicIp: publicIp,
      PublicIpv4Pool: AMAZONS_POOL,
      NetworkBorderGroup: region,
      Domain: 'vpc',
    };
  };

export function releaseAddress(input: Model.ReleaseAddressRequest, call: Call): void {
  const { tx, region, now } = call;
  const row = namedAddress(tx, input);
  const { NetworkBorderGroup: group = region } = input;
  if (group !== region) fail('NoSuchAddress', row.publicIp);
  if (row.association !== undefined) {
    // "[Nondefault VPC] You must disassociate the Elastic IP address before you can release it."
    const vpc = networkInterfaces.find(tx, row.association.interface)?.vpc;
    if (vpc !== findDefaultVpc(tx)?.id) fail('AddressInUse', row.publicIp);
  }
  meteredAddress(tx, disassociated(tx, row, now), now);
  addresses.drop(tx, row.id);
  givePublicIpUp(tx, row.publicIp, now);
  deleteTags(tx, resourceArn(call, 'elastic-ip', row.id));
}

type Shown = Tagged<AddressRow>;
type OfInterface = (row: NetworkInterfaceRow) => string | undefined;

function fieldsFor({ tx, account, region }: Call): Fields<Shown> {
  const ofInterface =
    (read: OfInterface) =>
    ({ association }: Shown): string | undefined => {
      const row = association && networkInterfaces.find(tx, association.interface);
      return row && read(row);
    };
  return {
    'allocation-id': ({ id }) => id,
    'association-id': ({ association }) => association?.id,
    'instance-id': ofInterface(({ attachment }) => attachment?.instance),
    'network-border-group': () => region,
    'network-interface-id': ({ association }) => association?.interface,
    'network-interface-owner-id': ofInterface(() => account),
    'private-ip-address': ({ association }) => association?.privateIp,
    'public-ip': ({ publicIp }) => publicIp,
    // Not documented any more, and asked for by many.
    domain: () => 'vpc',
  };
}

export const describeAddresses =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeAddressesRequest, call: Call): Model.DescribeAddressesResult => {
    const { tx } = call;
    const ids = (input.PublicIps ?? []).map((ip) => (addressOfIp(tx, ip) ?? fail('NoSuchAddress', ip)).id);
    const absent = (id: string): never => fail('NoSuchAllocation', id);
    const noun = { rows: addresses, type: 'elastic-ip', fields: fieldsFor(call), absent } as const;
    const all = { ...(input.Filters && { Filters: input.Filters }) };
    const { items } = describe(pages, call, noun, all, [...(input.AllocationIds ?? []), ...ids]);
    return { Addresses: items.map((row) => shownAddress(row, call)) };
  };

function shownAddress({ id, publicIp, association, tags }: Shown, { tx, account, region }: Call): Model.Address {
  const through = association && networkInterfaces.find(tx, association.interface);
  return {
    AllocationId: id,
    PublicIp: publicIp,
    Domain: 'vpc',
    PublicIpv4Pool: AMAZONS_POOL,
    NetworkBorderGroup: region,
    Tags: shownTags(tags),
    ...(association && {
      AssociationId: association.id,
      NetworkInterfaceId: association.interface,
      NetworkInterfaceOwnerId: account,
      PrivateIpAddress: association.privateIp,
    }),
    ...(through && { SubnetId: through.subnet }),
    ...(through?.attachment && { InstanceId: through.attachment.instance }),
  };
}

/** The one attribute is a reverse name, which nobody can set here (not-implemented.ts): no address has one. */
export const describeAddressesAttribute =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeAddressesAttributeRequest, call: Call): Model.DescribeAddressesAttributeResult => {
    const { tx } = call;
    const { AllocationIds: ids = [] } = input;
    for (const id of ids) if (addresses.find(tx, id) === undefined) fail('NoSuchAllocation', id);
    const { items, more } = pageOf(pages, call, input, ids, function* (position) {
      for (const row of addresses.all(tx)) {
        const isLater = position === undefined || row.id > position;
        if (isLater && (ids.length === 0 || ids.includes(row.id))) yield { item: row, position: row.id };
      }
    });
    return { Addresses: items.map(({ id, publicIp }) => ({ AllocationId: id, PublicIp: publicIp })), ...more };
  };
