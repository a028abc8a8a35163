/**
 * SSE-C: the client brings its key with each request and nobody keeps it; a salted digest tells whether it is the one an object
 * was written with. Errors as in "Using server-side encryption with customer-provided keys" and observed answers.
 */

import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { randomBytes } from '#platform/base/ids.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';

export interface CustomerKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Base 64. */
  readonly md5: string;
}

/** The three headers, of a request or (with `CopySource` before their names) of the source of a copy. */
export interface CustomerKeyHeaders {
  readonly SSECustomerAlgorithm?: string;
  readonly SSECustomerKey?: string;
  readonly SSECustomerKeyMD5?: string;
}

export interface CopySourceKeyHeaders {
  readonly CopySourceSSECustomerAlgorithm?: string;
  readonly CopySourceSSECustomerKey?: string;
  readonly CopySourceSSECustomerKeyMD5?: string;
}

const KEY_BYTES = 32;
const PREFIX = 'x-amz-server-side-encryption-customer-';
const INTRODUCTION = 'Requests specifying Server Side Encryption with Customer provided keys must';

/** Undefined if the request says nothing of one. */
export function customerKeyOf(given: CustomerKeyHeaders, origin: string): CustomerKey | undefined {
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: text, SSECustomerKeyMD5: md5 } = given;
  if (algorithm === undefined && text === undefined && md5 === undefined) return undefined;
  if (!origin.startsWith('https:')) {
    fail('InvalidRequest', { message: `${INTRODUCTION} be made over a secure connection.` });
  }
  if (algorithm === undefined) {
    return invalidArgument(`${PREFIX}algorithm`, undefined, `${INTRODUCTION} provide a valid encryption algorithm.`);
  }
  if (algorithm !== 'AES256') fail('InvalidEncryptionAlgorithmError', { about: algorithm });
  if (text === undefined) {
    return invalidArgument(`${PREFIX}key`, undefined, `${INTRODUCTION} provide an appropriate secret key.`);
  }
  if (md5 === undefined) {
    const message = `${INTRODUCTION} provide the client calculated MD5 of the secret key.`;
    return invalidArgument(`${PREFIX}key-MD5`, undefined, message);
  }
  const key = Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES) {
    return invalidArgument(`${PREFIX}key`, undefined, 'The secret key was invalid for the specified algorithm.');
  }
  if (hash('md5', key, 'base64') !== md5) {
    const message = 'The calculated MD5 hash of the key did not match the hash that was provided.';
    return invalidArgument(`${PREFIX}key-MD5`, md5, message);
  }
  return { key, md5 };
}

export const copySourceKeyOf = (given: CopySourceKeyHeaders, origin: string): CustomerKey | undefined =>
  customerKeyOf(
    {
      ...(given.CopySourceSSECustomerAlgorithm !== undefined && {
        SSECustomerAlgorithm: given.CopySourceSSECustomerAlgorithm,
      }),
      ...(given.CopySourceSSECustomerKey !== undefined && { SSECustomerKey: given.CopySourceSSECustomerKey }),
      ...(given.CopySourceSSECustomerKeyMD5 !== undefined && { SSECustomerKeyMD5: given.CopySourceSSECustomerKeyMD5 }),
    },
    origin,
  );

/** What is kept of a key: a salt, and the key's digest with it. */
export function verifierOf({ key }: CustomerKey): string {
  const salt = randomBytes(16);
  return Buffer.concat([salt, digestOf(key, salt)]).toString('base64');
}

export function isRightKey({ key }: CustomerKey, verifier: string): boolean {
  const bytes = Buffer.from(verifier, 'base64');
  const salt = bytes.subarray(0, 16);
  return timingSafeEqual(digestOf(key, salt), bytes.subarray(16));
}

const digestOf = (key: Uint8Array, salt: Uint8Array): Buffer => createHmac('sha256', key).update(salt).digest();
