/** What an account has decided for a region about its volumes, snapshots and images; and bytes that nobody owns any more. */
import { jsonRows, table } from '#platform/store/keys.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { rowsById } from '#services/ec2/rows.ts';

export interface StorageSettings {
  readonly encryptsByDefault?: boolean;
  /** As it was given. */
  readonly defaultKey?: string;
  readonly snapshotSharing?: 'block-all-sharing' | 'block-new-sharing' | 'unblocked';
  /** New accounts block it (User Guide, "Block public access to your AMIs"). */
  readonly imageSharing?: 'block-new-sharing' | 'unblocked';
}

const settings = table('storage-settings', [], jsonRows<StorageSettings>(1));

export const storageSettings = (tx: ReadTransaction): StorageSettings => tx.get(settings, settings.key()) ?? {};

export const changeStorageSettings = (tx: Transaction, change: StorageSettings): void =>
  tx.put(settings, settings.key(), { ...storageSettings(tx), ...change });

/** Snapshots whose row is gone: the host has to forget them. */
export const forgotten = rowsById<{ readonly id: string }>('forgotten-snapshot', { wakes: 'storage' });
