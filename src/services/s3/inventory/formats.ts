/** In which form an inventory list is written. Pages of rows go in as they are read, a file's bytes come out. */
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { hyparquetWriter } from '#platform/packages.ts';
import { csvLine } from '#services/s3/inventory/csv.ts';
import type { Field, ListedVersion, ListingFacts } from '#services/s3/inventory/fields.ts';
import { parquetColumns, parquetSchema, parquetSchemaText } from '#services/s3/inventory/parquet.ts';

export interface List {
  readonly fields: readonly Field[];
  readonly facts: ListingFacts;
  readonly pages: AsyncIterable<readonly ListedVersion[]>;
}

export interface ListFormat {
  readonly extension: string;
  readonly contentType: string;
  /** As the manifest has it. */
  readonly schemaText: (fields: readonly Field[]) => string;
  readonly encode: (list: List) => Promise<Buffer>;
}

const csv: ListFormat = {
  extension: 'csv.gz',
  contentType: 'application/x-gzip',
  schemaText: (fields) => fields.map(({ name }) => name).join(', '),
  encode: ({ fields, facts, pages }) =>
    pipeline(
      pages,
      async function* (some: AsyncIterable<readonly ListedVersion[]>) {
        for await (const page of some) yield page.map((listed) => csvLine(fields, listed, facts)).join('');
      },
      createGzip(),
      buffer,
    ),
};

/** Rows are encoded in one go, so they are few enough to let others have their turn. */
const ROWS_A_GROUP = 2000;

const parquet: ListFormat = {
  extension: 'parquet',
  contentType: 'application/octet-stream',
  schemaText: parquetSchemaText,
  async encode({ fields, facts, pages }) {
    const { ByteWriter, ParquetWriter } = await hyparquetWriter();
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({ writer: bytes, schema: parquetSchema(fields), createdBy: 'makonis' });
    let group: ListedVersion[] = [];
    const write = async (): Promise<void> => {
      await writer.write({ columnData: parquetColumns(fields, group, facts), rowGroupSize: ROWS_A_GROUP });
      group = [];
    };
    for await (const page of pages) {
      group.push(...page);
      if (group.length >= ROWS_A_GROUP) await write();
    }
    if (group.length > 0) await write();
    await writer.finish();
    return Buffer.from(bytes.getBuffer());
  },
};

export const FORMATS: Readonly<Record<string, ListFormat>> = { CSV: csv, Parquet: parquet };
