/** The public access block of an account: it binds each of its buckets in each region (s3/buckets/block-public-access.ts). */
import type {
  DeletePublicAccessBlockRequest,
  GetPublicAccessBlockOutput,
  GetPublicAccessBlockRequest,
  PublicAccessBlockConfiguration,
  PutPublicAccessBlockRequest,
} from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import type { MemorySlot, Store, Transaction } from '#platform/store/store.ts';
import type { PublicAccess } from '#services/s3control/api.ts';
import { fail } from '#services/s3control/errors.ts';
import { accountPartition, publicAccessBlocks } from '#services/s3control/state.ts';

interface Kept {
  block: PublicAccessBlockConfiguration | undefined;
}

const kept: MemorySlot<Kept> = {
  name: 's3control-public-access',
  load: (partition) => ({ block: partition.read((tx) => tx.get(publicAccessBlocks, publicAccessBlocks.key())) }),
};

export const openPublicAccess = (store: Store): PublicAccess => ({
  blockOf: (account) => accountPartition(store, account).memory(kept).block,
});

export const getPublicAccessBlock = (_: GetPublicAccessBlockRequest, { tx }: Call): GetPublicAccessBlockOutput => ({
  PublicAccessBlockConfiguration:
    tx.get(publicAccessBlocks, publicAccessBlocks.key()) ?? fail('NoSuchPublicAccessBlockConfiguration'),
});

const SETTINGS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const;

/** What is not said is not blocked. */
export const putPublicAccessBlock = (input: PutPublicAccessBlockRequest, { tx }: Call): void => {
  const given = input.PublicAccessBlockConfiguration;
  const block = Object.fromEntries(SETTINGS.map((name) => [name, given[name] ?? false]));
  tx.put(publicAccessBlocks, publicAccessBlocks.key(), block);
  keep(tx, block);
};

export const deletePublicAccessBlock = (_: DeletePublicAccessBlockRequest, { tx }: Call): void => {
  tx.delete(publicAccessBlocks, publicAccessBlocks.key());
  keep(tx, undefined);
};

function keep(tx: Transaction, block: PublicAccessBlockConfiguration | undefined): void {
  const memory = tx.partition.memory(kept);
  const before = memory.block;
  memory.block = block;
  tx.onUndo(() => {
    memory.block = before;
  });
}
