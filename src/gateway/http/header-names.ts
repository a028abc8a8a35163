/**
 * Header names in lower case without an allocation: the head parser hashes a name's bytes while it checks them and finds
 * the one string here that every request shares. A name that is not in the table costs a slice and a toLowerCase.
 */

/** The first ones have fixed places (`host` is 0): the parser acts on them. */
export const CONTENT_LENGTH = 1;
export const TRANSFER_ENCODING = 2;
/** `authorization`: the last of those that must not be repeated. */
export const LAST_SINGLE = 3;
export const CONNECTION = 4;
export const EXPECT = 5;

export const knownNames: readonly string[] = [
  'host,content-length,transfer-encoding,authorization,connection,expect',
  'accept,accept-encoding,accept-language,access-control-request-headers,access-control-request-method',
  'amz-sdk-invocation-id,amz-sdk-request,cache-control,content-disposition,content-encoding,content-language,content-md5',
  'content-type,cookie,date,expires,forwarded,if-match,if-modified-since,if-none-match,if-range,if-unmodified-since',
  'keep-alive,origin,pragma,range,referer,sec-ch-ua,sec-ch-ua-mobile,sec-ch-ua-platform,sec-fetch-dest,sec-fetch-mode',
  'sec-fetch-site,smithy-protocol,te,traceparent,tracestate,trailer,upgrade,user-agent,via,x-amz-acl',
  'x-amz-checksum-algorithm,x-amz-checksum-crc32,x-amz-checksum-crc32c,x-amz-checksum-crc64nvme,x-amz-checksum-mode',
  'x-amz-checksum-sha1,x-amz-checksum-sha256,x-amz-client-token,x-amz-content-sha256,x-amz-copy-source,x-amz-date',
  'x-amz-decoded-content-length,x-amz-expected-bucket-owner,x-amz-request-payer,x-amz-sdk-checksum-algorithm',
  'x-amz-security-token,x-amz-server-side-encryption,x-amz-storage-class,x-amz-tagging,x-amz-target,x-amz-trailer',
  'x-amz-user-agent,x-amzn-query-mode,x-amzn-trace-id,x-forwarded-for,x-forwarded-host,x-forwarded-proto',
].flatMap((line) => line.split(','));

/** A byte of A to Z as its small letter, any other byte as itself. */
export const lowerCase = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));

/** One step of the hash, over lower-case bytes. */
export const hashStep = (hash: number, byte: number): number => (Math.imul(hash, 31) + byte) | 0;

const SLOT_BITS = 10;
/** Index + 1 of the name in a slot, 0 where there is none; names that meet in a slot take the next free one. */
const slots = new Uint8Array(1 << SLOT_BITS);
const slotOf = (hash: number): number => Math.imul(hash, 0x9e3779b1) >>> (32 - SLOT_BITS);

for (const [index, name] of knownNames.entries()) {
  let slot = slotOf(Buffer.from(name, 'latin1').reduce(hashStep, 0));
  while (slots[slot] !== 0) slot = (slot + 1) % slots.length;
  slots[slot] = index + 1;
}

/** The index in `knownNames` of the name in `bytes` from `start` to `end`, whose hash is given; -1 if it is not there. */
export function knownIndex(bytes: Uint8Array, start: number, end: number, hash: number): number {
  for (let slot = slotOf(hash); slots[slot] !== 0; slot = (slot + 1) % slots.length) {
    const index = (slots[slot] as number) - 1; // the slot is within the table
    if (matches(bytes, start, end, knownNames[index] as string)) return index; // slots hold valid indexes
  }
  return -1;
}

function matches(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (name.length !== end - start) return false;
  for (let at = start; at < end; at++) {
    // Within bounds, as both lengths are equal.
    if (lowerCase[bytes[at] as number] !== name.charCodeAt(at - start)) return false;
  }
  return true;
}
