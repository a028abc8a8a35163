/**
 * Sealed tables: their rows hold what users keep (the bodies of messages), and lie on disk and in backups encrypted. A partition, that
 * is an account's part of a service in a region, has a key for each day, derived from the master key: no key is stored, none is
 * used for another account, and none seals more rows than random nonces allow (2^32 are 49,000 a second, all day).
 * A row is bound to its key in the store: moved to another place it does not open. Its form: the day (two bytes), then sealer.ts's.
 */
import { type Clock, days } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type PurposeSealer, SealBroken, type Sealer } from '#platform/secrets/sealer.ts';
import type { Key } from '#platform/store/keys.ts';

/** Of one partition. */
export interface RowSeal {
  seal(key: Key, value: Uint8Array | string): Buffer;
  /** Throws SealBroken. */
  open(key: Key, sealed: Buffer): Buffer;
}

/** `partition`: its name as text. */
export type RowSeals = (partition: string) => RowSeal;

const DAY_BYTES = 2;
/** Keys of days kept in memory: a backlog is read in the order of its days. */
const MOST_DAYS = 32;

export const rowSeals =
  (sealer: Sealer, clock: Clock): RowSeals =>
  (partition) => {
    const ofDays = new Map<number, PurposeSealer>();
    const ofDay = (day: number): PurposeSealer => {
      if (ofDays.size > MOST_DAYS) ofDays.clear();
      return getOrInsert(ofDays, day, () => sealer.purpose(`rows/${partition}/${day}`));
    };
    return {
      seal(key, value) {
        const day = Math.floor(clock.now() / days(1));
        const sealed = ofDay(day).seal(value, key, DAY_BYTES);
        sealed.writeUInt16BE(day);
        return sealed;
      },
      open(key, sealed) {
        const value = ofDay(sealed.readUInt16BE()).open(sealed.subarray(DAY_BYTES), key);
        if (value === undefined) throw new SealBroken(`a sealed row of ${partition} does not open`);
        return value;
      },
    };
  };
