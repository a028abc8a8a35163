/**
 * Carrying out an order: a version is read in its bucket and written into a destination, both as the role of the configuration, and
 * the source's row says how it went. Orders may come twice and in any sequence: each looks at what the version is now.
 */
import { ServiceError } from '#platform/error.ts';
import type { Assumption } from '#platform/jobs/as-role.ts';
import { cancelTimer } from '#platform/jobs/timers.ts';
import { meter } from '#platform/metering/usage.ts';
import type { ReplicationRule } from '#platform/model/generated/s3.ts';
import type { JobCall, Output, TimerJob, Work } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';
import { findBucket, type OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { bucketArn } from '#services/s3/names.ts';
import { findVersion, putVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { configurationOf } from '#services/s3/replication/configuration.ts';
import { tellReplication } from '#services/s3/replication/events.ts';
import { type FailureReason, isPassing, reasonOf } from '#services/s3/replication/failures.ts';
import { THRESHOLD, THRESHOLD_JOB, timerId, tryAgain } from '#services/s3/replication/queue.ts';
import { destinationOf, hasTimeControl } from '#services/s3/replication/rules.ts';
import type { KeptConfiguration, ReplicaState, ReplicationOrder } from '#services/s3/replication/state.ts';
import type { VersionRow } from '#services/s3/state.ts';

/** The name that sessions of S3's replication have. */
const SESSION = 's3-replication';

type Outcome =
  | { readonly status: 'COMPLETED'; readonly output: Output }
  | { readonly status: 'FAILED'; readonly reason: FailureReason };

type Place = Pick<JobCall, 'account' | 'region' | 'partition' | 'clock'>;

export const replicate =
  (parts: S3Parts): Work =>
  async (input, job) => {
    // Sent by queue.ts.
    const order = input as unknown as ReplicationOrder;
    try {
      await carryOut(parts, order, job);
    } catch (error) {
      if (!isPassing(error)) throw error;
      job.log.log('warn', 'replication waits', { key: order.key, to: order.destination, reason: String(error) });
      await again(() => job.partition.transact((tx) => tryAgain(tx, order, job.clock.now())));
    }
  };

/** Undefined: there is nothing to do, or something newer. Throws what may pass. */
export async function carryOut(parts: S3Parts, order: ReplicationOrder, place: Place): Promise<Outcome | undefined> {
  const found = await again(() => find(parts, order, place));
  if (found === undefined || found.state.since !== order.since) return undefined;
  // What a crash can take back must not show in another bucket.
  await place.partition.durable();
  const outcome = await bring(parts, order, found, place);
  await again(() => place.partition.transact((tx) => settle(tx, parts, order, outcome, place)));
  return outcome;
}

interface Found {
  readonly bucket: OpenBucket;
  readonly row: VersionRow;
  readonly state: ReplicaState;
  readonly configuration: KeptConfiguration | undefined;
}

/** Undefined if the version, or the bucket that it was in, is gone. */
function find(parts: S3Parts, order: ReplicationOrder, { partition }: Place): Found | undefined {
  return partition.read((tx) => {
    const bucket = findBucket(tx, parts.sealer, order.bucket);
    if (bucket === undefined || bucket.id !== order.bucketId) return undefined;
    const row = findVersion(tx, bucket, order.key, order.versionId);
    const state = row?.replication?.targets?.[order.destination];
    return row && state && { bucket, row, state, configuration: configurationOf(tx, bucket) };
  });
}

async function bring(parts: S3Parts, order: ReplicationOrder, found: Found, place: Place): Promise<Outcome> {
  const { configuration, state, bucket } = found;
  const rule = configuration?.Rules.find(({ ID, Status }) => ID === state.rule && Status === 'Enabled');
  if (configuration === undefined || rule === undefined || destinationOf(rule) !== order.destination) {
    return { status: 'FAILED', reason: 'SrcBucketReplicationConfigMissing' };
  }
  return bringVersion(parts, assumptionOf(bucket, configuration.Role, place), { ...found, rule }, order, place);
}

const assumptionOf = ({ name }: OpenBucket, role: string, { account, region }: Place): Assumption => ({
  role,
  sessionName: SESSION,
  servicePrincipal: 's3.amazonaws.com',
  sourceArn: bucketArn(name),
  sourceAccount: account,
  region,
});

async function bringVersion(
  parts: S3Parts,
  assumption: Assumption,
  { row, bucket, rule }: Found & { readonly rule: ReplicationRule },
  order: ReplicationOrder,
  place: Place,
): Promise<Outcome> {
  const to = parts.directory.find(order.destination);
  if (to === undefined) return { status: 'FAILED', reason: 'DstBucketNotFound' };
  const target = { Bucket: order.destination, Key: order.key };
  const call = { service: 's3', isInternal: true, region: to.region } as const;
  if (row.isDeleteMarker) {
    const input = { ...target, marker: row };
    return attempt('marker', () => parts.callAsRole(assumption, { ...call, operation: 'WriteMarker', input }));
  }
  const read = { Bucket: order.bucket, Key: order.key, VersionId: order.versionId };
  const reading = { ...call, region: place.region, operation: 'ReadForReplication', input: read };
  const found = await attempt('source', () => parts.callAsRole(assumption, reading));
  if (found.status === 'FAILED') return found;
  // Replicas go nowhere by themselves; what is changed of them does.
  const changesOnly = row.replication?.isReplica === true && !order.isAsked;
  const input = { ...target, ...conditionMembers(row, rule), rule, source: found.output['source'], changesOnly };
  const written = await attempt('replica', () =>
    parts.callAsRole(assumption, { ...call, operation: 'WriteReplica', input }),
  );
  if (written.status === 'COMPLETED' && to.region !== place.region) {
    meterTransfer(place, bucket, Number(written.output['copied']));
  }
  return written;
}

/** What policies may ask of s3:ReplicateObject: the encryption that replicas get. */
function conditionMembers({ encryption }: VersionRow, { Destination }: ReplicationRule) {
  if (encryption === undefined) return { ServerSideEncryption: 'AES256' };
  if (encryption.kind === 'SSE-C') return { SSECustomerAlgorithm: 'AES256' };
  const SSEKMSKeyId = Destination.EncryptionConfiguration?.ReplicaKmsKeyID;
  return { ServerSideEncryption: encryption.kind, ...(SSEKMSKeyId !== undefined && { SSEKMSKeyId }) };
}

async function attempt(of: Parameters<typeof reasonOf>[1], action: () => Promise<Output>): Promise<Outcome> {
  try {
    return { status: 'COMPLETED', output: await action() };
  } catch (error) {
    if (isPassing(error) || !(error instanceof ServiceError)) throw error;
    return { status: 'FAILED', reason: reasonOf(error, of) };
  }
}

function meterTransfer({ partition, clock }: Place, { name }: OpenBucket, bytes: number): void {
  const usage = { usageType: 'AWS-Out-Bytes', operation: 'PutObjectReplication', resource: bucketArn(name) };
  if (bytes > 0) meter(partition, clock.now(), usage, bytes);
}

/** Notes how an order ended, unless a later one is under way. */
function settle(tx: Transaction, parts: S3Parts, order: ReplicationOrder, outcome: Outcome, place: Place): void {
  const found = find(parts, order, place);
  if (found === undefined || found.state.since !== order.since) return;
  const { bucket, row, state, configuration } = found;
  const targets = { ...row.replication?.targets, [order.destination]: { ...state, status: outcome.status } };
  putVersion(tx, bucket, order.key, { ...row, replication: { ...row.replication, targets } });
  cancelTimer(tx, THRESHOLD_JOB, timerId(order));
  const rule = configuration?.Rules.find(({ ID }) => ID === state.rule);
  const about = { bucket, key: order.key, row, rule, since: order.since };
  if (outcome.status === 'FAILED') {
    tellReplication(tx, about, { name: 'OperationFailedReplication', reason: outcome.reason }, place);
  } else if (rule && hasTimeControl(rule) && place.clock.now() > order.since + THRESHOLD) {
    tellReplication(tx, about, { name: 'OperationReplicatedAfterThreshold' }, place);
  }
}

/** Fifteen minutes are over. */
export const missThreshold =
  (parts: S3Parts): TimerJob =>
  (tx, payload, job) => {
    const order = payload as unknown as ReplicationOrder;
    const found = find(parts, order, job);
    if (found === undefined || found.state.since !== order.since || found.state.status !== 'PENDING') return;
    const rule = found.configuration?.Rules.find(({ ID }) => ID === found.state.rule);
    const about = { bucket: found.bucket, key: order.key, row: found.row, rule, since: order.since };
    tellReplication(tx, about, { name: 'OperationMissedThreshold' }, job);
  };
