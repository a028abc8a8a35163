/** Network ACLs, as the API shows them: those that VPCs come with (default-acls.ts). */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import { type DefaultAcl, defaultAcls, sameDigits } from '#services/ec2/network-acls/default-acls.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { shownFields } from '#services/ec2/shown-fields.ts';
import { subnets } from '#services/ec2/subnets/state.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';

/** Filters, by the member of the answer that each is about. */
const PATHS = {
  'association.association-id': 'Associations.NetworkAclAssociationId',
  'association.network-acl-id': 'Associations.NetworkAclId',
  'association.subnet-id': 'Associations.SubnetId',
  default: 'IsDefault',
  'entry.cidr': 'Entries.CidrBlock',
  'entry.icmp.code': 'Entries.IcmpTypeCode.Code',
  'entry.icmp.type': 'Entries.IcmpTypeCode.Type',
  'entry.ipv6-cidr': 'Entries.Ipv6CidrBlock',
  'entry.port-range.from': 'Entries.PortRange.From',
  'entry.port-range.to': 'Entries.PortRange.To',
  'entry.protocol': 'Entries.Protocol',
  'entry.rule-action': 'Entries.RuleAction',
  'entry.egress': 'Entries.Egress',
  'entry.rule-number': 'Entries.RuleNumber',
  'network-acl-id': 'NetworkAclId',
  'owner-id': 'OwnerId',
  'vpc-id': 'VpcId',
} as const;

export const describeNetworkAcls =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeNetworkAclsRequest, call: Call): Model.DescribeNetworkAclsResult => {
    const fields = shownFields((row: Tagged<DefaultAcl>) => shownAcl(row, call), PATHS);
    const absent = (id: string): never => fail('NoSuchNetworkAcl', id);
    const noun = { rows: defaultAcls, type: 'network-acl', fields, absent } as const;
    const { items, more } = describe(pages, call, noun, input, input.NetworkAclIds);
    return { NetworkAcls: items.map((row) => shownAcl(row, call)), ...more };
  };

/** "The default network ACL is configured to allow all traffic … a rule whose rule number is an asterisk" denies the rest. */
const ENTRIES: readonly Model.NetworkAclEntry[] = [true, false].flatMap((Egress) => [
  { CidrBlock: '0.0.0.0/0', Egress, Protocol: '-1', RuleAction: 'allow' as const, RuleNumber: 100 },
  { CidrBlock: '0.0.0.0/0', Egress, Protocol: '-1', RuleAction: 'deny' as const, RuleNumber: 32_767 },
]);

const shownAcl = ({ id, vpc, tags }: Tagged<DefaultAcl>, { tx, account }: Call): Model.NetworkAcl => ({
  Associations: subnets
    .all(tx)
    .flatMap((subnet) =>
      subnet.vpc === vpc
        ? { NetworkAclAssociationId: sameDigits(subnet.id, 'aclassoc'), NetworkAclId: id, SubnetId: subnet.id }
        : [],
    ),
  Entries: ENTRIES,
  IsDefault: true,
  NetworkAclId: id,
  Tags: shownTags(tags),
  VpcId: vpc,
  OwnerId: account,
});
