/**
 * The tables of several processes (platform/cluster): who is alive until when, and who holds which slot. A commit of one of them holds
 * its row in `nodes` until the end, so that who strikes it off waits for it, and what comes after is refused.
 */
export const STRUCK_OFF = 'MK003';
/** Of the slots table; platform/cluster/slots.ts has the same number, and a cloud keeps it. */
const SLOTS = 256;
/** What is longer is said as "anything": a notification holds 8,000 bytes. */
const MOST_ANNOUNCED = 100;

export const PROCESSES_LAYOUT = `
CREATE TABLE nodes (
  incarnation bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  id text NOT NULL, address text NOT NULL, ends_at timestamptz NOT NULL,
  is_draining boolean NOT NULL, is_drained_by_operator boolean NOT NULL DEFAULT false
);
CREATE TABLE slots (slot integer PRIMARY KEY, holder bigint NOT NULL DEFAULT 0);
INSERT INTO slots (slot) SELECT generate_series(0, ${SLOTS - 1});

CREATE FUNCTION announce(paths text[]) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('makonis ' || current_schema(),
    CASE WHEN cardinality(paths) > ${MOST_ANNOUNCED} THEN '{}' ELSE json_build_object('changed', paths)::text END)
$$;

CREATE FUNCTION commit_batch_of(
  process bigint, announced text[],
  by uuid, nth bigint, of_region text, numbers integer[], names text[], epochs bigint[],
  range_partitions integer[], range_from bytea[], range_before bytea[],
  deleted_partitions integer[], deleted_keys bytea[],
  put_partitions integer[], put_keys bytea[], put_values bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM nodes WHERE incarnation = process FOR KEY SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'process % was struck off the roll', process USING ERRCODE = '${STRUCK_OFF}'; END IF;
  PERFORM commit_batch(by, nth, of_region, numbers, names, epochs, range_partitions, range_from, range_before,
    deleted_partitions, deleted_keys, put_partitions, put_keys, put_values);
  IF cardinality(announced) > 0 THEN PERFORM announce(announced); END IF;
END
$$;

-- Whether the process is on the roll still. Who is over is struck off, if no commit of theirs is under way.
CREATE FUNCTION renew(process bigint, lasts interval, at text, drains boolean, mark text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE nodes SET ends_at = clock_timestamp() + lasts, address = at, is_draining = drains WHERE incarnation = process;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM nodes WHERE incarnation IN
    (SELECT incarnation FROM nodes WHERE ends_at <= clock_timestamp() ORDER BY incarnation FOR UPDATE SKIP LOCKED);
  PERFORM pg_notify('makonis ' || current_schema(), json_build_object('mark', mark)::text);
  RETURN true;
END
$$;

-- Of these slots, those that nobody on the roll holds are the process's now.
CREATE FUNCTION take(process bigint, wanted integer[]) RETURNS SETOF integer LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM nodes WHERE incarnation = process FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM FROM slots WHERE slot = ANY (wanted) ORDER BY slot FOR UPDATE;
  RETURN QUERY UPDATE slots SET holder = process WHERE slot = ANY (wanted)
    AND NOT EXISTS (SELECT FROM nodes WHERE incarnation = slots.holder) RETURNING slot;
END
$$;
`;
