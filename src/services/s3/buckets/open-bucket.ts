/** A bucket as calls work with it: its row and its key, kept by the owner's memory and forgotten by each write of the row. */
import { hash } from 'node:crypto';
import { type AccountId, randomBytes } from '#platform/base/ids.ts';
import { byId } from '#platform/policy/principal-ids.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import { keptRows } from '#platform/store/kept-rows.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { fail } from '#services/s3/errors.ts';
import { bucketArn, directoryBucketArn } from '#services/s3/names.ts';
import { type BucketRow, bucketIds, buckets } from '#services/s3/state.ts';

export interface OpenBucket extends BucketRow {
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly arn: string;
  /** What decides: the policy by unique ids. */
  readonly policyById: string | undefined;
}

const open = keptRows<OpenBucket>('s3-buckets', 10_000);

const sealedPlace = (account: AccountId, id: number) => ({ account, record: `s3/bucket/${id}`, version: 1 });

export const newSealedKey = (sealer: Sealer, account: AccountId, id: number): string =>
  sealer.seal(randomBytes(32), sealedPlace(account, id));

/** Undefined if it is not there: its name may be claimed and the bucket not yet made. */
export function findBucket(tx: ReadTransaction, sealer: Sealer, name: string): OpenBucket | undefined {
  const { account, region } = tx.partition.name;
  const known = open.get(tx.partition, name);
  if (known !== undefined) return known;
  const row = tx.get(buckets, buckets.key(name));
  if (row === undefined || account === 'global') return undefined;
  return open.keep(tx.partition, name, {
    ...row,
    key: sealer.open(row.sealedKey, sealedPlace(account, row.id)),
    arn: row.zone === undefined ? bucketArn(name) : directoryBucketArn(name, { account, region }),
    policyById: row.policy === undefined ? undefined : byId(row.policy, row.policyPrincipals ?? {}),
  });
}

/** The number of the next bucket, and how many there are. */
export function bucketIdsOf(tx: ReadTransaction): { next: number; count: number } {
  const { next, count } = tx.get(bucketIds, bucketIds.key()) ?? { next: 1, count: 0 };
  return { next, count: count ?? tx.range(buckets).length };
}

export const openBucket = (tx: ReadTransaction, sealer: Sealer, name: string): OpenBucket =>
  findBucket(tx, sealer, name) ?? fail('NoSuchBucket', { about: name });

export function putBucket(tx: Transaction, row: BucketRow): void {
  tx.put(buckets, buckets.key(row.name), row);
  open.forget(tx, row.name);
}

export function dropBucket(tx: Transaction, name: string): void {
  tx.delete(buckets, buckets.key(name));
  open.forget(tx, name);
}

/** What of a bucket is not its row's own: for changes of the row. */
export function rowOf({ key: _, arn: __, policyById: ___, ...row }: OpenBucket): BucketRow {
  return row;
}

/** One-step key derivation (NIST SP 800-56C): the key of one blob, from its bucket's and a salt of 16 bytes. */
export const blobKey = (bucketKey: Uint8Array, salt: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([COUNTER, bucketKey, salt, LABEL]), 'buffer');

const COUNTER = Buffer.from([0, 0, 0, 1]);
const LABEL = Buffer.from('makonis/s3/blob/1');
