/** GetObjectAttributes: what is known of an object and its parts, without its bytes. */
import type { GetObjectAttributesOutput, GetObjectAttributesRequest } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { type CustomerKeyHeaders, customerKeyOf } from '#services/s3/encryption/customer-keys.ts';
import { checkCustomerKey } from '#services/s3/encryption/object-keys.ts';
import { invalidArgument } from '#services/s3/errors.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import { lastModified } from '#services/s3/objects/conditions.ts';
import { type FoundObject, findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { limitOf } from '#services/s3/objects/list.ts';
import { shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { manifests } from '#services/s3/state.ts';
import { billRequest } from '#services/s3/storage/classes.ts';

export const getObjectAttributes =
  (parts: S3Parts) =>
  (input: GetObjectAttributesRequest, call: Call): GetObjectAttributesOutput => {
    const found = findObject(parts, input as ReadTarget, call);
    const { row, bucket } = found;
    checkCustomerKey(row.encryption, customerKeyOf(input as CustomerKeyHeaders, call.origin));
    billRequest(call, row.storageClass, 2);
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
  const limit = limitOf(input.MaxParts, 'x-amz-max-parts');
  const after = Number(input.PartNumberMarker ?? 0);
  if (!Number.isSafeInteger(after) || after < 0) {
    const message = 'Argument x-amz-part-number-marker must be an integer between 0 and 2147483647';
    invalidArgument('x-amz-part-number-marker', String(input.PartNumberMarker), message);
  }
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
