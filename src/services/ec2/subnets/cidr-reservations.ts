/**
 * Parts of a subnet that addresses are not handed out from by themselves ("Subnet CIDR reservations"). Those of an `explicit` reservation
 * are had by who names them; those of a `prefix` one are kept for prefixes, which interfaces can't have yet.
 */
import type * as Model from '#platform/model/generated/ec2.ts';
import { blockOf, contains, formatBlock, overlaps, parseBlock } from '#platform/network/ipv4.ts';
import type { Call } from '#platform/service.ts';
import { deleteTags, setTags } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { type CidrReservationRow, cidrReservations, reservationsIn } from '#services/ec2/subnets/state.ts';
import { findSubnet } from '#services/ec2/subnets/subnets.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';

export function createSubnetCidrReservation(
  input: Model.CreateSubnetCidrReservationRequest,
  call: Call,
): Model.CreateSubnetCidrReservationResult {
  const { tx } = call;
  const subnet = findSubnet(tx, input.SubnetId);
  const block = parseBlock(input.Cidr) ?? fail('NoCidr', input.Cidr);
  const cidr = formatBlock(block);
  if (!contains(blockOf(subnet.cidr), block)) fail('ReservationOutside', cidr, subnet.id);
  const others = reservationsIn(tx, subnet.id);
  if (others.some((other) => overlaps(blockOf(other.cidr), block))) fail('ReservationConflict', cidr);
  const tags = tagsFor('subnet-cidr-reservation', input);
  const row: CidrReservationRow = {
    id: newId('scr'),
    subnet: subnet.id,
    cidr,
    type: input.ReservationType,
    ...(input.Description !== undefined && { description: input.Description }),
  };
  cidrReservations.put(tx, row);
  setTags(tx, resourceArn(call, 'subnet-cidr-reservation', row.id), tags);
  return { SubnetCidrReservation: shownReservation({ ...row, tags }, call) };
}

export function deleteSubnetCidrReservation(
  { SubnetCidrReservationId: id }: Model.DeleteSubnetCidrReservationRequest,
  call: Call,
): Model.DeleteSubnetCidrReservationResult {
  const row = cidrReservations.find(call.tx, id) ?? fail('NoSuchReservation', id);
  cidrReservations.drop(call.tx, id);
  deleteTags(call.tx, resourceArn(call, 'subnet-cidr-reservation', id));
  return { DeletedSubnetCidrReservation: shownReservation({ ...row, tags: {} }, call) };
}

const FIELDS: Fields<Tagged<CidrReservationRow>> = {
  reservationType: ({ type }) => type,
  'subnet-id': ({ subnet }) => subnet,
};

export const getSubnetCidrReservations =
  ({ pages }: Ec2Parts) =>
  (input: Model.GetSubnetCidrReservationsRequest, call: Call): Model.GetSubnetCidrReservationsResult => {
    const subnet = findSubnet(call.tx, input.SubnetId).id;
    const rows = { find: cidrReservations.find, all: (tx: Call['tx']) => reservationsIn(tx, subnet) };
    const absent = (id: string): never => fail('NoSuchReservation', id);
    const noun = { rows, type: 'subnet-cidr-reservation', fields: FIELDS, absent } as const;
    const { items, more } = describe(pages, call, noun, input);
    const shown = items.map((row) => shownReservation(row, call));
    return { SubnetIpv4CidrReservations: shown, SubnetIpv6CidrReservations: [], ...more };
  };

const shownReservation = (row: Tagged<CidrReservationRow>, { account }: Call): Model.SubnetCidrReservation => ({
  SubnetCidrReservationId: row.id,
  SubnetId: row.subnet,
  Cidr: row.cidr,
  ReservationType: row.type,
  OwnerId: account,
  ...(row.description !== undefined && { Description: row.description }),
  Tags: shownTags(row.tags),
});
