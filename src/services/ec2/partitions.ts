/** EC2's partitions of all accounts and regions, looked at one after another. */
import { again } from '#platform/store/again.ts';
import type { Partition, ReadTransaction, Store } from '#platform/store/store.ts';

/** The first of which it is so. */
export async function partitionWhere(
  store: Store,
  isSo: (tx: ReadTransaction) => boolean,
): Promise<Partition | undefined> {
  for (const name of await again(() => store.partitions({ service: 'ec2' }))) {
    const partition = await again(() => store.partition(name));
    if (await again(() => partition.read(isSo))) return partition;
  }
  return undefined;
}
