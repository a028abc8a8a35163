/** A bucket's replication configuration. Its destinations are looked at when it is put, and again for each object. */
import { parseArn } from '#platform/base/arn.ts';
import { randomBytes } from '#platform/base/ids.ts';
import type {
  DeleteBucketReplicationRequest,
  GetBucketReplicationOutput,
  GetBucketReplicationRequest,
  PutBucketReplicationRequest,
  ReplicationRule,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { findBucket, type OpenBucket, openBucket, putBucket, rowOf } from '#services/s3/buckets/open-bucket.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { checkConfiguration } from '#services/s3/replication/check.ts';
import { destinationOf } from '#services/s3/replication/rules.ts';
import { type KeptConfiguration, REPLICATION_SETTING } from '#services/s3/replication/state.ts';
import { partitionOf, settings } from '#services/s3/state.ts';

export function configurationOf(tx: ReadTransaction, bucket: OpenBucket): KeptConfiguration | undefined {
  if (!bucket.hasReplication) return undefined;
  // Written below.
  return tx.get(settings, settings.key(bucket.id, REPLICATION_SETTING)) as KeptConfiguration | undefined;
}

export const getBucketReplication =
  (parts: S3Parts) =>
  (input: GetBucketReplicationRequest, call: Call): GetBucketReplicationOutput => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const ReplicationConfiguration = configurationOf(call.tx, bucket);
    return { ReplicationConfiguration: ReplicationConfiguration ?? notFound(bucket) };
  };

const notFound = ({ name }: OpenBucket): never => fail('ReplicationConfigurationNotFoundError', { about: name });

/** The whole set is replaced. Rules without an id get one. */
export const putBucketReplication =
  (parts: S3Parts) =>
  async (input: PutBucketReplicationRequest, call: Call): Promise<void> => {
    const { ReplicationConfiguration: given } = input;
    checkConfiguration(given, input.Bucket);
    for (const rule of given.Rules) checkDestination(parts, rule);
    call.transact((tx) => {
      const bucket = openBucket(tx, parts.sealer, input.Bucket);
      if (bucket.versioning !== 'Enabled') {
        const message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
        fail('InvalidRequest', { message });
      }
      const Rules = given.Rules.map((rule) => ({ ...rule, ID: rule.ID ?? randomBytes(36).toString('base64url') }));
      tx.put(settings, settings.key(bucket.id, REPLICATION_SETTING), { Role: given.Role, Rules });
      putBucket(tx, { ...rowOf(bucket), hasReplication: true });
    });
  };

function checkDestination(parts: S3Parts, rule: ReplicationRule): void {
  const name = destinationOf(rule);
  const missing = (): never => fail('InvalidRequest', { message: 'Destination bucket must exist.' });
  const place = parts.directory.find(name) ?? missing();
  const bucket = partitionOf(parts.store, place).read((tx) => findBucket(tx, parts.sealer, name)) ?? missing();
  if (bucket.versioning !== 'Enabled')
    fail('InvalidRequest', { message: 'Destination bucket must have versioning enabled.' });
  const { Account, EncryptionConfiguration } = rule.Destination;
  if (Account !== undefined && Account !== place.account)
    invalidArgument('Account', Account, 'Destination bucket is not owned by the specified account');
  const key = EncryptionConfiguration?.ReplicaKmsKeyID;
  if (key !== undefined && parseArn(key)?.region !== place.region)
    invalidArgument('ReplicaKmsKeyID', key, 'Invalid ReplicaKmsKeyID ARN.');
}

export const deleteBucketReplication =
  (parts: S3Parts) =>
  (input: DeleteBucketReplicationRequest, call: Call): void => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    call.tx.delete(settings, settings.key(bucket.id, REPLICATION_SETTING));
    const { hasReplication: _, ...row } = rowOf(bucket);
    putBucket(call.tx, row);
  };
