/** Operations of elastic addresses: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import {
  allocateAddress,
  describeAddresses,
  describeAddressesAttribute,
  releaseAddress,
} from '#services/ec2/addresses/addresses.ts';
import { associateAddress, disassociateAddress } from '#services/ec2/addresses/associate.ts';
import { addressOfAssociation, addressOfIp, namedAddressId } from '#services/ec2/addresses/find-address.ts';
import { everywhere, making, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

export const addressOperations = (parts: Ec2Parts) =>
  ({
    AllocateAddress: {
      handler: allocateAddress(parts),
      ...making<Model.AllocateAddressRequest>('AllocateAddress', 'elastic-ip'),
    },
    ReleaseAddress: {
      handler: releaseAddress,
      ...on<Model.ReleaseAddressRequest>((input, tx) => ({ 'elastic-ip': namedAddressId(tx, input) })),
    },
    AssociateAddress: {
      handler: associateAddress,
      ...on<Model.AssociateAddressRequest>((input, tx) => ({
        'elastic-ip': namedAddressId(tx, input),
        instance: input.InstanceId,
        'network-interface': input.NetworkInterfaceId,
      })),
    },
    DisassociateAddress: {
      handler: disassociateAddress,
      ...on<Model.DisassociateAddressRequest>(({ AssociationId, PublicIp = '' }, tx) => {
        const row = AssociationId === undefined ? addressOfIp(tx, PublicIp) : addressOfAssociation(tx, AssociationId);
        return { 'elastic-ip': row?.id, 'network-interface': row?.association?.interface };
      }),
    },
    DescribeAddresses: { handler: describeAddresses(parts), ...everywhere },
    DescribeAddressesAttribute: { handler: describeAddressesAttribute(parts), ...everywhere },
  }) as const;
