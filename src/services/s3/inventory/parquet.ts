/** An inventory list as Parquet, compressed with Snappy: its schema and columns. Pure. Source: the manifest's example in the User Guide. */
import type { Field, FieldType, FieldValue, ListedVersion, ListingFacts } from '#services/s3/inventory/fields.ts';

const PHYSICAL = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  whole: { type: 'INT64' },
  flag: { type: 'BOOLEAN' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
} as const satisfies Record<FieldType, object>;

const TEXTS: Readonly<Record<FieldType, (name: string) => string>> = {
  text: (name) => `binary ${name} (UTF8)`,
  whole: (name) => `int64 ${name}`,
  flag: (name) => `boolean ${name}`,
  time: (name) => `int64 ${name} (TIMESTAMP_MILLIS)`,
};

/** Those that every row has. */
const REQUIRED: ReadonlySet<string> = new Set(['Bucket', 'Key']);

/** `ETag` -> `e_tag` */
const columnName = (name: string): string => name.replace(/(?<=.)(?=[A-Z][a-z])/g, '_').toLowerCase();

export const parquetSchemaText = (fields: readonly Field[]): string =>
  `message s3.inventory { ${fields
    .map(({ name, type }) => `${REQUIRED.has(name) ? 'required' : 'optional'} ${TEXTS[type](columnName(name))};`)
    .join(' ')} }`;

export const parquetSchema = (fields: readonly Field[]) => [
  { name: 's3.inventory', num_children: fields.length },
  ...fields.map(({ name, type }) => ({
    name: columnName(name),
    repetition_type: REQUIRED.has(name) ? ('REQUIRED' as const) : ('OPTIONAL' as const),
    ...PHYSICAL[type],
  })),
];

/** Whole numbers are of 64 bits. */
const columnValue = (value: FieldValue) => (typeof value === 'number' ? BigInt(value) : value);

export const parquetColumns = (fields: readonly Field[], rows: readonly ListedVersion[], facts: ListingFacts) =>
  fields.map(({ name, of }) => ({
    name: columnName(name),
    data: rows.map((listed) => columnValue(of(listed, facts))),
  }));
