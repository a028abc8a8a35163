/**
 * Taking bytes in: an object's, or a part's. They are hashed as they pass, sealed and stored; then what the client said of
 * them (length, Content-MD5, a check sum in a header or trailer) is held against what came. Whoever calls commits a row and
 * settles the blob, or calls `drop`.
 */
import { present } from '#platform/base/assert.ts';
import { randomBytes } from '#platform/base/ids.ts';
import type { Blobs, StoredBlob } from '#platform/blobs/blobs.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import { nameBlob } from '#platform/blobs/rows.ts';
import type { Payload } from '#platform/payload.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';
import { blobKey } from '#services/s3/buckets/open-bucket.ts';
import { innerLayer, innerLayerOf } from '#services/s3/encryption/inner-layer.ts';
import type { ObjectKeys } from '#services/s3/encryption/object-keys.ts';
import { fail } from '#services/s3/errors.ts';
import type { Hashings } from '#services/s3/hashing/hashing.ts';
import { CHECKSUM_NAMES, checksumHeader, checksumMember, DIGEST_BYTES } from '#services/s3/objects/checksums.ts';
import type { ChecksumName, Piece } from '#services/s3/state.ts';

/** What PutObject and UploadPart say of their bodies. */
export interface Claims extends Partial<Readonly<Record<`Checksum${ChecksumName}`, string>>> {
  readonly ContentMD5?: string;
  readonly ContentLength?: number;
  readonly ChecksumAlgorithm?: string;
}

export interface Received {
  /** Undefined: there were no bytes. */
  readonly piece: Piece | undefined;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly md5: string;
  readonly checksum: Digest;
  /** What `further` asked for. */
  readonly further: Digest | undefined;
  /** For each transaction that writes a row which names them. */
  name(tx: Transaction): void;
  settle(): void;
  drop(): void;
}

interface Digest {
  readonly name: ChecksumName;
  readonly digest: Buffer;
}

export interface ReceiveOptions {
  readonly blobs: Blobs;
  readonly hashings: Hashings;
  readonly keys: ObjectKeys;
  /** Of the blob: see sweep.ts. */
  readonly owner: string;
  readonly mostBytes: number;
  /** The check sum to compute where the client names none. */
  readonly defaultChecksum: ChecksumName;
  /** One to compute whatever the client names. */
  readonly further?: ChecksumName;
  /** They are all there is of what the row names: nobody reads on when it is gone. */
  readonly mayBeRow?: boolean;
  /** A part of an upload lies somewhere, even one without bytes. */
  readonly isPart?: true;
}

export async function receive(body: Payload, claims: Claims, options: ReceiveOptions): Promise<Received> {
  const { announcedBytes = claims.ContentLength } = body;
  if (announcedBytes !== undefined && announcedBytes > options.mostBytes) {
    fail('EntityTooLarge', {
      fields: { ProposedSize: String(announcedBytes), MaxSizeAllowed: String(options.mostBytes) },
    });
  }
  const name = checksumOf(body, claims) ?? options.defaultChecksum;
  const received =
    body.whole === undefined ? await stream(body, name, options) : await whole(body.whole, name, options);
  try {
    checkClaims(received, body, claims, announcedBytes);
  } catch (error) {
    received.drop();
    throw error;
  }
  return received;
}

const sendsChecksum = (body: Payload, claims: Claims): boolean =>
  CHECKSUM_NAMES.some(
    (name) => claims[checksumMember(name)] !== undefined || body.trailerNames.includes(checksumHeader(name)),
  );

/**
 * "When you send this header, there must be a corresponding x-amz-checksum-algorithm or x-amz-trailer header sent. Otherwise, Amazon S3
 * fails the request with the HTTP status code 400" (API Reference, PutObject and UploadPart); in the words that Hadoop's users saw.
 */
export function checkAnnounced(body: Payload, claims: Claims): void {
  if (claims.ChecksumAlgorithm === undefined || sendsChecksum(body, claims)) return;
  fail('InvalidRequest', {
    message:
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
  });
}

/** "required for any request to upload an object with a retention period configured using Amazon S3 Object Lock" (PutObject) */
export function checkVerifiable(body: Payload, claims: Claims): void {
  if (claims.ContentMD5 !== undefined || sendsChecksum(body, claims)) return;
  fail('InvalidRequest', {
    message:
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  });
}

/** The one check sum that the client sends or announces. */
function checksumOf(body: Payload, claims: Claims): ChecksumName | undefined {
  const given = CHECKSUM_NAMES.filter((name) => claims[checksumMember(name)] !== undefined);
  if (given.length > 1)
    fail('InvalidRequest', {
      message: 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    });
  const [inHeader] = given;
  if (inHeader !== undefined) return inHeader;
  const inTrailer = CHECKSUM_NAMES.find((name) => body.trailerNames.includes(checksumHeader(name)));
  if (inTrailer !== undefined) return inTrailer;
  const { ChecksumAlgorithm: named } = claims;
  if (named === undefined) return undefined;
  return (
    CHECKSUM_NAMES.find((name) => name === named.toUpperCase()) ??
    fail('InvalidRequest', {
      message:
        'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    })
  );
}

async function whole(bytes: Uint8Array, name: ChecksumName, options: ReceiveOptions): Promise<Received> {
  const names = namesOf(name, options);
  const hashing = options.hashings.whole(['MD5', ...names], bytes);
  const received = async (stored: StoredBlob | undefined, salt: string): Promise<Received> => {
    const [md5, ...sums] = await hashing;
    const digests = sums.map((digest, at) => ({ name: names[at] ?? name, digest }));
    return receivedOf(stored, salt, bytes.length, md5?.toString('hex') ?? '', digests, options);
  };
  if (bytes.length === 0 && !options.isPart) return received(undefined, '');
  const salt = randomBytes(16);
  const { base, inner } = options.keys;
  const content = inner === undefined ? bytes : innerLayer(blobKey(inner, salt), bytes);
  const stored = await options.blobs.put(content, { ...blobOptions(options), key: blobKey(base, salt) });
  return received(stored, salt.toString('base64'));
}

async function stream(body: Payload, name: ChecksumName, options: ReceiveOptions): Promise<Received> {
  const names = namesOf(name, options);
  const { announcedBytes } = body;
  const hashing = await options.hashings.begin(['MD5', ...names], announcedBytes);
  try {
    const salt = randomBytes(16);
    const { base, inner } = options.keys;
    const plain = hashing.through(counted(body, options.mostBytes));
    const source = inner === undefined ? plain : innerLayerOf(blobKey(inner, salt), plain);
    const stored = await options.blobs.put(source, {
      ...blobOptions(options),
      key: blobKey(base, salt),
      ...(announcedBytes !== undefined && { announcedBytes }),
      isShared: hashing.isShared && inner === undefined,
    });
    const [md5, ...sums] = await hashing.digests();
    const digests = sums.map((digest, at) => ({ name: names[at] ?? name, digest }));
    return receivedOf(stored, salt.toString('base64'), stored.bytes, md5?.toString('hex') ?? '', digests, options);
  } finally {
    hashing.release();
  }
}

const blobOptions = ({ owner, mayBeRow = false }: ReceiveOptions) => ({ owner, mayBeRow });

/** The check sum of the client's, and the further one if that is another. */
const namesOf = (name: ChecksumName, { further }: ReceiveOptions): readonly ChecksumName[] =>
  further === undefined || further === name ? [name] : [name, further];

async function* counted(body: Payload, most: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > most) fail('EntityTooLarge', { fields: { MaxSizeAllowed: String(most) } });
    yield chunk;
    // It has been copied for threads, or the store has sealed it: nobody has it any more.
    giveBack(chunk);
  }
}

function receivedOf(
  stored: StoredBlob | undefined,
  salt: string,
  bytes: number,
  md5: string,
  digests: readonly Digest[],
  { blobs, further }: ReceiveOptions,
): Received {
  const [checksum] = digests;
  return {
    piece: stored && { place: stored.place, bytes, salt },
    bytes,
    md5,
    checksum: present(checksum, 'the first of the names'),
    further: digests.find(({ name }) => name === further),
    name: (tx) => stored && nameBlob(tx, stored),
    settle: () => stored?.settle(),
    drop: () => stored && blobs.discard(stored.place),
  };
}

export type Naming = Pick<Received, 'name' | 'settle' | 'drop'>;

/** The transaction that names the bytes; if it fails they are given up. */
export async function writeReceived<T>(
  call: Call,
  received: Naming,
  action: (tx: Transaction) => T,
): Promise<Awaited<T>> {
  let isWritten = false;
  try {
    return await again(() => {
      const written = call.transact((tx) => {
        received.name(tx);
        return action(tx);
      });
      isWritten = true;
      // Of a commit that fails nobody knows whether it is on disk: the sweep will see.
      call.partition.durable()?.catch(received.settle);
      return written;
    });
  } finally {
    if (!isWritten) received.drop();
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function checkClaims(received: Received, body: Payload, claims: Claims, announced: number | undefined): void {
  if (announced !== undefined && received.bytes !== announced) fail('IncompleteBody');
  const { ContentMD5: md5 } = claims;
  if (md5 !== undefined) {
    if (!BASE64.test(md5) || Buffer.from(md5, 'base64').length !== DIGEST_BYTES.MD5)
      fail('InvalidDigest', { about: md5 });
    const expected = Buffer.from(md5, 'base64').toString('hex');
    if (expected !== received.md5) {
      const fields = {
        ExpectedDigest: expected,
        CalculatedDigest: Buffer.from(received.md5, 'hex').toString('base64'),
      };
      fail('BadDigest', { message: 'The Content-MD5 you specified did not match what we received.', fields });
    }
  }
  const { name, digest } = received.checksum;
  const claimed = claims[checksumMember(name)] ?? body.trailers[checksumHeader(name)];
  if (claimed === undefined) return;
  if (!BASE64.test(claimed) || Buffer.from(claimed, 'base64').length !== DIGEST_BYTES[name]) {
    fail('InvalidRequest', { message: `Value for ${checksumHeader(name)} header is invalid.` });
  }
  if (claimed !== digest.toString('base64')) {
    fail('BadDigest', { message: `The ${name} you specified did not match the calculated checksum.` });
  }
}
