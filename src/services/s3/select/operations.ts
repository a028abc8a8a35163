/** The operation that queries an object. */
import { accessOf } from '#services/s3/access.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_2 } from '#services/s3/rows.ts';
import { selectObjectContent } from '#services/s3/select/select.ts';

export const selectOperations = (parts: S3Parts) => {
  // "Amazon S3 Select does not support anonymous access."
  const { anonymous: _, ...existing } = accessOf(parts).existing;
  return {
    SelectObjectContent: {
      handler: selectObjectContent(parts),
      ...existing,
      usage: TIER_2,
      event: 'data',
      access: 'read',
      action: 's3:GetObject',
      steps: true,
    },
  } as const;
};
