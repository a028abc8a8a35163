/** What a database and the way to it can do in the middle of a commit. */
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import type { Region } from '#platform/base/ids.ts';
import { BatchWriter } from '#platform/store/batch.ts';
import type { OwnedNumber, StoreDriver } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import { type Cluster, startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { DEFAULT_PATIENCE } from '#platform/store/postgres/connect.ts';
import { postgresDrivers } from '#platform/store/postgres/drivers.ts';
import { type BreakableNetwork, startNetwork } from '#platform/store/postgres/network.fixture.ts';
import { writing } from '#platform/store/postgres/writers.fixture.ts';
import { StoreUnavailable } from '#platform/store/store.ts';

const region = 'us-east-1' as Region;
const key = (name: string): Key => name as Key;
const PATH = 'a/b/c';

let cluster: Cluster;
let network: BreakableNetwork;
let schemas = 0;

interface Place {
  readonly schema: string;
  readonly driver: StoreDriver;
  readonly owner: OwnedNumber & { path: string };
  put(value: string): Promise<void>;
  stored(): string | undefined;
}

/** A driver behind the network, which has committed once. */
async function place(t: TestContext, patience = DEFAULT_PATIENCE): Promise<Place> {
  const schema = `faults_${++schemas}`;
  const drivers = postgresDrivers({ ...cluster.address(schema), port: network.port }, undefined, patience);
  const driver = drivers.open(region);
  t.after(async () => {
    await network.tell({ is: 'up' });
    await driver.close();
    await drivers.close();
  });
  const owner = { ...driver.own(PATH), path: PATH };
  const put = (value: string) => {
    const writer = new BatchWriter();
    writer.put(owner.number, key('k'), value);
    return driver.commit(writer.finish([owner]));
  };
  await put('first');
  return { schema, driver, owner, put, stored: () => driver.get(owner.number, key('k'))?.toString() };
}

/** Readers are refused for half a second more after one was. */
function found({ stored }: Place): string | undefined {
  for (;;) {
    try {
      return stored();
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable);
    }
  }
}

const committed = ({ schema }: Place): string =>
  cluster.sql(`SELECT batch || ' ' || fence FROM ${schema}.commits ORDER BY at DESC LIMIT 1`);

suite('over PostgreSQL', withPostgres, () => {
  before(async () => {
    cluster = await startCluster();
    network = await startNetwork(cluster.port);
  });
  after(async () => {
    await network.close();
    await cluster.remove();
  });

  lostConnections();
  refusals();
  takeOver();
  wrongPassword();
  restarts();
});

function lostConnections(): void {
  test('a commit whose connection is lost before the server has it is sent again', async (t) => {
    const here = await place(t);
    await network.tell({ cut: 'before' });
    await here.put('second');
    assert.equal(here.stored(), 'second');
    assert.equal(committed(here), '3 2');
  });

  test('a commit whose connection is lost after the server has carried it out is not sent again', async (t) => {
    const here = await place(t);
    await network.tell({ cut: 'after' });
    await here.put('second');
    assert.equal(here.stored(), 'second');
    assert.equal(committed(here), '2 2');
  });

  test('a commit that arrives after its outcome was asked for changes nothing', async (t) => {
    const here = await place(t);
    await network.tell({ cut: 'late' });
    await here.put('second');
    await here.put('third');
    await network.tell({ deliver: true });
    assert.equal(cluster.sql(`SELECT convert_from(value, 'UTF8') FROM ${here.schema}.rows`), 'third');
    assert.equal(here.stored(), 'third');
  });

  for (const cut of ['before', 'after'] as const) {
    test(`a commit that is lost ${cut} the server has it, and a database that stays away: nothing is guessed`, async (t) => {
      const here = await place(t, { ...DEFAULT_PATIENCE, outcome: 300 });
      await network.tell({ cut, thenDown: true });
      const put = here.put('second');
      await assert.rejects(put, StoreUnavailable);
      assert.throws(() => here.stored(), StoreUnavailable);
      await assert.rejects(here.put('third'), StoreUnavailable);
      await network.tell({ is: 'up' });
      assert.equal(found(here), cut === 'after' ? 'second' : 'first');
      await here.put('fourth');
      assert.equal(here.stored(), 'fourth');
    });
  }

  test('a commit that was given up and found not to be there does not come later', async (t) => {
    const here = await place(t, { ...DEFAULT_PATIENCE, outcome: 300 });
    await network.tell({ cut: 'late', thenDown: true });
    await assert.rejects(here.put('second'), StoreUnavailable);
    await network.tell({ is: 'up' });
    assert.equal(found(here), 'first');
    await network.tell({ deliver: true });
    assert.equal(here.stored(), 'first');
  });
}

function refusals(): void {
  test('a statement that takes too long is refused whole, and the next one goes on', async (t) => {
    const here = await place(t, { ...DEFAULT_PATIENCE, statement: 300 });
    cluster.sql(`CREATE FUNCTION ${here.schema}.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN new; END';
      CREATE TRIGGER wait BEFORE INSERT ON ${here.schema}.rows FOR EACH ROW EXECUTE FUNCTION ${here.schema}.wait()`);
    await assert.rejects(here.put('second'), /statement timeout/);
    cluster.sql(`DROP TRIGGER wait ON ${here.schema}.rows`);
    assert.equal(here.stored(), 'first');
    await here.put('third');
    assert.equal(here.stored(), 'third');
  });

  for (const [name, state] of [
    ['serialisation failure', '40001'],
    ['deadlock', '40P01'],
  ] as const) {
    test(`a ${name} is tried again, three times`, async (t) => {
      const here = await place(t);
      const { schema } = here;
      cluster.sql(`CREATE SEQUENCE ${schema}.tries; GRANT ALL ON SEQUENCE ${schema}.tries TO PUBLIC;
        CREATE FUNCTION ${schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF nextval('${schema}.tries') < 3 THEN RAISE EXCEPTION 'injected' USING ERRCODE = '${state}'; END IF; RETURN new;
        END $$;
        CREATE TRIGGER fail BEFORE INSERT ON ${schema}.rows FOR EACH ROW EXECUTE FUNCTION ${schema}.fail()`);
      await here.put('second');
      assert.equal(here.stored(), 'second');
      cluster.sql(`ALTER SEQUENCE ${schema}.tries MINVALUE -10 RESTART -10`);
      await assert.rejects(here.put('third'), /injected/);
      assert.equal(here.stored(), 'second');
    });
  }
}

function takeOver(): void {
  test('who takes a partition over raises its epoch, and the batches of the owner before fail whole', async (t) => {
    const here = await place(t);
    const { driver, owner } = here;
    const others = postgresDrivers(cluster.address(here.schema));
    t.after(() => others.close());
    const other = others.open(region);
    const mine = { ...driver.own('x/y/z'), path: 'x/y/z' };
    const owned = (path: string): OwnedNumber => {
      const { number, epoch } = other.own(path);
      return { number, epoch };
    };
    assert.deepEqual(owned(PATH), { number: owner.number, epoch: owner.epoch + 1 });
    const writer = new BatchWriter();
    writer.put(mine.number, key('k'), 'mine');
    writer.put(owner.number, key('k'), 'not mine any more');
    await assert.rejects(driver.commit(writer.finish([mine, owner])), /taken over/);
    assert.equal(driver.get(mine.number, key('k')), undefined);
    assert.equal(here.stored(), 'first');
    // Two that have never seen each other claim a partition that is not there yet: the first that commits has it.
    const rival = { ...other.own('x/y/z'), path: 'x/y/z' };
    const put = (by: StoreDriver, as: typeof mine): Promise<void> => {
      const batch = new BatchWriter();
      batch.put(as.number, key('k'), 'claimed');
      return by.commit(batch.finish([as]));
    };
    await put(driver, mine);
    await assert.rejects(put(other, rival), StoreUnavailable);
    assert.deepEqual(owned('x/y/z'), { number: mine.number, epoch: mine.epoch + 1 });
    await other.close();
  });
}

function wrongPassword(): void {
  test('a password that is wrong is not told', () => {
    const drivers = postgresDrivers({ ...cluster.address('makonis'), password: 'not it' });
    const isSilent = (error: unknown): boolean =>
      error instanceof StoreUnavailable &&
      /password authentication failed/.test(error.message) &&
      !/not it/.test(error.message);
    assert.throws(() => drivers.regions(), isSilent);
    return drivers.close();
  });
}

function restarts(): void {
  test('restarts of the database lose nothing that was acknowledged, and fail no write', async (t) => {
    const writers = writing(t, cluster.address('restarts'));
    for (const mode of ['immediate', 'fast', 'immediate'] as const) {
      await writers.progress();
      await cluster.stop(mode);
      await cluster.start();
    }
    await writers.progress();
    await writers.end();
    assert.equal(writers.acknowledged.size, 8);
    for (const [writer, count] of writers.acknowledged) {
      const of = (rows: string): number =>
        JSON.parse(
          cluster.sql(`SELECT convert_from(value, 'UTF8') FROM restarts.rows
          WHERE key = '${rows}'::bytea || '\\x00' || decode('${writer.toString(16).padStart(16, '0')}', 'hex')`),
        ).count;
      assert.deepEqual([of('count'), of('copy')], [count, count]);
    }
  });
}
