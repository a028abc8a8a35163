/** The bytes of an annotation: taken in, checked to be text, sealed by the keys of its object; and found again. */
import { isUtf8 } from 'node:buffer';
import type { AccountId } from '#platform/base/ids.ts';
import { type Payload, payloadOf } from '#platform/payload.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { type AnnotationRow, annotations } from '#services/s3/annotations/state.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { etagFor, type ObjectKeys } from '#services/s3/encryption/object-keys.ts';
import { fail } from '#services/s3/errors.ts';
import { annotationOwner } from '#services/s3/objects/owners.ts';
import { fullChecksum } from '#services/s3/objects/put.ts';
import { type Claims, type Received, receive } from '#services/s3/objects/receive.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { EncryptionRow, VersionRow } from '#services/s3/state.ts';

/** "a named payload of 1 byte to 1 MiB"; "Each object can have up to 1,000 annotations" (API Reference, PutObjectAnnotation). */
const MOST_BYTES = 1024 * 1024;
const MOST_ANNOTATIONS = 1000;

export interface AnnotatedObject {
  readonly account: AccountId;
  readonly bucket: OpenBucket;
  readonly key: string;
  readonly encryption: EncryptionRow | undefined;
  readonly keys: ObjectKeys;
}

export interface StoredAnnotation {
  readonly received: Received;
  readonly row: AnnotationRow;
}

/** Whoever calls writes the row, or drops what was received. */
export async function storeAnnotation(
  parts: S3Parts,
  call: Call,
  { account, bucket, key, encryption, keys }: AnnotatedObject,
  name: string,
  payload: Payload,
  claims: Claims,
): Promise<StoredAnnotation> {
  const received = await receive(payload, claims, {
    blobs: await parts.blobs(call.region),
    hashings: parts.hashings,
    keys,
    owner: annotationOwner(account, bucket, key, name),
    mostBytes: MOST_BYTES,
    defaultChecksum: 'CRC64NVME',
    mayBeRow: true,
  });
  const { piece } = received;
  if (piece === undefined) return fail('InvalidRequest', { message: NO_BYTES });
  const etag = etagFor(bucket, encryption, received.md5);
  return { received, row: { modifiedAt: call.clock.now(), etag, checksum: fullChecksum(received), piece } };
}

const NO_BYTES = 'The annotation payload must be between 1 byte and 1 MiB in size.';

/** "must be valid UTF-8 encoded text. If the payload contains invalid UTF-8 bytes, the request fails with HTTP 415". */
export async function textPayload(body: Payload): Promise<Payload> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) fail('EntityTooLarge', { fields: { MaxSizeAllowed: String(MOST_BYTES) } });
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  if (!isUtf8(whole)) fail('UnsupportedMediaType');
  // Complete, now that the body has ended.
  return payloadOf(whole, body.trailers);
}

/** Answers the version's row as it is to be written, and the annotation that was there before. */
export function putAnnotation(
  tx: Transaction,
  bucket: OpenBucket,
  key: string,
  version: VersionRow,
  name: string,
  row: AnnotationRow,
): { version: VersionRow; before: AnnotationRow | undefined } {
  const at = annotations.key(bucket.id, key, version.sequence, name);
  const before = tx.get(annotations, at);
  const { count, bytes } = version.annotations ?? { count: 0, bytes: 0 };
  if (before === undefined && count >= MOST_ANNOTATIONS) fail('AnnotationLimitExceeded');
  tx.put(annotations, at, row);
  const kept = {
    count: count + (before === undefined ? 1 : 0),
    bytes: bytes + row.piece.bytes - (before?.piece.bytes ?? 0),
  };
  return { version: { ...version, annotations: kept }, before };
}
