/**
 * A version that is there already, replicated because a batch job asks for it: "objects that existed before a replication
 * configuration was in place, objects that have previously been replicated, and objects that have failed replication", and replicas.
 * The job hears how it ended.
 */
import type { Call, Output } from '#platform/service.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { findVersion, newest, putVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { configurationOf } from '#services/s3/replication/configuration.ts';
import { NotReplicable } from '#services/s3/replication/failures.ts';
import { orderOf, pendingIn } from '#services/s3/replication/queue.ts';
import { destinationOf, rulesFor } from '#services/s3/replication/rules.ts';
import { carryOut } from '#services/s3/replication/run.ts';

export interface ExistingTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
}

export const replicateExisting =
  (parts: S3Parts) =>
  async ({ Bucket, Key: key, VersionId }: ExistingTarget, call: Call): Promise<Output> => {
    const orders = call.transact((tx) => {
      const bucket = openBucket(tx, parts.sealer, Bucket);
      const configuration = configurationOf(tx, bucket);
      if (configuration === undefined) throw new NotReplicable('SrcBucketReplicationConfigMissing');
      const row = VersionId === undefined ? newest(tx, bucket, key) : findVersion(tx, bucket, key, VersionId);
      if (row === undefined) throw new NotReplicable('SrcVersionNotFound');
      const rules = rulesFor(configuration.Rules, key, row);
      if (rules.length === 0) throw new NotReplicable('SrcObjectNotEligible');
      const now = call.clock.now();
      putVersion(tx, bucket, key, pendingIn(row, rules, now));
      return rules.map((rule) => orderOf(bucket, key, row, destinationOf(rule), now));
    });
    for (const order of orders) {
      const outcome = await carryOut(parts, { ...order, isAsked: true }, call);
      if (outcome?.status === 'FAILED') throw new NotReplicable(outcome.reason);
    }
    return {};
  };
