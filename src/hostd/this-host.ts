/** This machine as a host of EC2's, by way of hostd where the server was started as root. Loaded when EC2 is first used. */
import { type Hostd, imageHandsOf, machineHandsOf, networkHandsOf } from '#hostd/hostd.ts';
import { computeFolders } from '#hostd/protocol.ts';
import { lacksForUserNamespace, startHostdAsUser, type UserHostdOptions } from '#hostd/user-namespace.ts';
import type { Clock } from '#platform/base/clock.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Host } from '#platform/compute/host.ts';
import { type ProbeResult, probe } from '#platform/compute/kvm-probe.ts';
import { openHost, type Privileged } from '#platform/compute/qemu/host.ts';
import { INNER_PUBLIC_CIDR } from '#platform/network/user/namespaced.ts';

export interface ThisHostOptions {
  readonly data: string;
  /** Undefined: the server was not started as root, or may make no networks as such. */
  readonly hostd: Hostd | undefined;
  /** For one in namespaces of an ordinary user. */
  readonly user: Pick<UserHostdOptions, 'tag' | 'compileCache'>;
  readonly publicCidr: string;
  readonly overcommit: NonNullable<Host['overcommit']>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Undefined, with the reason in the log, if machines can't run here: all else of EC2 works. */
export async function openThisHost({ data, hostd, user, log, ...options }: ThisHostOptions): Promise<Host | undefined> {
  const onFault = (error: unknown): void => log.log('error', 'fault of a machine', { reason: String(error) });
  try {
    const privileged = hostd === undefined ? await asUser(data, user, log) : privilegedBy(hostd);
    const opened = await openHost({ ...options, folders: computeFolders(data), privileged, onFault });
    const lacks = 'lacks' in opened ? [opened.lacks] : opened.host.lacks;
    for (const reason of lacks) log.log('warn', 'host of machines', { reason });
    if ('lacks' in opened) return undefined;
    const close = async (): Promise<void> => {
      await opened.host.close?.();
      privileged?.close?.();
    };
    return { ...opened.host, close };
  } catch (error) {
    onFault(error);
    return undefined;
  }
}

/** Of a hostd that was started for this host alone, with it. */
interface Hands extends Privileged {
  readonly close?: () => void;
}

/** Undefined: machines have no networks, for the reason that the log has. */
async function asUser(data: string, user: ThisHostOptions['user'], log: Logger): Promise<Hands | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() === 0) return undefined;
  const without = (reason: string): undefined => {
    log.log('warn', 'host of machines', { reason: `without root machines have no networks: ${reason}` });
  };
  const reason = lacksForUserNamespace(data);
  if (reason !== undefined) return without(reason);
  const started = await startHostdAsUser({ ...user, data, publicCidr: INNER_PUBLIC_CIDR }).catch((error: unknown) =>
    without(String(error)),
  );
  if (started === undefined) return undefined;
  const { hostd, wayOut, close } = started;
  const own = { images: undefined, wayOut, probe: () => probe('kvm'), close };
  return { ...privilegedBy(hostd), ...own };
}

const privilegedBy = (hostd: Hostd): Hands => ({
  machines: machineHandsOf(hostd),
  networks: networkHandsOf(hostd),
  images: imageHandsOf(hostd),
  // As hostd answers it.
  probe: async () => (await hostd.call('kvm.probe')).value as ProbeResult,
});
