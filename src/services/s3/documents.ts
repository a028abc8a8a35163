/**
 * What a request's headers say of a document in its body: Content-MD5, and check sums as of objects. S3 holds the body against them, and
 * takes no Multi-Object Delete without ("is required for all Multi-Object Delete requests", API Reference, DeleteObjects).
 */
import { hash } from 'node:crypto';
import type { GivenBody } from '#platform/service.ts';
import { fail } from '#services/s3/errors.ts';
import { CHECKSUM_NAMES, checksumHeader, digestOf } from '#services/s3/objects/checksums.ts';

export function checkDocument(operation: string, { headers, body }: GivenBody): Promise<void> | undefined {
  if (body.length === 0) return undefined;
  const md5 = headers['content-md5'];
  if (md5 !== undefined) checkMd5(md5, body);
  // Those of CompleteMultipartUpload are of the object ("the Base64 encoded, … checksum of the object", API Reference).
  const isOfObject = operation === 'CompleteMultipartUpload';
  const claimed = CHECKSUM_NAMES.filter((name) => !isOfObject && headers[checksumHeader(name)] !== undefined);
  const isClaimed = md5 !== undefined || claimed.length > 0 || headers['x-amz-trailer'] !== undefined;
  if (operation === 'DeleteObjects' && !isClaimed) {
    fail('InvalidRequest', { message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*' });
  }
  return claimed.length === 0 ? undefined : checkSums(claimed, headers, body);
}

function checkMd5(claimed: string, body: Buffer): void {
  if (Buffer.from(claimed, 'base64').length !== 16) fail('InvalidDigest', { about: claimed });
  if (hash('md5', body, 'base64') === claimed) return;
  fail('BadDigest', { message: 'The Content-MD5 you specified did not match what we received.' });
}

async function checkSums(names: typeof CHECKSUM_NAMES, headers: GivenBody['headers'], body: Buffer): Promise<void> {
  for (const name of names) {
    if ((await digestOf(name, body)).toString('base64') === headers[checksumHeader(name)]) continue;
    fail('BadDigest', { message: `The ${name} you specified did not match the calculated checksum.` });
  }
}
