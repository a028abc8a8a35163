/** What replication keeps: a bucket's rules as they were put, and in each version's row where its replicas are. */
import type { ReplicationConfiguration } from '#platform/model/generated/s3.ts';

/** Of a version in one destination. */
export interface ReplicaState {
  /** The rule that applied. */
  readonly rule: string;
  readonly status: 'PENDING' | 'COMPLETED' | 'FAILED';
  /** When the change came about that is pending, or was last: in milliseconds. A message that carries another time is overtaken. */
  readonly since: number;
}

export interface ReplicationRow {
  /** It came from another bucket. */
  readonly isReplica?: true;
  /** Destination's name -> how far it is there. */
  readonly targets?: Readonly<Record<string, ReplicaState>>;
}

/** The setting's name. */
export const REPLICATION_SETTING = 'replication';

export type ReplicationStatus = 'PENDING' | 'COMPLETED' | 'FAILED' | 'REPLICA';

/** "COMPLETED when replication is successful to all destinations … If one or more destinations fail replication, … FAILED". */
export function statusOf(row: ReplicationRow | undefined): ReplicationStatus | undefined {
  if (row === undefined) return undefined;
  const statuses = new Set(Object.values(row.targets ?? {}).map(({ status }) => status));
  if (statuses.has('FAILED')) return 'FAILED';
  if (statuses.has('PENDING')) return 'PENDING';
  if (row.isReplica) return 'REPLICA';
  return statuses.size > 0 ? 'COMPLETED' : undefined;
}

/** As it is kept: every rule has its id. */
export type KeptConfiguration = ReplicationConfiguration;

/** The message, and the payload of timers, that asks for one version to be brought to one destination. */
export interface ReplicationOrder {
  readonly bucket: string;
  readonly bucketId: number;
  readonly key: string;
  readonly versionId: string;
  readonly destination: string;
  readonly since: number;
  /** By a batch job, to which a replica is a source like any other. */
  readonly isAsked?: true;
  /** Tries that failed for the time being. */
  readonly tries: number;
}
