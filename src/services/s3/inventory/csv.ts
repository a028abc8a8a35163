/** An inventory list as CSV. Pure. "When using the CSV file format, the key name is URL-encoded". */
import type { Field, FieldValue, ListedVersion, ListingFacts } from '#services/s3/inventory/fields.ts';
import { shownNames } from '#services/s3/objects/list.ts';

const encodedKey = shownNames('url');

function textOf(value: FieldValue): string {
  if (value === undefined) return '';
  return value instanceof Date ? value.toISOString() : String(value);
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

export const csvLine = (fields: readonly Field[], listed: ListedVersion, facts: ListingFacts): string =>
  `${fields
    .map(({ name, of }) => quoted(name === 'Key' ? encodedKey(listed.key) : textOf(of(listed, facts))))
    .join(',')}\n`;
