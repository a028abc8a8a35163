/**
 * What lies in the database: one schema, which the cloud's role owns. Regions share the tables; a partition belongs to a region, and its
 * number is its own in the whole database.
 *
 * `commit_batch` is one batch, in one round trip and one transaction. It checks that this is the owner of all that the batch touches, in
 * its epoch, and holds those rows until the end, so that who takes a partition over waits for it, and what comes after is refused.
 * The row in `commits` says which batch of a committer was the last: whose connection was lost asks for it. `fence` makes the answer
 * final: a batch up to that number that is not there yet will never be.
 */
import type { Client } from 'pg';
import { DataFolderError } from '#platform/store/data-folder.ts';
import { OWNING_LAYOUT } from '#platform/store/postgres/schema-owning.ts';
import { PROCESSES_LAYOUT } from '#platform/store/postgres/schema-processes.ts';

/** Of the tables and functions below; what rows hold has a format of its own (migrate.ts). */
const LAYOUT = 3;

/** Refusals of `commit_batch`, as SQLSTATE. */
export const REFUSALS = { fenced: 'MK001', takenOver: 'MK002' } as const;

/** Values are not compressed (much of them is sealed); a row that is written again finds room in its own page. */
const LAYOUT_1 = `
CREATE TABLE manifest (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  layout integer NOT NULL, cloud_id text, format integer, version text
);
INSERT INTO manifest (layout) VALUES (1);
CREATE SEQUENCE partition_numbers AS integer;
CREATE TABLE partitions (
  number integer PRIMARY KEY, region text NOT NULL, name text NOT NULL, epoch bigint NOT NULL, UNIQUE (region, name)
);
CREATE TABLE rows (
  partition integer NOT NULL, key bytea NOT NULL, value bytea NOT NULL, PRIMARY KEY (partition, key)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2);
ALTER TABLE rows ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE TABLE commits (
  committer uuid PRIMARY KEY, batch bigint NOT NULL DEFAULT 0, fence bigint NOT NULL DEFAULT 0,
  at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);

CREATE FUNCTION owned(numbers integer[], names text[], epochs bigint[]) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM (
    SELECT FROM unnest(numbers, names, epochs) AS o (number, name, epoch)
    JOIN partitions AS p ON p.number = o.number AND p.name = o.name AND p.epoch = o.epoch FOR SHARE OF p
  ) AS held
$$;

CREATE FUNCTION commit_batch(
  by uuid, nth bigint, of_region text, numbers integer[], names text[], epochs bigint[],
  range_partitions integer[], range_from bytea[], range_before bytea[],
  deleted_partitions integer[], deleted_keys bytea[],
  put_partitions integer[], put_keys bytea[], put_values bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE commits SET batch = nth, at = now() WHERE committer = by AND batch < nth AND fence < nth;
  IF NOT FOUND THEN RAISE EXCEPTION 'batch % is fenced', nth USING ERRCODE = '${REFUSALS.fenced}'; END IF;
  IF owned(numbers, names, epochs) < cardinality(numbers) THEN
    -- The first batch of an owner makes its partition known.
    INSERT INTO partitions SELECT o.number, of_region, o.name, o.epoch
      FROM unnest(numbers, names, epochs) AS o (number, name, epoch) ORDER BY o.number
      ON CONFLICT (number) DO UPDATE SET epoch = excluded.epoch WHERE partitions.epoch < excluded.epoch;
    IF owned(numbers, names, epochs) < cardinality(numbers) THEN
      RAISE EXCEPTION 'a partition of the batch was taken over by another owner' USING ERRCODE = '${REFUSALS.takenOver}';
    END IF;
  END IF;
  IF cardinality(range_partitions) > 0 THEN
    DELETE FROM rows AS r USING unnest(range_partitions, range_from, range_before) AS d (partition, "from", before)
      WHERE r.partition = d.partition AND r.key >= d."from" AND r.key < d.before;
  END IF;
  IF cardinality(deleted_partitions) > 0 THEN
    DELETE FROM rows AS r USING unnest(deleted_partitions, deleted_keys) AS d (partition, key)
      WHERE r.partition = d.partition AND r.key = d.key;
  END IF;
  IF cardinality(put_partitions) > 0 THEN
    INSERT INTO rows SELECT * FROM unnest(put_partitions, put_keys, put_values)
      ON CONFLICT (partition, key) DO UPDATE SET value = excluded.value;
  END IF;
END
$$;
`;

/** In order; a released one is never changed. */
const LAYOUTS: readonly string[] = [LAYOUT_1, PROCESSES_LAYOUT, OWNING_LAYOUT];

/** Makes what is missing. Several processes may come here at once: one of them does it. */
export async function ensureLayout(client: Client, schema: string): Promise<void> {
  if ((await layoutOf(client)) === LAYOUT) return;
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`makonis layout of ${schema}`]);
    const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
    if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`);
    const layout = await layoutOf(client);
    if (layout > LAYOUT)
      throw new DataFolderError(`the schema ${schema} was written by a newer version of this program`);
    for (const step of LAYOUTS.slice(layout)) await client.query(step);
    await client.query('UPDATE manifest SET layout = $1', [LAYOUT]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function layoutOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass('manifest') IS NOT NULL AS there");
  if (rows[0]?.there !== true) return 0;
  const manifest = await client.query<{ layout: number }>('SELECT layout FROM manifest');
  return manifest.rows[0]?.layout ?? 0;
}
