/** The operation on archived objects. */
import { accessOf } from '#services/s3/access.ts';
import { restoreObject } from '#services/s3/archive/restore.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_1 } from '#services/s3/rows.ts';

export const archiveOperations = (parts: S3Parts) =>
  ({
    RestoreObject: {
      handler: restoreObject(parts),
      ...accessOf(parts).object,
      usage: TIER_1,
      event: 'data',
    },
  }) as const;
