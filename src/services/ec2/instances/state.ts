/** Instances. A row says what should be and what was seen to be; the host follows (reconcile.ts). */
import { rowsById } from '#services/ec2/rows.ts';

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export interface InstanceRow {
  readonly id: string;
  readonly reservation: string;
  readonly launchIndex: number;
  readonly image: string;
  readonly type: string;
  readonly state: InstanceState;
  readonly transitionReason: string;
  /** `Client.UserInitiatedShutdown` */
  readonly stateReason?: { readonly code: string; readonly message: string };
  readonly keyName?: string;
  readonly zone: string;
  readonly vpc: string;
  readonly subnet: string;
  /** By device index; kept also while detached from what runs. */
  readonly interfaces: readonly string[];
  readonly devices: readonly InstanceDevice[];
  readonly rootDevice: string;
  /** ARN, and the id that the profile has now. */
  readonly profile?: { readonly arn: string; readonly id: string; readonly association: string };
  readonly shutdownBehaviour: 'stop' | 'terminate';
  readonly isTerminationProtected: boolean;
  readonly isStopProtected: boolean;
  readonly isMonitored: boolean;
  readonly isEbsOptimized: boolean;
  readonly cpu: { readonly cores: number; readonly threadsPerCore: number };
  readonly metadata: MetadataOptions;
  readonly uuid: string;
  readonly clientToken?: string;
  /** Of the last start. */
  readonly launchedAt: number;
  readonly createdAt: number;
  readonly terminatedAt?: number;
  /** What the host was seen to run last. */
  readonly isOnHost: boolean;
}

export interface InstanceDevice {
  readonly device: string;
  readonly volume: string;
}

export interface MetadataOptions {
  readonly isEnabled: boolean;
  readonly requiresTokens: boolean;
  /** 1 to 64 */
  readonly hopLimit: number;
  readonly showsTags: boolean;
}

export const instances = rowsById<InstanceRow>('instance');
/** Base 64, as it came: a secret of its instance's. */
export const userData = rowsById<{ readonly id: string; readonly base64: string }>('user-data', { isSealed: true });
