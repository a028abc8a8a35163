/** Operations on annotations. */
import { accessOf, versioned } from '#services/s3/access.ts';
import {
  deleteObjectAnnotation,
  getObjectAnnotation,
  listObjectAnnotations,
  putObjectAnnotation,
} from '#services/s3/annotations/annotations.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { FREE, TIER_1, TIER_2 } from '#services/s3/rows.ts';

export const annotationOperations = (parts: S3Parts) => {
  const { existing } = accessOf(parts);
  const row = { ...existing, event: 'data' } as const;
  return {
    PutObjectAnnotation: {
      handler: putObjectAnnotation(parts),
      ...row,
      usage: TIER_1,
      action: versioned('s3:PutObjectAnnotation', 's3:PutObjectVersionAnnotation'),
      steps: true,
    },
    GetObjectAnnotation: {
      handler: getObjectAnnotation(parts),
      ...row,
      usage: TIER_2,
      access: 'read',
      action: versioned('s3:GetObjectAnnotation', 's3:GetObjectVersionAnnotation'),
      steps: true,
    },
    ListObjectAnnotations: {
      handler: listObjectAnnotations(parts),
      ...row,
      usage: TIER_1,
      access: 'read',
      action: versioned('s3:ListObjectAnnotations', 's3:ListObjectVersionAnnotations'),
    },
    DeleteObjectAnnotation: {
      handler: deleteObjectAnnotation(parts),
      ...row,
      usage: FREE,
      action: versioned('s3:DeleteObjectAnnotation', 's3:DeleteObjectVersionAnnotation'),
    },
  } as const;
};
