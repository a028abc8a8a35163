/**
 * What a bucket may have a thousand of, each under an id: configurations of inventory, analytics, request metrics and tiering. Each is a
 * setting of the bucket, `<kind>/<id>`, kept as it was put. The owner's memory has those of a bucket at hand: answers to requests ask
 * for them.
 */
import type { Call } from '#platform/service.ts';
import type { MemorySlot, ReadTransaction, Transaction } from '#platform/store/store.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, settings } from '#services/s3/state.ts';

/** "You can have up to 1,000 … configurations per bucket." */
const MOST_CONFIGURATIONS = 1000;
/** "This action supports list pagination and does not return more than 100 configurations at a time." */
const LISTED_AT_ONCE = 100;
/** "The ID has a 64 character limit and can only contain letters, numbers, periods, dashes, and underscores." */
const ID_FORM = /^[A-Za-z0-9._-]{1,64}$/;

export interface Configuration {
  readonly Id: string;
}

export interface ConfigurationKind<Kept extends Configuration> {
  readonly name: string;
  /** Throws if the bucket can't have it. */
  readonly check: (configuration: Kept, call: Call) => void;
  /** In the transaction that keeps it. */
  readonly onPut?: (tx: Transaction, bucket: BucketRow, configuration: Kept, now: number) => void;
  readonly onRemove?: (tx: Transaction, bucket: BucketRow, id: string) => void;
}

type Named = Pick<ConfigurationKind<never>, 'name'>;

interface KnownConfigurations {
  /** Bucket's id, kind -> its configurations; none is worth knowing too. */
  readonly all: Map<string, readonly Configuration[]>;
  /** What `all` has taken in so far, which bounds what it holds. */
  size: number;
}

const MOST_KEPT = 20_000;
const kept: MemorySlot<KnownConfigurations> = { name: 's3-configurations', load: () => ({ all: new Map(), size: 0 }) };

const placeOf = (bucket: Pick<BucketRow, 'id'>, { name }: Named, id: string) =>
  settings.key(bucket.id, `${name}/${id}`);

/** In the order of their ids. */
export function configurationsOf<Kept extends Configuration>(
  tx: ReadTransaction,
  bucket: Pick<BucketRow, 'id'>,
  kind: Pick<ConfigurationKind<Kept>, 'name'>,
): readonly Kept[] {
  let found = tx.partition.memory(kept).all.get(`${bucket.id} ${kind.name}`);
  if (found === undefined) {
    const range = { from: placeOf(bucket, kind, ''), before: settings.key(bucket.id, `${kind.name}0`) };
    // Written below.
    found = tx.range(settings, range).map(({ row }) => row as unknown as Configuration);
    remember(tx, bucket, kind, found);
  }
  // Of a kind there are only its own.
  return found as readonly Kept[];
}

function remember(
  tx: ReadTransaction,
  bucket: Pick<BucketRow, 'id'>,
  { name }: Named,
  found: readonly Configuration[],
) {
  const memory = tx.partition.memory(kept);
  const added = found.length + 1;
  if (memory.size + added > MOST_KEPT) {
    memory.all.clear();
    memory.size = 0;
  }
  memory.size += added;
  memory.all.set(`${bucket.id} ${name}`, found);
}

/** What was read between the change and its undoing is as wrong as what was there before. */
function change(tx: Transaction, bucket: BucketRow, kind: Named, all: readonly Configuration[]): void {
  remember(tx, bucket, kind, all);
  tx.onUndo(() => tx.partition.memory(kept).all.delete(`${bucket.id} ${kind.name}`));
}

interface OnBucket {
  readonly Bucket: string;
}
export interface OnConfiguration extends OnBucket {
  readonly Id: string;
}
export interface OnList extends OnBucket {
  readonly ContinuationToken?: string;
}
export interface Paging {
  readonly IsTruncated: boolean;
  readonly ContinuationToken?: string;
  readonly NextContinuationToken?: string;
}

const byId = (one: Configuration, other: Configuration): number => (one.Id < other.Id ? -1 : 1);

/** What the four operations on configurations of a kind do. */
export function keeperOf<Kept extends Configuration>({ sealer, pages }: S3Parts, kind: ConfigurationKind<Kept>) {
  const find = ({ Bucket, Id }: OnConfiguration, call: Call) => {
    const bucket = openBucket(call.tx, sealer, Bucket);
    const found = configurationsOf<Kept>(call.tx, bucket, kind).find((each) => each.Id === Id);
    return { bucket, found: found ?? fail('NoSuchConfiguration') };
  };
  return {
    put({ Bucket, Id }: OnConfiguration, given: Kept, call: Call): void {
      if (!ID_FORM.test(Id)) invalidArgument('id', Id, 'The specified configuration id is invalid.');
      if (given.Id !== Id) invalidArgument('id', Id, 'The ID in the URL does not match the ID in the configuration.');
      kind.check(given, call);
      const bucket = openBucket(call.tx, sealer, Bucket);
      const all = configurationsOf<Kept>(call.tx, bucket, kind);
      const others = all.filter((each) => each.Id !== Id);
      if (others.length >= MOST_CONFIGURATIONS) fail('TooManyConfigurations');
      // A structure of the model's: plain data.
      call.tx.put(settings, placeOf(bucket, kind, Id), given as unknown as Readonly<Record<string, unknown>>);
      change(call.tx, bucket, kind, [...others, given].sort(byId));
      kind.onPut?.(call.tx, bucket, given, call.now);
    },
    get: (input: OnConfiguration, call: Call): Kept => find(input, call).found,
    remove(input: OnConfiguration, call: Call): void {
      const { bucket } = find(input, call);
      call.tx.delete(settings, placeOf(bucket, kind, input.Id));
      const all = configurationsOf<Kept>(call.tx, bucket, kind);
      change(
        call.tx,
        bucket,
        kind,
        all.filter(({ Id }) => Id !== input.Id),
      );
      kind.onRemove?.(call.tx, bucket, input.Id);
    },
    list({ Bucket, ContinuationToken: token }: OnList, call: Call): { configurations: Kept[]; paging: Paging } {
      const bucket = openBucket(call.tx, sealer, Bucket);
      const refuse = () => invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
      const after = token === undefined ? '' : pages.open(call, Bucket, token, refuse);
      const rest = configurationsOf<Kept>(call.tx, bucket, kind).filter(({ Id }) => Id > after);
      const page = rest.slice(0, LISTED_AT_ONCE);
      const last = page.at(-1);
      const isTruncated = rest.length > page.length;
      return {
        configurations: page,
        paging: {
          IsTruncated: isTruncated,
          ...(token !== undefined && { ContinuationToken: token }),
          ...(isTruncated && last !== undefined && { NextContinuationToken: pages.seal(call, Bucket, last.Id) }),
        },
      };
    },
  };
}
