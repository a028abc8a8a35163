/** GetObject and HeadObject. */
import { BlobDamaged, type BlobRange } from '#platform/blobs/blobs.ts';
import { released } from '#platform/blobs/released.ts';
import type {
  GetObjectOutput,
  GetObjectRequest,
  HeadObjectOutput,
  HeadObjectRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { checkReadable, shownRestore } from '#services/s3/archive/restore.ts';
import { blobKey } from '#services/s3/buckets/open-bucket.ts';
import { type CustomerKeyHeaders, customerKeyOf } from '#services/s3/encryption/customer-keys.ts';
import { innerLayer, innerLayerOf } from '#services/s3/encryption/inner-layer.ts';
import { checkCustomerKey, type ObjectKeys, shownEncryption, storedKeys } from '#services/s3/encryption/object-keys.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { shownExpiration } from '#services/s3/lifecycle/settings.ts';
import { shownLock } from '#services/s3/object-lock/object-lock.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import { checkRead, quotedEtag, type ReadConditions } from '#services/s3/objects/conditions.ts';
import { type FoundObject, findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { shownMetadata } from '#services/s3/objects/metadata.ts';
import { type ByteRange, contentRange, rangeOf } from '#services/s3/objects/ranges.ts';
import { noteRead } from '#services/s3/objects/reads.ts';
import { shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { statusOf } from '#services/s3/replication/state.ts';
import { BYTES_OUT } from '#services/s3/rows.ts';
import { type Checksum, type ManifestRow, manifests, type Piece, type VersionRow } from '#services/s3/state.ts';
import { billRequest } from '#services/s3/storage/classes.ts';

type Body = Uint8Array | AsyncIterable<Uint8Array>;

export const headObject =
  (parts: S3Parts) =>
  async (input: HeadObjectRequest, call: Call): Promise<HeadObjectOutput> => {
    refuseEncryption(input);
    const found = findObject(parts, input as ReadTarget, call);
    checkRead(found.row, input as ReadConditions);
    billRequest(call, found.row.storageClass, 2);
    const its = partsOf(found.row, call);
    const range = wantedRange(input, found.row, its);
    checkCustomerKey(found.row.encryption, customerKeyOf(input as CustomerKeyHeaders, call.origin));
    return {
      ...describe(found, input, range, its),
      ...facts(parts, found, input as ReadTarget, call),
      ...overrides(input, call),
    } as HeadObjectOutput;
  };

export const getObject =
  (parts: S3Parts) =>
  async (input: GetObjectRequest, call: Call): Promise<GetObjectOutput> => {
    refuseEncryption(input);
    const target = input as ReadTarget;
    let found = findObject(parts, target, call);
    checkRead(found.row, input as ReadConditions);
    checkReadable(found.row, call.now);
    const replaced = overrides(input, call);
    const customerKey = customerKeyOf(input as CustomerKeyHeaders, call.origin);
    for (;;) {
      const its = partsOf(found.row, call);
      const keys = await storedKeys(parts, call, found.bucket, found.row.encryption, customerKey);
      const pieces = its.map(({ piece }) => piece);
      const range = wantedRange(input, found.row, its);
      try {
        const body = await openBody(parts, call, keys, pieces, range ?? { start: 0, end: found.row.bytes });
        const bytes = range === undefined ? found.row.bytes : range.end - range.start;
        billRequest(call, found.row.storageClass, 2);
        call.meter(BYTES_OUT, bytes);
        const { partition, operation } = call;
        noteRead(parts, { ...found, partition, operation, key: target.Key, bytes }, call.clock.now());
        const described = {
          ...describe(found, input, range, its),
          ...facts(parts, found, target, call),
          ...replaced,
        };
        // A payload's type in the model is the SDKs' own.
        return { ...described, Body: body } as unknown as GetObjectOutput;
      } catch (error) {
        // Its bytes may have moved, or the object was overwritten, since the row was read.
        const again = error instanceof BlobDamaged ? findObject(parts, target, call) : undefined;
        if (again === undefined || isSame(again.row, found.row, pieces, call)) throw error;
        found = again;
      }
    }
  };

/** How an object is encrypted was said when it was written; the text is from memory. */
function refuseEncryption({ ServerSideEncryption: given }: Pick<GetObjectRequest, 'ServerSideEncryption'>): void {
  const name = 'x-amz-server-side-encryption';
  if (given !== undefined) invalidArgument(name, given, `${name} header is not supported for this operation.`);
}

function isSame(row: VersionRow, before: VersionRow, pieces: readonly Piece[], call: Call): boolean {
  const now = piecesOf(row, call);
  return row.sequence === before.sequence && now.every(({ place }, index) => place === pieces[index]?.place);
}

/** An object's blobs, in the order of its bytes. */
export const piecesOf = (row: VersionRow, call: Pick<Call, 'partition'>): readonly Piece[] =>
  partsOf(row, call).map(({ piece }) => piece);

/** An object's parts; of one that was put, the one that it is. */
function partsOf({ piece, upload }: VersionRow, call: Pick<Call, 'partition'>): ManifestRow['parts'] {
  if (upload === undefined) return piece === undefined ? [] : [{ number: 1, piece }];
  return call.partition.read((tx) => tx.get(manifests, manifests.key(upload)))?.parts ?? [];
}

interface Wanted {
  readonly Range?: string | undefined;
  readonly PartNumber?: number | undefined;
}

/** Undefined: the whole object. */
function wantedRange(
  { Range, PartNumber: number }: Wanted,
  row: VersionRow,
  its: ManifestRow['parts'],
): ByteRange | undefined {
  if (number === undefined) return rangeOf(Range, row.bytes);
  if (Range !== undefined)
    fail('InvalidRequest', { message: 'Cannot specify both Range header and partNumber query parameter' });
  if (number < 1 || number > 10_000)
    invalidArgument('partNumber', String(number), 'Part number must be an integer between 1 and 10000, inclusive');
  if (row.upload === undefined && number === 1) return row.bytes === 0 ? undefined : { start: 0, end: row.bytes };
  const piece = its[number - 1]?.piece;
  if (row.upload === undefined || piece === undefined)
    return fail('InvalidPartNumber', {
      fields: { PartNumberRequested: String(number), ActualPartCount: String(row.partsCount ?? 1) },
    });
  const start = its.slice(0, number - 1).reduce((sum, part) => sum + part.piece.bytes, 0);
  return { start, end: start + piece.bytes };
}

/** The bytes of a range over an object's blobs. One that lies in one blob is read from it as it comes. */
export async function openBody(
  parts: S3Parts,
  { region, partition: rows }: Pick<Call, 'region' | 'partition'>,
  { base, inner, isBaseOfBucket }: ObjectKeys,
  pieces: readonly Piece[],
  { start, end }: ByteRange,
): Promise<Body> {
  const blobs = await parts.blobs(region);
  const read = async (piece: Piece, range: BlobRange): Promise<Body> => {
    if (isBaseOfBucket)
      return blobs.read(piece.place, range, { key: keyUnderBucket(base, piece), mayKeep: true, rows });
    const salt = Buffer.from(piece.salt, 'base64');
    const body = await blobs.read(piece.place, range, { key: blobKey(base, salt), rows });
    if (inner === undefined) return body;
    const key = blobKey(inner, salt);
    return body instanceof Uint8Array ? innerLayer(key, body, range.start) : innerLayerOf(key, body, range.start);
  };
  const wanted: WantedPiece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const range = { start: Math.max(start - at, 0), end: Math.min(end - at, piece.bytes) };
    if (range.start < range.end) wanted.push({ piece, range });
    at += piece.bytes;
  }
  const [first, ...rest] = wanted;
  if (first === undefined) return new Uint8Array(0);
  if (rest.length === 0) return read(first.piece, first.range);
  // Parts that are read later would be gone once the object is overwritten.
  const release = blobs.pin(wanted.map(({ piece }) => piece.place));
  try {
    const opening = await read(first.piece, first.range);
    return released(joined(opening, rest, read), release);
  } catch (error) {
    release();
    throw error;
  }
}

/** Rows that are asked for again and again are kept, and so are their pieces. */
const derived = new WeakMap<Piece, { readonly base: Uint8Array; readonly key: Uint8Array }>();

function keyUnderBucket(base: Uint8Array, piece: Piece): Uint8Array {
  const known = derived.get(piece);
  if (known?.base === base) return known.key;
  const key = blobKey(base, Buffer.from(piece.salt, 'base64'));
  derived.set(piece, { base, key });
  return key;
}

interface WantedPiece {
  readonly piece: Piece;
  readonly range: BlobRange;
}

async function* joined(
  opening: Body,
  rest: readonly WantedPiece[],
  read: (piece: Piece, range: BlobRange) => Promise<Body>,
): AsyncGenerator<Uint8Array> {
  yield* opening instanceof Uint8Array ? [opening] : opening;
  for (const { piece, range } of rest) {
    const body = await read(piece, range);
    if (body instanceof Uint8Array) yield body;
    else yield* body;
  }
}

/** What headers tell that depends on the time or on who asks. */
const facts = (parts: S3Parts, found: FoundObject, { Key: key, VersionId: versionId }: ReadTarget, call: Call) => ({
  ...shownLock(parts, found, key, call),
  ...shownRestore(found.row, call.now),
  ...(versionId === undefined && shownExpiration(parts, call, found.bucket, key, found.row)),
});

interface Asked extends Wanted {
  readonly ChecksumMode?: string | undefined;
  readonly SSECustomerKeyMD5?: string | undefined;
}

function describe({ row, bucket }: FoundObject, asked: Asked, range: ByteRange | undefined, its: ManifestRow['parts']) {
  const checksum = asked.ChecksumMode === 'ENABLED' ? checksumOf(row, asked, range, its) : undefined;
  const tagCount = Object.keys(row.tags ?? {}).length;
  return {
    AcceptRanges: 'bytes',
    LastModified: row.modifiedAt,
    ContentLength: range === undefined ? row.bytes : range.end - range.start,
    ETag: quotedEtag(row),
    ContentType: 'binary/octet-stream',
    ...row.headers,
    ...(row.metadata && { Metadata: shownMetadata(row.metadata) }),
    ...(row.storageClass !== undefined && { StorageClass: row.storageClass }),
    ...(row.replication && { ReplicationStatus: statusOf(row.replication) }),
    // A null version is named in a bucket that has, or had, versioning.
    ...(bucket.versioning !== undefined && { VersionId: shownVersionId(row) }),
    ...(range && { ContentRange: contentRange(range, row.bytes), StatusCode: 206 }),
    ...(asked.PartNumber !== undefined && row.partsCount !== undefined && { PartsCount: row.partsCount }),
    ...(tagCount > 0 && { TagCount: tagCount }),
    ...(checksum && { [checksumMember(checksum.name)]: checksum.value, ChecksumType: checksum.type }),
    ...shownEncryption(row.encryption, asked.SSECustomerKeyMD5),
  };
}

/** The sum of the whole says nothing of a range of it; a part that was asked for by its number has its own. */
function checksumOf(
  { checksum, bytes }: VersionRow,
  { PartNumber: number }: Asked,
  range: ByteRange | undefined,
  its: ManifestRow['parts'],
): Checksum | undefined {
  const ofPart = number === undefined ? undefined : its[number - 1]?.checksum;
  if (checksum !== undefined && ofPart !== undefined) return { ...checksum, value: ofPart };
  const isWhole = range === undefined || (range.start === 0 && range.end === bytes);
  return isWhole ? checksum : undefined;
}

const OVERRIDES = {
  ResponseCacheControl: 'CacheControl',
  ResponseContentDisposition: 'ContentDisposition',
  ResponseContentEncoding: 'ContentEncoding',
  ResponseContentLanguage: 'ContentLanguage',
  ResponseContentType: 'ContentType',
  ResponseExpires: 'Expires',
} as const;

/** "You must sign the request … when using these parameters. They cannot be used with an unsigned (anonymous) request." */
function overrides(input: GetObjectRequest, { principal }: Call): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const [given, header] of Object.entries(OVERRIDES)) {
    // The keys are members of the request.
    const value = input[given as keyof typeof OVERRIDES];
    if (value !== undefined) changed[header] = value;
  }
  if (principal.kind === 'anonymous' && Object.keys(changed).length > 0) {
    fail('InvalidRequest', {
      message: 'Request specific response headers cannot be used for anonymous GET requests.',
    });
  }
  return changed;
}
