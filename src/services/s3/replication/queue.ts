/**
 * What happens to a version is told to its destinations by the outbox, in the transaction that it happens in: a crash loses no
 * order, and an order says which version and where, never what. It is carried out by what the version is by then (run.ts).
 */
import { hash } from 'node:crypto';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { send } from '#platform/jobs/outbox.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { ReplicationRule } from '#platform/model/generated/s3.ts';
import type { TimerJob } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { bucketArn } from '#services/s3/names.ts';
import { putVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import { configurationOf } from '#services/s3/replication/configuration.ts';
import { destinationOf, hasTimeControl, rulesFor, takesReplicaChanges } from '#services/s3/replication/rules.ts';
import type { ReplicaState, ReplicationOrder } from '#services/s3/replication/state.ts';
import type { VersionRow } from '#services/s3/state.ts';

export const REPLICATE_WORK = 'Replicate';
export const AGAIN_JOB = 'replicate-again';
export const THRESHOLD_JOB = 'replication-threshold';
export const THRESHOLD: Milliseconds = minutes(15);
/** The orders of a key keep their sequence; those of different keys run beside each other, up to this. */
const LANES = 16;

/** A version that was made by a request just now. */
export function replicateNew(tx: Transaction, bucket: OpenBucket, key: string, row: VersionRow, now: number): void {
  const configuration = configurationOf(tx, bucket);
  if (configuration === undefined) return;
  const rules = rulesFor(configuration.Rules, key, row);
  if (rules.length > 0) putVersion(tx, bucket, key, order(tx, bucket, key, row, rules, now));
}

/** The row to be put of a version whose tags, list or lock have changed. */
export function replicateChange(
  tx: Transaction,
  bucket: OpenBucket,
  key: string,
  row: VersionRow,
  now: number,
): VersionRow {
  const configuration = row.replication && configurationOf(tx, bucket);
  if (configuration === undefined) return row;
  const { isReplica, targets = {} } = row.replication ?? {};
  // It goes where it has gone before, whatever its tags say now; a replica goes back by rules that say so.
  const rules = isReplica
    ? rulesFor(configuration.Rules, key, row).filter(takesReplicaChanges)
    : configuration.Rules.filter((rule) => rule.Status === 'Enabled' && targets[destinationOf(rule)]?.rule === rule.ID);
  return rules.length > 0 ? order(tx, bucket, key, row, rules, now) : row;
}

/** Orders the version into the rules' destinations; answers its row. */
function order(
  tx: Transaction,
  bucket: OpenBucket,
  key: string,
  row: VersionRow,
  rules: readonly ReplicationRule[],
  now: number,
): VersionRow {
  const pending = pendingIn(row, rules, now);
  for (const rule of rules) {
    const one = orderOf(bucket, key, row, destinationOf(rule), now);
    sendOrder(tx, one, now);
    if (hasTimeControl(rule)) setThreshold(tx, one);
  }
  return pending;
}

export function pendingIn(row: VersionRow, rules: readonly ReplicationRule[], now: number): VersionRow {
  const targets: Record<string, ReplicaState> = { ...row.replication?.targets };
  for (const rule of rules) targets[destinationOf(rule)] = { rule: rule.ID ?? '', status: 'PENDING', since: now };
  return { ...row, replication: { ...row.replication, targets } };
}

export const orderOf = (
  bucket: OpenBucket,
  key: string,
  row: VersionRow,
  destination: string,
  since: number,
): ReplicationOrder => ({
  bucket: bucket.name,
  bucketId: bucket.id,
  key,
  versionId: shownVersionId(row),
  destination,
  since,
  tries: 0,
});

function sendOrder(tx: Transaction, order: ReplicationOrder, now: number): void {
  const lane = hash('sha1', order.key, 'buffer').readUInt8(0) % LANES;
  send(tx, now, {
    service: 's3',
    operation: REPLICATE_WORK,
    input: { ...order },
    // A bucket's partition is where its orders are carried out.
    region: tx.partition.name.region,
    sourceArn: bucketArn(order.bucket),
    target: `replication ${order.bucketId} ${order.destination} ${lane}`,
  });
}

export const timerId = ({ bucketId, destination, versionId, key }: ReplicationOrder): string =>
  JSON.stringify([bucketId, destination, versionId, key]);

const setThreshold = (tx: Transaction, order: ReplicationOrder): void =>
  setTimer(tx, { job: THRESHOLD_JOB, id: timerId(order), due: order.since + THRESHOLD, payload: { ...order } });

const LONGEST_PAUSE: Milliseconds = minutes(5);

/** After a failure that may pass. "For temporary failures … replication status … will remain PENDING": there is no last try. */
export function tryAgain(tx: Transaction, order: ReplicationOrder, now: number): void {
  const pause = Math.min(LONGEST_PAUSE, 1000 * 2 ** Math.min(order.tries, 20));
  const payload = { ...order, tries: order.tries + 1 };
  setTimer(tx, { job: AGAIN_JOB, id: timerId(order), due: now + pause, payload });
}

// Set above.
export const sendAgain: TimerJob = (tx, payload, { now }) => sendOrder(tx, payload as unknown as ReplicationOrder, now);
