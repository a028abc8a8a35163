/**
 * Images and snapshots that are shared. Each belongs to its owner's partition, which says with whom; a directory of the region names
 * the owner of whatever was ever shared, so that others find it by its id. The directory may name too much (its entry is written first,
 * and stays), never too little: the owner's row has the word.
 */
import type { AccountId, Region } from '#platform/base/ids.ts';
import { again } from '#platform/store/again.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { Partition, ReadTransaction } from '#platform/store/store.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import type { Rows } from '#services/ec2/rows.ts';
import { storageSettings } from '#services/ec2/storage/state.ts';

/** Everybody, in a list of accounts. */
export const EVERYBODY = 'all';

/** Id -> who has it. */
const owners = table('shared', [text], jsonRows<{ readonly account: AccountId }>(1));

type Parts = Pick<Ec2Parts, 'store'>;

interface Sharable {
  readonly id: string;
  readonly sharedWith: readonly string[];
}

export interface Shared<Row> {
  readonly row: Row;
  readonly owner: AccountId;
}

const directory = ({ store }: Parts, region: Region): Partition =>
  store.partition({ service: 'ec2', account: 'global', region });
const partitionOf = ({ store }: Parts, account: AccountId, region: Region): Partition =>
  store.partition({ service: 'ec2', account, region });

const isSharedWith = ({ sharedWith }: Sharable, account: string): boolean =>
  sharedWith.includes(EVERYBODY) || sharedWith.includes(account);

/** One that somebody else has shared with this account. */
export function findShared<Row extends Sharable>(
  parts: Parts,
  place: { readonly account: string; readonly region: Region },
  rows: Rows<Row>,
  id: string,
): Shared<Row> | undefined {
  const owner = directory(parts, place.region).read((tx) => tx.get(owners, owners.key(id)))?.account;
  if (owner === undefined || owner === place.account) return undefined;
  return partitionOf(parts, owner, place.region).read((tx) => {
    const row = rows.find(tx, id);
    if (row === undefined || !isSharedWith(row, place.account)) return undefined;
    return isHidden(tx, row, place.account) ? undefined : { row, owner };
  });
}

/** "Snapshots that are already publicly shared are … treated as private", where their owner has decided so. */
const isHidden = (tx: ReadTransaction, { id, sharedWith }: Sharable, account: string): boolean =>
  id.startsWith('snap-') &&
  !sharedWith.includes(account) &&
  storageSettings(tx).snapshotSharing === 'block-all-sharing';

/** All that others have shared with this account, of these rows, in the order of ids. */
export function allShared<Row extends Sharable>(
  parts: Parts,
  place: { readonly account: string; readonly region: Region },
  rows: Rows<Row>,
  prefix: string,
): Shared<Row>[] {
  const ids = directory(parts, place.region).read((tx) => tx.range(owners).map(({ key }) => owners.parts(key)[0]));
  return ids.filter((id) => id.startsWith(prefix)).flatMap((id) => findShared(parts, place, rows, id) ?? []);
}

/** Before the owner's row says that it is shared with anybody. */
export async function announce(
  parts: Parts,
  { account, region }: { readonly account: AccountId; readonly region: Region },
  id: string,
): Promise<void> {
  const partition = await again(() => directory(parts, region));
  await again(() => partition.transact((tx) => tx.put(owners, owners.key(id), { account })));
  await partition.durable();
}
