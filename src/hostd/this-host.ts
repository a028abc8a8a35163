/** This machine as a host of EC2's, by way of hostd where the server was started as root. Loaded when EC2 is first used. */
import { type Hostd, machineHandsOf, networkHandsOf } from '#hostd/hostd.ts';
import { computeFolders } from '#hostd/protocol.ts';
import type { Clock } from '#platform/base/clock.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Host } from '#platform/compute/host.ts';
import type { ProbeResult } from '#platform/compute/kvm-probe.ts';
import { openHost, type Privileged } from '#platform/compute/qemu/host.ts';

export interface ThisHostOptions {
  readonly data: string;
  /** Undefined: the server was not started as root. */
  readonly hostd: Hostd | undefined;
  readonly publicCidr: string;
  readonly overcommit: NonNullable<Host['overcommit']>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Undefined, with the reason in the log, if machines can't run here: all else of EC2 works. */
export async function openThisHost({ data, hostd, log, ...options }: ThisHostOptions): Promise<Host | undefined> {
  const onFault = (error: unknown): void => log.log('error', 'fault of a machine', { reason: String(error) });
  const privileged = hostd && privilegedBy(hostd);
  try {
    const opened = await openHost({ ...options, folders: computeFolders(data), privileged, onFault });
    const lacks = 'lacks' in opened ? [opened.lacks] : opened.host.lacks;
    for (const reason of lacks) log.log('warn', 'host of machines', { reason });
    return 'host' in opened ? opened.host : undefined;
  } catch (error) {
    onFault(error);
    return undefined;
  }
}

const privilegedBy = (hostd: Hostd): Privileged => ({
  machines: machineHandsOf(hostd),
  networks: networkHandsOf(hostd),
  // As hostd answers it.
  probe: async () => (await hostd.call('kvm.probe')).value as ProbeResult,
});
