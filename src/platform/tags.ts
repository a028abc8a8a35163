/**
 * Tags of every service's resources. They are rows beside the resource, written in its transaction; the authoriser reads
 * them for aws:ResourceTag, Resource Groups Tagging for its lists. A service names its tag operations only.
 *
 * The rules are AWS's general ones (Tagging best practices, "Tag naming limits and requirements"): 50 tags a resource, keys
 * of 1 to 128 and values of 0 to 256 characters, `aws:` reserved for AWS itself.
 */
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { fail } from '#platform/error.ts';
import { type RowCodec, table, text } from '#platform/store/keys.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';

export type Tags = Readonly<Record<string, string>>;

const plainText: RowCodec<string> = {
  encode: (value) => value,
  decode: (bytes) => bytes.toString('utf8'),
};

/** Resource ARN, tag key -> tag value. */
const tagRows = table('tag', [text, text], plainText);

const MAX_TAGS_PER_RESOURCE = 50;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export interface TagErrors {
  /** The error code for a bad key or value: InvalidParameterValue, InvalidInput, ValidationError … */
  readonly invalid: string;
  readonly tooMany: string;
}

export function tagsOf(tx: ReadTransaction, arn: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const { key, row } of tx.range(tagRows, { prefix: [arn] })) tags[tagRows.parts(key)[1]] = row;
  return tags;
}

/** A bounded number of rows comes as one piece, which is faster. */
const READ_AT_ONCE = 1000;

/** Of all resources from the first to the last of these ARNs, in one read. */
export function tagsBetween(tx: ReadTransaction, first: string, last: string): ReadonlyMap<string, Tags> {
  const found = new Map<string, Record<string, string>>();
  const before = tagRows.key(last, '\u{10ffff}');
  for (let from = tagRows.key(first, ''); ; ) {
    const rows = tx.range(tagRows, { from, before, limit: READ_AT_ONCE });
    for (const { key, row } of rows) {
      const [arn, name] = tagRows.parts(key);
      getOrInsert(found, arn, (): Record<string, string> => ({}))[name] = row;
      from = key;
    }
    if (rows.length < READ_AT_ONCE) return found;
  }
}

/** Adds or replaces tags. Check them first (`checkTags`): this writes what it is given. */
export function setTags(tx: Transaction, arn: string, tags: Tags): void {
  for (const [key, value] of Object.entries(tags)) tx.put(tagRows, tagRows.key(arn, key), value);
}

export function removeTags(tx: Transaction, arn: string, keys: readonly string[]): void {
  for (const key of keys) tx.delete(tagRows, tagRows.key(arn, key));
}

/** Together with the resource itself. */
export function deleteTags(tx: Transaction, arn: string): void {
  tx.deleteRange(tagRows, [arn]);
}

/** Every tagged resource of the partition after `after`, in the order of ARNs. */
export function taggedResources(
  tx: ReadTransaction,
  after: string | undefined,
  limit: number,
): { arn: string; tags: Tags }[] {
  const found: { arn: string; tags: Record<string, string> }[] = [];
  let from = after === undefined ? undefined : tagRows.key(after, '\u{10ffff}');
  for (;;) {
    const rows = tx.range(tagRows, { ...(from === undefined ? {} : { after: from }), limit: 500 });
    for (const { key, row } of rows) {
      const [arn, name] = tagRows.parts(key);
      let last = found.at(-1);
      if (last?.arn !== arn) {
        if (found.length === limit) return found;
        last = { arn, tags: {} };
        found.push(last);
      }
      last.tags[name] = row;
      from = key;
    }
    if (rows.length < 500) return found;
  }
}

/** AWS's general rules for tags that a user sets; `existing` are the resource's tags before. */
export function checkTags(tags: Tags, existing: Tags, errors: TagErrors): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128)
      fail(errors.invalid, 'Tag keys must be between 1 and 128 characters in length.');
    if (value.length > 256) fail(errors.invalid, 'Tag values must be between 0 and 256 characters in length.');
    if (/^aws:/i.test(key)) fail(errors.invalid, 'Tag keys starting with aws: are reserved for internal use.');
    if (!ALLOWED.test(key) || !ALLOWED.test(value)) {
      fail(errors.invalid, `The tag key or value contains characters that are not allowed: ${key}`);
    }
  }
  const count = Object.keys({ ...existing, ...tags }).length;
  if (count > MAX_TAGS_PER_RESOURCE) {
    fail(errors.tooMany, `Too many tags: a resource can have at most ${MAX_TAGS_PER_RESOURCE}.`);
  }
}
