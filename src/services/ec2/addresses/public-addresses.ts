/**
 * Public addresses. A host gives out those of one block, so no two accounts or regions may ever have the same one: a directory says
 * whose each is. An account asks it for an address when it has none to spare, before the transaction that needs one (`Suspend`),
 * and keeps what it gives up for an hour, so that it can be had again (AllocateAddress, "to recover an Elastic IP address").
 *
 * The directory is written first when an address is taken, last when it is given back. A crash in between leaves an entry of an
 * address that its account doesn't know of; `tidy` gives it back.
 */
import { hours } from '#platform/base/clock.ts';
import { GLOBAL_REGION, guessBelow } from '#platform/base/ids.ts';
import { type Block, blockOf, formatIp, sizeOf } from '#platform/network/ipv4.ts';
import { again } from '#platform/store/again.ts';
import { type Partition, type ReadTransaction, type Store, Suspend, type Transaction } from '#platform/store/store.ts';
import { addresses, publicAddressOwners, spareAddresses } from '#services/ec2/addresses/state.ts';
import { fail } from '#services/ec2/errors.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';

export interface PublicAddresses {
  /** One that is the account's own from now on. Throws Suspend where the directory has to be asked first. */
  take(tx: Transaction): string;
  /** Until there is one to take: for whoever has no transaction that could be run again. */
  prepare(partition: Partition): Promise<void>;
  /** Gives back what has been to spare for long, and what the account doesn't know of. */
  tidy(partition: Partition, now: number): Promise<void>;
}

const KEPT_FOR = hours(1);
/** At random first; then one after another. */
const GUESSES = 32;
/** The block's own address and the host's are before, its broadcast address is behind. */
const [BEFORE, BEHIND] = [2, 1];

export function openPublicAddresses(store: Store, cidr: string | undefined): PublicAddresses {
  const block = cidr === undefined ? undefined : blockOf(cidr);
  const directory = (): Partition => store.partition({ service: 'ec2', account: 'global', region: GLOBAL_REGION });
  /** Those that are the account's in the directory, and not in its own rows yet. */
  const arriving = new Set<string>();

  async function prepare(partition: Partition): Promise<void> {
    // Not within the transaction that asks.
    await undefined;
    if (block === undefined) return fail('NoPublicAddresses');
    const { account, region } = partition.name;
    const ip = await again(() =>
      directory().transact((tx) => {
        const free = freeAddress(tx, block) ?? fail('NoPublicAddresses');
        tx.put(publicAddressOwners, publicAddressOwners.key(free), { account, region });
        arriving.add(free);
        tx.onUndo(() => arriving.delete(free));
        return free;
      }),
    );
    try {
      await directory().durable();
      // Since ever: it is the first to be given back, if nobody takes it.
      await again(() => partition.transact((tx) => tx.put(spareAddresses, spareAddresses.key(ip), { since: 0 })));
    } finally {
      arriving.delete(ip);
    }
    await partition.durable();
  }

  return {
    take(tx) {
      const [spare] = tx.range(spareAddresses, { limit: 1 });
      if (spare === undefined) throw new Suspend(prepare(tx.partition));
      tx.delete(spareAddresses, spare.key);
      return spareAddresses.parts(spare.key)[0];
    },
    prepare,
    tidy: (partition, now) => tidy(directory, arriving, partition, now),
  };
}

/** Together with the row that had it. */
export function givePublicIpUp(tx: Transaction, ip: string, now: number): void {
  tx.put(spareAddresses, spareAddresses.key(ip), { since: now });
}

/** Whether it was there to spare, and is the account's to use again. */
export function takeSpare(tx: Transaction, ip: string): boolean {
  const key = spareAddresses.key(ip);
  if (tx.get(spareAddresses, key) === undefined) return false;
  tx.delete(spareAddresses, key);
  return true;
}

function freeAddress(tx: ReadTransaction, block: Block): string | undefined {
  const count = sizeOf(block) - BEFORE - BEHIND;
  const isFree = (ip: string): boolean => tx.get(publicAddressOwners, publicAddressOwners.key(ip)) === undefined;
  const at = (offset: number): string => formatIp(block.first + BEFORE + offset);
  for (let guess = 0; guess < GUESSES && count > 0; guess++) {
    const ip = at(guessBelow(count));
    if (isFree(ip)) return ip;
  }
  for (let offset = 0; offset < count; offset++) if (isFree(at(offset))) return at(offset);
  return undefined;
}

async function tidy(
  directory: () => Partition,
  arriving: ReadonlySet<string>,
  partition: Partition,
  now: number,
): Promise<void> {
  const { account, region } = partition.name;
  await again(() =>
    partition.transact((tx) => {
      for (const { key, row } of tx.range(spareAddresses))
        if (row.since < now - KEPT_FOR) tx.delete(spareAddresses, key);
    }),
  );
  await partition.durable();
  await again(() => {
    // In one turn: what arrives meanwhile is in one of the two.
    const known = partition.read(knownAddresses);
    directory().transact((tx) => {
      for (const { key, row } of tx.range(publicAddressOwners)) {
        if (row.account !== account || row.region !== region) continue;
        const [ip] = publicAddressOwners.parts(key);
        if (!known.has(ip) && !arriving.has(ip)) tx.delete(publicAddressOwners, key);
      }
    });
  });
  await directory().durable();
}

const knownAddresses = (tx: ReadTransaction): ReadonlySet<string> =>
  new Set([
    ...tx.range(spareAddresses).map(({ key }) => spareAddresses.parts(key)[0]),
    ...addresses.all(tx).map(({ publicIp }) => publicIp),
    ...networkInterfaces.all(tx).flatMap((row) => row.addresses.flatMap(({ publicIp }) => publicIp ?? [])),
  ]);
