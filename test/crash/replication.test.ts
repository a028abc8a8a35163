/** Kills a cloud while it replicates: what was put arrives, once, whatever dies when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { CrashClient, type Key } from '#test/crash/client.ts';
import { newServer } from '#test/crash/killed-server.ts';
import { until } from '#test/until.ts';

const KILLS = Number(process.env['MAKONIS_KILLS'] ?? 5);
const SIZES = [0, 100, 60_000, 1_300_000];
const [SOURCE, TARGET] = ['crash-source', 'crash-target'];

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const everything = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});

async function configure(client: CrashClient, key: Key): Promise<void> {
  const done = async (outcome: ReturnType<CrashClient['s3']>): Promise<string> => {
    const found = await outcome;
    assert.equal(found.end, 'answered', JSON.stringify(found));
    return found.end === 'answered' ? found.body : '';
  };
  for (const bucket of [SOURCE, TARGET]) {
    await done(client.s3('PUT', `/${bucket}`, '', key));
    const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    await done(client.s3('PUT', `/${bucket}?versioning=`, versioning, key));
  }
  const RoleName = 'replication';
  const made = await done(client.form('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: trust }, key));
  const policy = { RoleName, PolicyName: 'all', PolicyDocument: everything };
  await done(client.form('iam', 'PutRolePolicy', policy, key));
  const [, role] = /<Arn>([^<]+)</.exec(made) ?? [];
  const rule = `<Rule><ID>all</ID><Status>Enabled</Status><Prefix></Prefix><Destination><Bucket>arn:aws:s3:::${TARGET}</Bucket></Destination></Rule>`;
  const document = `<ReplicationConfiguration><Role>${role}</Role>${rule}</ReplicationConfiguration>`;
  await done(client.s3('PUT', `/${SOURCE}?replication=`, document, key));
}

/** Key, version, ETag of all versions of a bucket. */
async function versionsOf(client: CrashClient, key: Key, bucket: string): Promise<string[]> {
  const found: string[] = [];
  for (let marker = ''; ; ) {
    const page = await client.s3('GET', `/${bucket}?${marker}versions=`, '', key);
    assert.equal(page.end, 'answered');
    const body = page.end === 'answered' ? page.body : '';
    for (const [version = ''] of body.matchAll(/<(Version|DeleteMarker)>.*?<\/\1>/gs)) {
      const part = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(version)?.[1] ?? '';
      found.push(`${part('Key')} ${part('VersionId')} ${part('ETag')} ${part('LastModified')}`);
    }
    const next = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(body)?.[1] ?? '';
    if (next('IsTruncated') !== 'true') return found;
    marker = `key-marker=${encodeURIComponent(next('NextKeyMarker'))}&version-id-marker=${next('NextVersionIdMarker')}&`;
  }
}

test(`${KILLS} kills: every version arrives once`, { timeout: 60_000 + KILLS * 10_000 }, async (t) => {
  const server = newServer(t);
  const ready = await server.start(0);
  const client = new CrashClient(ready.port);
  t.after(() => client.close());
  const key = ready as Key;
  await configure(client, key);
  let isStopped = false;
  const refused: string[] = [];
  const work = async (worker: number): Promise<void> => {
    for (let count = 0; !isStopped; count++) {
      const path = `/${SOURCE}/${worker}-${count % 5}`;
      const size = SIZES[count % SIZES.length] ?? 0;
      const isDelete = count % 7 === 6;
      const outcome = isDelete
        ? await client.s3('DELETE', path, '', key)
        : await client.s3('PUT', path, `${path} ${count} `.repeat(size).slice(0, size), key);
      if (outcome.end === 'refused') refused.push(outcome.body);
      await pause(outcome.end === 'unknown' ? 50 : 20);
    }
  };
  const running = Promise.all([0, 1, 2, 3].map(work));
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(150 + Math.random() * 400);
    await server.kill();
    await server.start(ready.port);
  }
  await pause(200);
  isStopped = true;
  await running;
  await server.kill();
  await server.start(ready.port);
  assert.deepEqual(refused, []);
  const wanted = (await versionsOf(client, key, SOURCE)).sort();
  const isThere = async (): Promise<boolean> => (await versionsOf(client, key, TARGET)).length >= wanted.length;
  await until(isThere, 'all replicas', 40);
  assert.deepEqual((await versionsOf(client, key, TARGET)).sort(), wanted);
  t.diagnostic(`${wanted.length} versions ${JSON.stringify(client.ends)}`);
});
