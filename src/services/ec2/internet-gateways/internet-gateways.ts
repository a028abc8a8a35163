/** Internet gateways: with one attached, a VPC's public addresses are reached, and reach out. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, setTags } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { type InternetGatewayRow, internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { INTERNET_GATEWAYS } from '#services/ec2/network-limits.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { findVpc, owned } from '#services/ec2/vpcs/vpcs.ts';

const findGateway = (tx: ReadTransaction, id: string): InternetGatewayRow =>
  internetGateways.find(tx, id) ?? fail('NoSuchInternetGateway', id);

export function createInternetGateway(
  input: Model.CreateInternetGatewayRequest,
  call: Call,
): Model.CreateInternetGatewayResult {
  const { tx } = call;
  const most = call.quota(INTERNET_GATEWAYS);
  if (internetGateways.ids(tx, undefined, most).length >= most) fail('InternetGatewayLimit');
  const tags = tagsFor('internet-gateway', input);
  const row = { id: newId('igw') };
  internetGateways.put(tx, row);
  setTags(tx, resourceArn(call, 'internet-gateway', row.id), tags);
  return { InternetGateway: shownGateway({ ...row, tags }, call) };
}

export function attachInternetGateway(
  { InternetGatewayId: id, VpcId: vpc }: Model.AttachInternetGatewayRequest,
  { tx }: Call,
): void {
  const row = findGateway(tx, id);
  findVpc(tx, vpc);
  if (row.vpc !== undefined) fail('AlreadyAssociated', `resource ${id} is already attached to network ${row.vpc}`);
  if (internetGateways.all(tx).some((other) => other.vpc === vpc)) {
    fail('InvalidValue', `Network ${vpc} already has an internet gateway attached`);
  }
  internetGateways.put(tx, { ...row, vpc });
}

export function detachInternetGateway(
  { InternetGatewayId: id, VpcId: vpc }: Model.DetachInternetGatewayRequest,
  { tx }: Call,
): void {
  const row = findGateway(tx, id);
  findVpc(tx, vpc);
  if (row.vpc !== vpc) fail('NotAttached', id, vpc);
  const isReached = networkInterfaces
    .all(tx)
    .some((each) => each.vpc === vpc && each.addresses.some(({ publicIp }) => publicIp !== undefined));
  if (isReached) {
    fail(
      'DependencyViolation',
      `Network ${vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    );
  }
  internetGateways.put(tx, { id });
}

export function deleteInternetGateway({ InternetGatewayId: id }: Model.DeleteInternetGatewayRequest, call: Call): void {
  const row = findGateway(call.tx, id);
  if (row.vpc !== undefined) fail('HasDependencies', 'internetGateway', id);
  internetGateways.drop(call.tx, id);
  deleteTags(call.tx, resourceArn(call, 'internet-gateway', id));
}

type Shown = Tagged<InternetGatewayRow>;

const FIELDS: Fields<Shown> = {
  'attachment.state': ({ vpc }) => vpc && 'available',
  'attachment.vpc-id': ({ vpc }) => vpc,
  'internet-gateway-id': ({ id }) => id,
};

export const describeInternetGateways =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeInternetGatewaysRequest, call: Call): Model.DescribeInternetGatewaysResult => {
    const absent = (id: string): never => fail('NoSuchInternetGateway', id);
    const noun = { rows: internetGateways, type: 'internet-gateway', fields: owned(call, FIELDS), absent } as const;
    const { items, more } = describe(pages, call, noun, input, input.InternetGatewayIds);
    return { InternetGateways: items.map((row) => shownGateway(row, call)), ...more };
  };

const shownGateway = ({ id, vpc, tags }: Shown, { account }: Call): Model.InternetGateway => ({
  // `available` is what AWS answers, though the model's list has no such state.
  Attachments: vpc === undefined ? [] : [{ State: 'available' as 'attached', VpcId: vpc }],
  InternetGatewayId: id,
  OwnerId: account,
  Tags: shownTags(tags),
});
