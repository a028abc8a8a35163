/**
 * Sealed tables: their rows hold what users keep (the bodies of messages), and lie on disk and in backups encrypted. A partition, that
 * is an account's part of a service in a region, has a key for each day, derived from the master key: no key is stored, none is
 * used for another account, and none seals more rows than random nonces allow (2^32 are 49,000 a second, all day).
 * A row is bound to its key in the store: moved to another place it does not open. Its form: the day (two bytes), then sealer.ts's.
 *
 * Rows are sealed where they are written to the disk, by the driver: the thread that answers requests has enough to do. What still
 * waits in memory for the disk is not sealed.
 */
import { type Clock, days } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type PurposeSealer, SealBroken, type Sealer } from '#platform/secrets/sealer.ts';

/** Of one partition; `key` is that of the row. */
export interface RowSeal {
  seal(value: Uint8Array, key: string, day: number): Buffer;
  /** Throws SealBroken. */
  open(sealed: Buffer, key: string): Buffer;
}

/** How rows of sealed tables are read from the disk, and by the keys of which day they are written. */
export interface Sealing {
  readonly open: RowSeal['open'];
  readonly today: () => number;
}

/** `partition`: its name as text. */
export type RowSeals = (partition: string) => RowSeal;

/** Whose keys seal today's rows. */
export const dayOf = (clock: Clock): number => Math.floor(clock.now() / days(1));

const DAY_BYTES = 2;
/** Keys of days kept in memory: a backlog is read in the order of its days. */
const MOST_DAYS = 32;

/** Partitions whose keys are kept in memory: to derive one costs more than to seal a row. */
const MOST_PARTITIONS = 1000;

export function rowSeals(sealer: Sealer): RowSeals {
  const seals = new Map<string, RowSeal>();
  return (partition) => {
    if (seals.size > MOST_PARTITIONS) seals.clear();
    return getOrInsert(seals, partition, () => rowSeal(sealer, partition));
  };
}

function rowSeal(sealer: Sealer, partition: string): RowSeal {
  const ofDays = new Map<number, PurposeSealer>();
  const ofDay = (day: number): PurposeSealer => {
    if (ofDays.size > MOST_DAYS) ofDays.clear();
    return getOrInsert(ofDays, day, () => sealer.purpose(`rows/${partition}/${day}`));
  };
  return {
    seal(value, key, day) {
      const sealed = ofDay(day).seal(value, key, DAY_BYTES);
      sealed.writeUInt16BE(day);
      return sealed;
    },
    open(sealed, key) {
      const value = ofDay(sealed.readUInt16BE()).open(sealed.subarray(DAY_BYTES), key);
      if (value === undefined) throw new SealBroken(`a sealed row of ${partition} does not open`);
      return value;
    },
  };
}
