/**
 * Who has which bucket name. Names are one space for all accounts and regions, so they live in a directory of their own; each
 * request asks it first, mostly in memory. A name is claimed before its bucket is made and given back after it is gone: a
 * crash in between leaves a claim of the same account, which the next attempt finds and goes on with. Making and removing wait
 * for one another, or a removal could give back the name that a new bucket has just claimed.
 */
import type { AccountId, Region } from '#platform/base/ids.ts';
import { type InTurn, newInTurn } from '#platform/base/in-turn.ts';
import { again } from '#platform/store/again.ts';
import { keptRows } from '#platform/store/kept-rows.ts';
import type { Store, Transaction } from '#platform/store/store.ts';
import { fail } from '#services/s3/errors.ts';
import { directoryOf, type NameRow, names } from '#services/s3/state.ts';

const kept = keptRows<NameRow>('s3-names', 100_000);

export interface Directory {
  find(name: string): NameRow | undefined;
  /** Throws NoSuchBucket. */
  ownerOf(name: string): NameRow;
  /** The name is this account's from now on, if it was nobody's; answers whose it is. On disk when the promise resolves. */
  claim(name: string, claimant: NameRow): Promise<NameRow>;
  release(name: string): Promise<void>;
  /** For what claims or releases: by name, one after another. */
  readonly inTurn: InTurn;
}

export function openDirectory(store: Store): Directory {
  const partition = () => directoryOf(store);
  const find = (name: string): NameRow | undefined => {
    const known = kept.get(partition(), name);
    if (known !== undefined) return known;
    const row = partition().read((tx) => tx.get(names, names.key(name)));
    return row && kept.keep(partition(), name, row);
  };
  return {
    inTurn: newInTurn(),
    find,
    ownerOf: (name) => find(name) ?? fail('NoSuchBucket', { about: name }),
    async claim(name, claimant) {
      const claimed = (tx: Transaction): NameRow => {
        const row = tx.get(names, names.key(name));
        if (row !== undefined) return row;
        tx.put(names, names.key(name), claimant);
        return claimant;
      };
      const owner = await again(() => partition().transact(claimed));
      await partition().durable();
      return owner;
    },
    async release(name) {
      partition().transact((tx) => {
        tx.delete(names, names.key(name));
        kept.forget(tx, name);
      });
      await partition().durable();
    },
  };
}

/**
 * For an operation's declaration: a bucket's calls work on its owner's partition. Buckets of the other service are as good as not
 * there.
 */
export const ownerOfBucket =
  (directory: Directory, service?: 's3express') =>
  ({ Bucket, ExpectedBucketOwner: expected }: OnBucket): { account: AccountId; region: Region } => {
    const owner = directory.ownerOf(Bucket);
    if (owner.service !== service) fail('NoSuchBucket', { about: Bucket });
    checkExpectedOwner(owner, expected);
    return owner;
  };

interface OnBucket {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
}

/** "If the account ID that you provide does not match the actual owner of the bucket, the request fails with … 403". */
export function checkExpectedOwner({ account }: NameRow, expected: string | undefined): void {
  if (expected !== undefined && expected !== account) fail('AccessDenied');
}
