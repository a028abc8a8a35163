/**
 * Taking a partition over, in one round trip: its epoch is raised, and the small ones of its tables come along, so that a new owner need not
 * ask for what nearly all partitions have little or nothing of (timers, messages to be sent, settings). A process that was
 * struck off the roll takes nothing over.
 *
 * Each statement of the function sees what was committed before it: what the former owner had under way when the epoch was raised
 * is there when the rows are read, and nothing comes after.
 */
import { STRUCK_OFF } from '#platform/store/postgres/schema-processes.ts';

export const OWNING_LAYOUT = `
CREATE FUNCTION own(process bigint, of_region text, of_name text, most_rows integer, most_bytes bigint)
RETURNS TABLE (its_number integer, its_epoch bigint, row_key bytea, row_value bytea) LANGUAGE plpgsql AS $$
DECLARE
  first bytea; prefix bytea; next_table bytea := ''; row_count bigint; byte_count bigint; bytes_left bigint := most_bytes;
BEGIN
  IF process IS NOT NULL THEN
    PERFORM FROM nodes WHERE incarnation = process FOR KEY SHARE;
    IF NOT FOUND THEN RAISE EXCEPTION 'process % was struck off the roll', process USING ERRCODE = '${STRUCK_OFF}'; END IF;
  END IF;
  UPDATE partitions SET epoch = epoch + 1 WHERE region = of_region AND name = of_name
    RETURNING number, epoch INTO its_number, its_epoch;
  IF NOT FOUND THEN
    -- It becomes known with its first batch.
    its_number := nextval('partition_numbers');
    its_epoch := 1;
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN NEXT;
  LOOP
    SELECT key INTO first FROM rows WHERE partition = its_number AND key >= next_table ORDER BY key LIMIT 1;
    EXIT WHEN NOT FOUND;
    -- A table's keys begin with its name and a zero; what has none is in no table.
    prefix := substr(first, 1, position('\\x00'::bytea IN first));
    IF prefix = '' THEN
      next_table := first || '\\x00'::bytea;
      CONTINUE;
    END IF;
    next_table := set_byte(prefix, octet_length(prefix) - 1, 1);
    SELECT count(*), sum(octet_length(key) + octet_length(value)) INTO row_count, byte_count FROM
      (SELECT key, value FROM rows WHERE partition = its_number AND key >= prefix AND key < next_table LIMIT most_rows + 1) AS counted;
    IF row_count <= most_rows AND byte_count <= bytes_left THEN
      bytes_left := bytes_left - byte_count;
      RETURN QUERY SELECT NULL::integer, NULL::bigint, key, value FROM rows
        WHERE partition = its_number AND key >= prefix AND key < next_table ORDER BY key;
    ELSE
      RETURN QUERY SELECT NULL::integer, NULL::bigint, prefix, NULL::bytea;
    END IF;
  END LOOP;
END
$$;
`;
