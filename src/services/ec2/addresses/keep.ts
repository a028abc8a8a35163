/** What public addresses need now and then: their time in the bill, and that what is spare for long goes back to all. */
import { hours } from '#platform/base/clock.ts';
import { isAccountId } from '#platform/base/ids.ts';
import type { Reconciler } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import { meterAddresses } from '#services/ec2/addresses/metering.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

const EVERY = hours(1);

export const keepAddresses =
  ({ publicAddresses }: Pick<Ec2Parts, 'publicAddresses'>): Reconciler =>
  async ({ partition, clock }) => {
    if (!isAccountId(partition.name.account)) return undefined;
    const now = clock.now();
    await again(() => partition.transact((tx) => meterAddresses(tx, now)));
    await publicAddresses.tidy(partition, now);
    return EVERY;
  };
