/** What other services may ask of EC2. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { OpenConnection } from '#platform/connections.ts';
import type { InstanceState } from '#services/ec2/instances/state.ts';

export interface InstancePlace {
  readonly account: AccountId;
  readonly region: Region;
  readonly id: string;
}

export interface InstanceFacts {
  readonly state: InstanceState;
  readonly zone: string;
  readonly hypervisor: 'nitro' | 'xen' | undefined;
}

/** A public key in the form that guests and clients of SSH have it in. */
export interface SshKey {
  readonly blob: Buffer;
  /** `ssh-ed25519 AAAA…` */
  readonly line: string;
}

/** Why there is no way to a machine. */
export type NoConnection = 'not-running' | 'serial-console-disabled' | 'serial-console-in-use';

export interface InstancesApi {
  /** As it is on disk; undefined: there is no such instance. */
  look(place: InstancePlace): Promise<InstanceFacts | undefined>;
  /** A way to the machine's screen or serial line, or why there is none. */
  connection(place: InstancePlace, target: 'screen' | 'serial'): OpenConnection | NoConnection;
  /** Undefined: it is none that EC2 takes. */
  sshKey(text: string): SshKey | undefined;
}
