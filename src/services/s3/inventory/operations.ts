/** Operations on inventory configurations. */
import type { PutBucketInventoryConfigurationRequest } from '#platform/model/generated/s3.ts';
import type { CallScope, Permission } from '#platform/service.ts';
import { configurationOperations } from '#services/s3/configurations/operations.ts';
import { inventoryKind } from '#services/s3/inventory/settings.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export function inventoryOperations(parts: S3Parts) {
  const operations = configurationOperations(parts, 'Inventory', inventoryKind(parts));
  const { PutBucketInventoryConfiguration: put } = operations;
  return {
    ...operations,
    PutBucketInventoryConfiguration: {
      ...put,
      conditions: (input: PutBucketInventoryConfigurationRequest, scope: CallScope, permission: Permission) => ({
        ...put.conditions(input, scope, permission),
        's3:inventoryaccessibleoptionalfields': input.InventoryConfiguration.OptionalFields,
      }),
    },
  };
}
