/** GetObjectAttributes: what is known of an object and its parts, without its bytes. */
import type { GetObjectAttributesOutput, GetObjectAttributesRequest } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { type CustomerKeyHeaders, customerKeyOf } from '#services/s3/encryption/customer-keys.ts';
import { checkCustomerKey } from '#services/s3/encryption/object-keys.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import { lastModified } from '#services/s3/objects/conditions.ts';
import { type FoundObject, findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { manifests } from '#services/s3/state.ts';

const MOST_PARTS = 1000;

export const getObjectAttributes =
  (parts: S3Parts) =>
  (input: GetObjectAttributesRequest, call: Call): GetObjectAttributesOutput => {
    const found = findObject(parts, input as ReadTarget, call);
    const { row, bucket } = found;
    checkCustomerKey(row.encryption, customerKeyOf(input as CustomerKeyHeaders, call.origin));
    const wanted = new Set<string>(input.ObjectAttributes);
    const checksum = row.checksum && {
      [checksumMember(row.checksum.name)]: row.checksum.value,
      ChecksumType: row.checksum.type,
    };
    return {
      LastModified: lastModified(row),
      ...(bucket.versioning !== undefined && { VersionId: shownVersionId(row) }),
      ...(wanted.has('ETag') && { ETag: row.etag }),
      ...(wanted.has('Checksum') && checksum ? { Checksum: checksum } : {}),
      ...(wanted.has('ObjectParts') && row.partsCount !== undefined
        ? { ObjectParts: objectParts(input, found, call) }
        : {}),
      // Validated: a storage class of the model's.
      ...(wanted.has('StorageClass') && { StorageClass: (row.storageClass ?? 'STANDARD') as 'STANDARD' }),
      ...(wanted.has('ObjectSize') && { ObjectSize: row.bytes }),
    };
  };

function objectParts(input: GetObjectAttributesRequest, { row }: FoundObject, call: Call) {
  const limit = Math.min(input.MaxParts ?? MOST_PARTS, MOST_PARTS);
  const after = Number(input.PartNumberMarker ?? 0);
  const all = call.tx.get(manifests, manifests.key(row.upload ?? ''))?.parts ?? [];
  // After completion parts count from 1 without gaps, whatever their numbers were.
  const page = all.slice(after, after + limit);
  const isTruncated = after + page.length < all.length;
  return {
    TotalPartsCount: all.length,
    PartNumberMarker: after,
    MaxParts: limit,
    IsTruncated: isTruncated,
    ...(isTruncated && { NextPartNumberMarker: after + page.length }),
    // "if an additional checksum … isn't applied to the object specified in the request, the response doesn't return the Part element"
    ...(row.checksum !== undefined && {
      Parts: page.map(({ piece, checksum }, index) => ({
        PartNumber: after + index + 1,
        Size: piece.bytes,
        ...(checksum !== undefined && row.checksum && { [checksumMember(row.checksum.name)]: checksum }),
      })),
    }),
  };
}
