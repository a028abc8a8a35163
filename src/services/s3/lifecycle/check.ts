/** What S3 takes as lifecycle rules ("Lifecycle configuration elements"). Messages that the documentation does not have: README. */

import type { LifecycleRule } from '#platform/model/generated/s3.ts';
import { fail } from '#services/s3/errors.ts';
import { DAY, selectionOf } from '#services/s3/lifecycle/rules.ts';

const MOST_RULES = 1000;
const LONGEST_ID = 255;
const MOST_NEWER_VERSIONS = 100;
const SHORTEST_IA_DAYS = 30;
const INFREQUENT = new Set(['STANDARD_IA', 'ONEZONE_IA']);

const invalid = (message: string): never => fail('InvalidArgument', { message });
const malformed = (): never => fail('MalformedXML');

export function checkRules(rules: readonly LifecycleRule[]): void {
  if (rules.length === 0 || rules.length > MOST_RULES) malformed();
  const ids = new Set<string>();
  for (const rule of rules) {
    const { ID: id } = rule;
    if (id !== undefined && id.length > LONGEST_ID) invalid('ID length should not exceed allowed limit of 255');
    if (id !== undefined && ids.has(id)) invalid('Rule ID must be unique. Found same ID for one or more rules');
    if (id !== undefined) ids.add(id);
    checkFilter(rule);
    checkActions(rule);
  }
}

const countOf = (...values: readonly unknown[]): number => values.filter((value) => value !== undefined).length;

function checkFilter({ Filter: filter, Prefix: prefix }: LifecycleRule): void {
  if ((filter === undefined) === (prefix === undefined)) malformed();
  if (filter === undefined) return;
  const { And: and } = filter;
  const own = [filter.Prefix, filter.Tag, filter.ObjectSizeGreaterThan, filter.ObjectSizeLessThan];
  if (countOf(...own, and) > 1) malformed();
  if (and === undefined) return;
  const tags = and.Tags ?? [];
  const others = countOf(and.Prefix, and.ObjectSizeGreaterThan, and.ObjectSizeLessThan);
  if (others + tags.length < 2) malformed();
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) invalid('Duplicate Tag Keys are not allowed.');
  const { ObjectSizeGreaterThan: more, ObjectSizeLessThan: less } = and;
  if (more !== undefined && less !== undefined && more >= less) {
    invalid("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
  }
}

function checkActions(rule: LifecycleRule): void {
  const { Expiration, Transitions, NoncurrentVersionExpiration, NoncurrentVersionTransitions } = rule;
  const { AbortIncompleteMultipartUpload: abort } = rule;
  const actions = countOf(
    Expiration,
    NoncurrentVersionExpiration,
    abort,
    Transitions?.[0],
    NoncurrentVersionTransitions?.[0],
  );
  if (actions === 0) fail('InvalidRequest', { message: 'At least one action needs to be specified in a rule' });
  checkRetained(rule);
  const hasTags = selectionOf(rule).tags.length > 0;
  checkExpiration(rule, hasTags);
  checkTransitions(rule);
  if (abort !== undefined) {
    if (hasTags) fail('InvalidRequest', { message: 'AbortIncompleteMultipartUpload cannot be specified with Tags' });
    checkCount(abort.DaysAfterInitiation, 'DaysAfterInitiation', 'AbortIncompleteMultipartUpload');
  }
  if (NoncurrentVersionExpiration !== undefined) {
    const { NoncurrentDays, NewerNoncurrentVersions } = NoncurrentVersionExpiration;
    checkCount(NoncurrentDays, 'NoncurrentDays', 'NoncurrentVersionExpiration');
    checkNewer(NewerNoncurrentVersions);
  }
  for (const { NoncurrentDays, StorageClass, NewerNoncurrentVersions } of NoncurrentVersionTransitions ?? []) {
    if (NoncurrentDays === undefined || StorageClass === undefined) malformed();
    else checkClassDays(NoncurrentDays, StorageClass, 'NoncurrentDays');
    checkNewer(NewerNoncurrentVersions);
  }
}

/** "If you don't specify a Filter element, Amazon S3 generates an InvalidRequest error" (User Guide, "Expiring objects"). */
function checkRetained({
  Filter,
  NoncurrentVersionExpiration,
  NoncurrentVersionTransitions = [],
}: LifecycleRule): void {
  const actions = [NoncurrentVersionExpiration, ...NoncurrentVersionTransitions];
  if (Filter === undefined && actions.some((action) => action?.NewerNoncurrentVersions !== undefined)) {
    fail('InvalidRequest', { message: 'NewerNoncurrentVersions can only be specified with a Filter' });
  }
}

function checkExpiration({ Expiration }: LifecycleRule, hasTags: boolean): void {
  if (Expiration === undefined) return;
  const { Days, Date: date, ExpiredObjectDeleteMarker: marker } = Expiration;
  if (countOf(Days, date, marker) !== 1) malformed();
  if (Days !== undefined) checkCount(Days, 'Days', 'Expiration');
  checkDate(date);
  if (marker !== undefined && hasTags) {
    fail('InvalidRequest', { message: 'ExpiredObjectDeleteMarker cannot be specified with Tags' });
  }
}

function checkTransitions({ Transitions = [], Expiration }: LifecycleRule): void {
  const classes = Transitions.map(({ StorageClass }) => StorageClass);
  if (new Set(classes).size < classes.length) {
    fail('InvalidRequest', { message: "'StorageClass' must be different for 'Transition' actions in same 'Rule'" });
  }
  for (const { Days, Date: date, StorageClass } of Transitions) {
    if (countOf(Days, date) !== 1 || StorageClass === undefined) malformed();
    checkDate(date);
    if (Days === undefined) continue;
    checkClassDays(Days, StorageClass ?? '', 'Days');
    if (Expiration?.Days !== undefined && Expiration.Days <= Days) {
      invalid("'Days' in the Expiration action must be greater than 'Days' in the Transition action");
    }
  }
}

function checkClassDays(count: number, storageClass: string, name: string): void {
  if (count < 0) invalid(`'${name}' in Transition action must be nonnegative`);
  if (INFREQUENT.has(storageClass) && count < SHORTEST_IA_DAYS) {
    invalid(
      `'${name}' in Transition action must be greater than or equal to ${SHORTEST_IA_DAYS} for storageClass '${storageClass}'`,
    );
  }
}

function checkCount(count: number | undefined, name: string, action: string): void {
  if (count === undefined) malformed();
  else if (count <= 0) invalid(`'${name}' for ${action} action must be a positive integer`);
}

function checkNewer(count: number | undefined): void {
  if (count !== undefined && (count < 1 || count > MOST_NEWER_VERSIONS)) {
    invalid(`'NewerNoncurrentVersions' must be between 1 and ${MOST_NEWER_VERSIONS}`);
  }
}

function checkDate(date: number | undefined): void {
  if (date !== undefined && date % DAY !== 0) invalid("'Date' must be at midnight GMT");
}
