/**
 * Binds the master key to the data: for every key id that ever sealed here, a row holds a sealed constant. Data that was
 * sealed by a key we don't have refuses to start, at once and clearly, not at the first secret that does not open.
 */

import { MasterKeyError, type MasterKeys } from '#platform/secrets/master-key.ts';
import { createSealer, SealBroken } from '#platform/secrets/sealer.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { Partition } from '#platform/store/store.ts';

/** Key id -> a constant, sealed by that key. */
const checkValues = table('seal-check', [text], jsonRows<{ readonly sealed: string }>(1));
const CONSTANT = 'makonis';

const place = (id: number) => ({ account: 'global', record: `seal-check/${id}`, version: 1 });

/** Throws MasterKeyError if `masterKeys` are not those that sealed what the store holds; `global` is any partition that is always there. */
export function checkMasterKeys(masterKeys: MasterKeys, global: Partition): void {
  const sealer = createSealer(masterKeys);
  global.transact((tx) => {
    for (const { key, row } of tx.range(checkValues)) {
      const id = Number(checkValues.parts(key)[0]);
      if (!masterKeys.keys.has(id))
        throw new MasterKeyError(`the master key file lacks key ${id}, which sealed this data`);
      try {
        sealer.open(row.sealed, place(id));
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error;
        throw new MasterKeyError(`the master key file belongs to other data: its key ${id} does not open this one's`);
      }
    }
    const key = checkValues.key(String(masterKeys.current));
    if (!tx.get(checkValues, key)) {
      tx.put(checkValues, key, { sealed: sealer.seal(CONSTANT, place(masterKeys.current)) });
    }
  });
}
