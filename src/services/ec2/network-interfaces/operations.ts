/** Operations of network interfaces: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import { assignPrivateIpAddresses, unassignPrivateIpAddresses } from '#services/ec2/network-interfaces/assign.ts';
import {
  attachNetworkInterface,
  detachNetworkInterface,
  interfaceOfAttachment,
} from '#services/ec2/network-interfaces/attach.ts';
import {
  describeNetworkInterfaceAttribute,
  modifyNetworkInterfaceAttribute,
  resetNetworkInterfaceAttribute,
} from '#services/ec2/network-interfaces/attributes.ts';
import {
  createNetworkInterface,
  deleteNetworkInterface,
  describeNetworkInterfaces,
} from '#services/ec2/network-interfaces/interfaces.ts';
import { everywhere, making, modifying, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

const onInterface = on<{ readonly NetworkInterfaceId: string; readonly InstanceId?: string }>(
  ({ NetworkInterfaceId, InstanceId }) => ({ 'network-interface': NetworkInterfaceId, instance: InstanceId }),
);

export const interfaceOperations = (parts: Ec2Parts) =>
  ({
    CreateNetworkInterface: {
      handler: createNetworkInterface,
      ...making<Model.CreateNetworkInterfaceRequest>(
        'CreateNetworkInterface',
        'network-interface',
        ({ SubnetId, Groups }) => ({ subnet: SubnetId, 'security-group': Groups }),
      ),
    },
    DeleteNetworkInterface: { handler: deleteNetworkInterface, ...onInterface },
    DescribeNetworkInterfaces: { handler: describeNetworkInterfaces(parts), ...everywhere },
    DescribeNetworkInterfaceAttribute: { handler: describeNetworkInterfaceAttribute, ...everywhere },
    AttachNetworkInterface: { handler: attachNetworkInterface, ...onInterface },
    DetachNetworkInterface: {
      handler: detachNetworkInterface,
      ...on<Model.DetachNetworkInterfaceRequest>(({ AttachmentId }, tx) => {
        const row = interfaceOfAttachment(tx, AttachmentId);
        return { 'network-interface': row?.id, instance: row?.attachment?.instance };
      }),
    },
    ModifyNetworkInterfaceAttribute: {
      handler: modifyNetworkInterfaceAttribute(parts),
      ...modifying<Model.ModifyNetworkInterfaceAttributeRequest>(
        ({ NetworkInterfaceId, Groups }) => ({ 'network-interface': NetworkInterfaceId, 'security-group': Groups }),
        'NetworkInterfaceId',
      ),
    },
    ResetNetworkInterfaceAttribute: { handler: resetNetworkInterfaceAttribute, ...onInterface },
    AssignPrivateIpAddresses: { handler: assignPrivateIpAddresses, ...onInterface },
    UnassignPrivateIpAddresses: { handler: unassignPrivateIpAddresses, ...onInterface },
  }) as const;
