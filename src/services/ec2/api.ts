/** What other services may ask of EC2. */
import type { Milliseconds } from '#platform/base/clock.ts';
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

/** Where a tunnel through an EC2 Instance Connect Endpoint is to lead, whose it is, and for how long. */
export interface TunnelTarget {
  readonly address: string;
  readonly port: number;
  /** The address of who asks. */
  readonly client: string;
  readonly lasts: Milliseconds;
}

/** Why there is no tunnel. */
export type NoTunnel = 'no-endpoint' | 'outside-vpc' | 'client-not-shown' | 'too-many';

export interface TunnelsApi {
  tunnel(endpoint: InstancePlace, target: TunnelTarget): OpenConnection | NoTunnel;
}

export interface InstancesApi {
  /** As it is on disk; undefined: there is no such instance. */
  look(place: InstancePlace): Promise<InstanceFacts | undefined>;
  /** A way to the machine's screen or serial line, or why there is none. */
  connection(place: InstancePlace, target: 'screen' | 'serial'): OpenConnection | NoConnection;
  /** Undefined: it is none that EC2 takes. */
  sshKey(text: string): SshKey | undefined;
}
