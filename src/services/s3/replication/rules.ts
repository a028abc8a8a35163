/**
 * Which rule brings a version where. Pure. "Amazon S3 attempts to replicate objects according to all replication rules. However, if
 * there are two or more rules with the same destination bucket, then objects are replicated according to the rule with the highest
 * priority" (User Guide, "Replication configuration").
 */
import type { ReplicationRule } from '#platform/model/generated/s3.ts';
import type { VersionRow } from '#services/s3/state.ts';

/** "Objects that are stored in the S3 Glacier Flexible Retrieval or S3 Glacier Deep Archive storage class" are not replicated. */
const NOT_REPLICATED = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** The older form has no Filter. */
export const isVersion1 = ({ Filter, Priority }: ReplicationRule): boolean =>
  Filter === undefined && Priority === undefined;

export interface Selection {
  readonly prefix: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
}

export function selectionOf({ Filter: filter, Prefix: prefix }: ReplicationRule): Selection {
  return {
    prefix: filter?.And?.Prefix ?? filter?.Prefix ?? prefix ?? '',
    tags: filter?.And?.Tags ?? (filter?.Tag === undefined ? [] : [filter.Tag]),
  };
}

/** `arn:aws:s3:::name` -> `name` */
export const destinationOf = ({ Destination: { Bucket } }: ReplicationRule): string =>
  Bucket.slice(Bucket.lastIndexOf(':') + 1);

type Subject = Pick<VersionRow, 'tags' | 'isDeleteMarker' | 'encryption' | 'storageClass'>;

function selects(rule: ReplicationRule, key: string, { tags, isDeleteMarker }: Subject): boolean {
  const selection = selectionOf(rule);
  if (rule.Status !== 'Enabled' || !key.startsWith(selection.prefix)) return false;
  // Markers have no tags: rules that ask for some are not theirs.
  return selection.tags.every(({ Key, Value }) => !isDeleteMarker && tags?.[Key] === Value);
}

function isEligible(rule: ReplicationRule, { isDeleteMarker, encryption, storageClass }: Subject): boolean {
  if (isDeleteMarker) return isVersion1(rule) || rule.DeleteMarkerReplication?.Status === 'Enabled';
  if (NOT_REPLICATED.has(storageClass ?? '')) return false;
  const isKms = encryption !== undefined && encryption.kind !== 'SSE-C';
  return !isKms || rule.SourceSelectionCriteria?.SseKmsEncryptedObjects?.Status === 'Enabled';
}

/** One rule for each destination that the version goes to. */
export function rulesFor(rules: readonly ReplicationRule[], key: string, version: Subject): readonly ReplicationRule[] {
  const chosen = new Map<string, ReplicationRule>();
  for (const rule of rules) {
    if (!selects(rule, key, version)) continue;
    const other = chosen.get(destinationOf(rule));
    if (other === undefined || (rule.Priority ?? 0) > (other.Priority ?? 0)) chosen.set(destinationOf(rule), rule);
  }
  return [...chosen.values()].filter((rule) => isEligible(rule, version));
}

/** What is changed of a replica goes on by rules that say so alone. */
export const takesReplicaChanges = ({ SourceSelectionCriteria }: ReplicationRule): boolean =>
  SourceSelectionCriteria?.ReplicaModifications?.Status === 'Enabled';

/** Metrics, and the events with them, come by themselves with replication time control. */
export const isMeasured = ({ Destination: { Metrics, ReplicationTime } }: ReplicationRule): boolean =>
  Metrics?.Status === 'Enabled' || ReplicationTime?.Status === 'Enabled';

export const hasTimeControl = ({ Destination: { ReplicationTime } }: ReplicationRule): boolean =>
  ReplicationTime?.Status === 'Enabled';
