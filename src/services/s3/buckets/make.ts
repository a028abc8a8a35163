/** Making a bucket of either type: its name is claimed first, then its row is written. */
import type { Tag } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { checkTags, setTags } from '#platform/tags.ts';
import { bucketIdsOf, findBucket, newSealedKey, openBucket, putBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, bucketIds, type NameRow, partitionOf, settings } from '#services/s3/state.ts';
import { scheduleCount } from '#services/s3/storage/count.ts';

export interface BucketPlan {
  readonly place: NameRow;
  readonly fields: Omit<BucketRow, 'id' | 'createdAt' | 'sealedKey'>;
  /** Name -> document. */
  readonly settings: Readonly<Record<string, object>>;
  readonly tags: readonly Tag[];
  readonly mostBuckets: number;
}

/** In the name's turn (directory.ts). Answers where the caller has one of that name already. */
export async function makeBucket(parts: S3Parts, call: Call, plan: BucketPlan): Promise<NameRow | undefined> {
  const { place, fields } = plan;
  const { name } = fields;
  const owner = await parts.directory.claim(name, place);
  if (owner.account !== place.account) fail('BucketAlreadyExists', { about: name });
  const find = (tx: ReadTransaction) => findBucket(tx, parts.sealer, name);
  const isThere = (await again(() => partitionOf(parts.store, owner).read(find))) !== undefined;
  if (isThere || owner.region !== place.region) return owner;
  await again(() => call.transact((tx) => makeIn(tx, parts, call, plan)));
  return undefined;
}

function makeIn(tx: Transaction, parts: S3Parts, call: Call, plan: BucketPlan): void {
  const { place, fields } = plan;
  const { name } = fields;
  const { next: id, count } = bucketIdsOf(tx);
  if (count >= plan.mostBuckets) fail('TooManyBuckets');
  const tags = checkedTags(plan.tags);
  tx.put(bucketIds, bucketIds.key(), { next: id + 1, count: count + 1 });
  putBucket(tx, { id, createdAt: call.now, ...fields, sealedKey: newSealedKey(parts.sealer, place.account, id) });
  for (const [setting, document] of Object.entries(plan.settings)) {
    tx.put(settings, settings.key(id, setting), document as Readonly<Record<string, unknown>>);
  }
  setTags(tx, openBucket(tx, parts.sealer, name).arn, tags);
  scheduleCount(tx, { id, name }, call.now);
}

function checkedTags(given: readonly Tag[]): Record<string, string> {
  const tags = Object.fromEntries(given.map(({ Key, Value }) => [Key, Value]));
  checkTags(tags, {}, { invalid: 'InvalidTag', tooMany: 'InvalidTag' });
  return tags;
}
