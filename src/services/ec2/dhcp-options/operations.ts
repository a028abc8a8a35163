/** Operations of DHCP option sets: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import {
  associateDhcpOptions,
  createDhcpOptions,
  deleteDhcpOptions,
  describeDhcpOptions,
} from '#services/ec2/dhcp-options/dhcp-options.ts';
import { everywhere, making, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

export const dhcpOperations = (parts: Ec2Parts) =>
  ({
    CreateDhcpOptions: {
      handler: createDhcpOptions,
      ...making<Model.CreateDhcpOptionsRequest>('CreateDhcpOptions', 'dhcp-options'),
    },
    AssociateDhcpOptions: {
      handler: associateDhcpOptions,
      ...on<Model.AssociateDhcpOptionsRequest>(({ DhcpOptionsId, VpcId }) => ({
        'dhcp-options': DhcpOptionsId,
        vpc: VpcId,
      })),
    },
    DeleteDhcpOptions: {
      handler: deleteDhcpOptions,
      ...on<Model.DeleteDhcpOptionsRequest>(({ DhcpOptionsId }) => ({ 'dhcp-options': DhcpOptionsId })),
    },
    DescribeDhcpOptions: { handler: describeDhcpOptions(parts), ...everywhere },
  }) as const;
