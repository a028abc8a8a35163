/** Operations of VPCs: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import { describeNetworkAcls } from '#services/ec2/network-acls/network-acls.ts';
import { everywhere, making, modifying, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { describeVpcAttribute, modifyVpcAttribute, modifyVpcTenancy } from '#services/ec2/vpcs/attributes.ts';
import {
  associateVpcCidrBlock,
  createDefaultVpc,
  createVpc,
  deleteVpc,
  describeVpcs,
  disassociateVpcCidrBlock,
  vpcOfCidr,
} from '#services/ec2/vpcs/vpcs.ts';

const onVpc = on<{ readonly VpcId: string }>(({ VpcId }) => ({ vpc: VpcId }));

export const vpcOperations = (parts: Ec2Parts) =>
  ({
    CreateVpc: { handler: createVpc, ...making<Model.CreateVpcRequest>('CreateVpc', 'vpc') },
    CreateDefaultVpc: { handler: createDefaultVpc, ...everywhere },
    DeleteVpc: { handler: deleteVpc, ...onVpc },
    DescribeNetworkAcls: { handler: describeNetworkAcls(parts), ...everywhere },
    DescribeVpcs: { handler: describeVpcs(parts), ...everywhere },
    AssociateVpcCidrBlock: { handler: associateVpcCidrBlock, ...onVpc },
    DisassociateVpcCidrBlock: {
      handler: disassociateVpcCidrBlock,
      ...on<Model.DisassociateVpcCidrBlockRequest>(({ AssociationId }, tx) => ({
        vpc: vpcOfCidr(tx, AssociationId)?.id,
      })),
    },
    ModifyVpcAttribute: {
      handler: modifyVpcAttribute,
      ...modifying<Model.ModifyVpcAttributeRequest>(({ VpcId }) => ({ vpc: VpcId }), 'VpcId'),
    },
    ModifyVpcTenancy: {
      handler: modifyVpcTenancy,
      ...modifying<Model.ModifyVpcTenancyRequest>(({ VpcId }) => ({ vpc: VpcId }), 'VpcId'),
    },
    DescribeVpcAttribute: { handler: describeVpcAttribute, ...onVpc },
  }) as const;
