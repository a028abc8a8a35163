/** Operations on inventory configurations. */
import type {
  DeleteBucketInventoryConfigurationRequest,
  GetBucketInventoryConfigurationOutput,
  GetBucketInventoryConfigurationRequest,
  ListBucketInventoryConfigurationsOutput,
  ListBucketInventoryConfigurationsRequest,
  PutBucketInventoryConfigurationRequest,
} from '#platform/model/generated/s3.ts';
import type { Call, CallScope, Permission } from '#platform/service.ts';
import { accessOf } from '#services/s3/access.ts';
import { keeperOf } from '#services/s3/configurations/configurations.ts';
import { inventoryKind } from '#services/s3/inventory/settings.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';

export const inventoryOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const keeper = keeperOf(parts, inventoryKind(parts));
  const write = { ...bucket, usage: TIER_1, action: 's3:PutInventoryConfiguration' } as const;
  const read = { ...bucket, usage: TIER_2, access: 'read', action: 's3:GetInventoryConfiguration' } as const;
  return {
    GetBucketInventoryConfiguration: {
      handler: (input: GetBucketInventoryConfigurationRequest, call: Call): GetBucketInventoryConfigurationOutput => ({
        InventoryConfiguration: keeper.get(input, call),
      }),
      ...read,
    },
    PutBucketInventoryConfiguration: {
      handler: (input: PutBucketInventoryConfigurationRequest, call: Call): void =>
        keeper.put(input, input.InventoryConfiguration, call),
      ...write,
      conditions: (input: PutBucketInventoryConfigurationRequest, scope: CallScope, permission: Permission) => ({
        ...bucket.conditions(input, scope, permission),
        's3:inventoryaccessibleoptionalfields': input.InventoryConfiguration.OptionalFields,
      }),
    },
    DeleteBucketInventoryConfiguration: {
      handler: (input: DeleteBucketInventoryConfigurationRequest, call: Call): void => keeper.remove(input, call),
      ...write,
    },
    ListBucketInventoryConfigurations: {
      handler: (
        input: ListBucketInventoryConfigurationsRequest,
        call: Call,
      ): ListBucketInventoryConfigurationsOutput => {
        const { configurations, paging } = keeper.list(input, call);
        return { InventoryConfigurationList: configurations, ...paging };
      },
      ...read,
    },
  } as const;
};
