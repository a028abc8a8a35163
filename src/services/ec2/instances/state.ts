/** Instances. A row says what should be and what was seen to be; the host follows (reconcile.ts). */
import type { Boot } from '#platform/compute/machine.ts';
import { instanceChanges } from '#services/ec2/instances/changes.ts';
import { rowsById } from '#services/ec2/rows.ts';

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export interface InstanceRow {
  readonly id: string;
  readonly reservation: string;
  /** Who asked for it, where a service did for its user. */
  readonly requester?: string;
  readonly launchIndex: number;
  readonly image: string;
  /** Of the image, which may be gone before the instance. */
  readonly boot: Boot;
  readonly type: string;
  readonly state: InstanceState;
  readonly transitionReason: string;
  /** `Client.UserInitiatedShutdown` */
  readonly stateReason?: StateReason;
  readonly keyName?: string;
  readonly zone: string;
  readonly vpc: string;
  readonly subnet: string;
  /** By device index; kept also while detached from what runs. */
  readonly interfaces: readonly string[];
  readonly devices: readonly InstanceDevice[];
  readonly rootDevice: string;
  /** A public address is borrowed for it each time that it starts. */
  readonly borrowsPublicIp: boolean;
  readonly profile?: ProfileAssociation;
  readonly shutdownBehaviour: 'stop' | 'terminate';
  readonly isTerminationProtected: boolean;
  readonly isStopProtected: boolean;
  readonly isMonitored: boolean;
  readonly isEbsOptimized: boolean;
  readonly cpu: CpuOptions;
  readonly metadata: MetadataOptions;
  /** Of types that save up processor time (T2, T3 ...). */
  readonly credits?: 'standard' | 'unlimited';
  /** Whether it is started again when its host failed. */
  readonly recovers: boolean;
  readonly names: NameOptions;
  readonly uuid: string;
  readonly clientToken?: string;
  /** Of the last start. */
  readonly launchedAt: number;
  readonly createdAt: number;
  readonly terminatedAt?: number;
  /** What the host was seen to run last. */
  readonly isOnHost: boolean;
  /** It has run before: a start that fails leaves it stopped, a launch that fails ends it. */
  readonly hasRun: boolean;
  /** How it is brought down, while it is stopping or shutting down. */
  readonly down?: { readonly isForced: boolean; readonly deadline: number };
  /** Its guest is to shut down and start again; after `deadline` it is reset. */
  readonly reboot?: { readonly deadline: number };
  /** Up to when its time is in the bill; undefined while it does not run. */
  readonly meteredUntil?: number;
  /** Of the last status check, since when it is so; undefined: it has started, and was not seen to run yet. */
  readonly check?: { readonly isPassed: boolean; readonly since: number };
}

export interface StateReason {
  readonly code: string;
  readonly message: string;
}

export interface InstanceDevice {
  readonly device: string;
  readonly volume: string;
}

export interface CpuOptions {
  readonly cores: number;
  readonly threadsPerCore: number;
}

/** The ARN, and the id that the profile had when it was associated. */
export interface ProfileAssociation {
  readonly arn: string;
  readonly id: string;
  /** `iip-assoc-…` */
  readonly association: string;
  readonly associatedAt: number;
}

export interface MetadataOptions {
  readonly isEnabled: boolean;
  readonly requiresTokens: boolean;
  /** 1 to 64 */
  readonly hopLimit: number;
  readonly showsTags: boolean;
}

export interface NameOptions {
  readonly type: 'ip-name' | 'resource-name';
  readonly hasARecord: boolean;
}

export const instances = rowsById<InstanceRow>('instance', { changes: instanceChanges, keeps: 20_000 });
/** Base 64, as it came: a secret of its instance's. */
export const userData = rowsById<{ readonly id: string; readonly base64: string }>('user-data', { isSealed: true });
