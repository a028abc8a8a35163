import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import { seconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import { usageOf } from '#platform/metering/usage.ts';
import {
  noteArn,
  notes,
  OTHER,
  OWN,
  REGION,
  streams,
  type TinyCloud,
  tinyCloud,
  userOf,
} from '#platform/tiny-cloud.fixture.ts';
import { until } from '#test/until.ts';

const refused = (code: string) => (error: unknown) => error instanceof ServiceError && error.code === code;
const auditIn = ({ cloud }: TinyCloud, account: AccountId) =>
  cloud.store
    .partition({ service: 'notes', account, region: REGION })
    .read((tx) => waitingRecords(tx))
    .map(({ eventName, errorCode }) => (errorCode === undefined ? eventName : `${eventName} ${errorCode}`))
    .sort();
const countsIn = ({ partition, clock }: TinyCloud) =>
  partition
    .read((tx) => usageOf(tx, 0, clock.now() + 1))
    .map(({ usageType, operation, amount }) => `${usageType} ${operation} ${amount}`);

test('a call is answered, recorded and metered', async (t) => {
  const tiny = tinyCloud(t);
  await tiny.call('Put', { Name: 'a', Body: 'hello', Secret: 'word' });
  assert.equal((await tiny.call('Get', { Name: 'a' }))['Body'], 'hello');
  const [record] = tiny.partition.read((tx) => waitingRecords(tx));
  assert.equal(record?.eventName, 'Put');
  assert.equal(record.eventSource, 'notes.amazonaws.com');
  assert.deepEqual(record.requestParameters, { name: 'a', body: 'hello', secret: 'HIDDEN_DUE_TO_SECURITY_REASONS' });
  assert.deepEqual(record.responseElements, { name: 'a', secret: 'HIDDEN_DUE_TO_SECURITY_REASONS' });
  assert.deepEqual(record.resources, [{ accountId: OWN, ARN: noteArn('a') }]);
  assert.deepEqual(auditIn(tiny, OWN), ['Put']);
  assert.deepEqual(countsIn(tiny), ['Bytes Put 5', 'Requests Get 1', 'Requests Put 1']);
});

test('who is not allowed is refused, and the refusal is in the caller’s audit', async (t) => {
  const tiny = tinyCloud(t);
  tiny.policies = { identity: [] };
  await assert.rejects(tiny.call('Put', { Name: 'a' }), {
    code: 'AccessDenied',
    message: `User: arn:aws:iam::${OWN}:user/alice is not authorized to perform: notes:Put on resource: ${noteArn('a')} because no identity-based policy allows the notes:Put action`,
  });
  assert.deepEqual(auditIn(tiny, OWN), ['Put AccessDenied']);
  assert.deepEqual(countsIn(tiny), []);
  await assert.rejects(tiny.call('Remove', { Owner: OTHER, Name: 'a' }), refused('AccessDenied'));
  assert.deepEqual(auditIn(tiny, OWN), ['Put AccessDenied', 'Remove AccessDenied']);
  assert.deepEqual(auditIn(tiny, OTHER), []);
});

test('an account that only a request names gets no partition', async (t) => {
  const tiny = tinyCloud(t);
  await assert.rejects(tiny.call('Put', { Owner: '999999999999', Name: 'a' }), refused('AccessDenied'));
  await assert.rejects(
    tiny.call('Get', { Owner: '999999999999', Name: 'a' }, { kind: 'anonymous' }),
    refused('AccessDenied'),
  );
  assert.deepEqual(tiny.opened, new Set([OWN, 'global']));
  await assert.rejects(tiny.call('Put', { Owner: OTHER, Name: 'a' }), refused('AccessDenied'));
  assert.deepEqual(tiny.opened, new Set([OWN, 'global', OTHER]));
});

test('another account needs both sides: its own policies and those of the resource', async (t) => {
  const tiny = tinyCloud(t);
  const put = (policy?: object) =>
    tiny.cloud.store
      .partition({ service: 'notes', account: OTHER, region: REGION })
      .transact((tx) =>
        tx.put(notes, notes.key('a'), { body: 'theirs', ...(policy && { policy: JSON.stringify(policy) }) }),
      );
  const get = () => tiny.call('Get', { Owner: OTHER, Name: 'a' });
  const statement = { Effect: 'Allow', Principal: { AWS: OWN }, Action: 'notes:Get', Resource: noteArn('a', OTHER) };
  put();
  await assert.rejects(get(), { message: /because no resource-based policy allows the notes:Get action/ });
  put({ Version: '2012-10-17', Statement: statement });
  assert.equal((await get())['Body'], 'theirs');
  tiny.policies = { identity: [] };
  await assert.rejects(get(), { message: /because no identity-based policy allows the notes:Get action/ });
  put({ Version: '2012-10-17', Statement: { ...statement, Principal: '*' } });
  const anonymous = await tiny.call('Get', { Owner: OTHER, Name: 'a' }, { kind: 'anonymous' });
  assert.equal(anonymous['Body'], 'theirs');
});

test('a fault of ours tells nothing of itself', async (t) => {
  const tiny = tinyCloud(t);
  await assert.rejects(tiny.call('Fail'), (error: ServiceError) => {
    assert.equal(error.code, 'InternalFailure');
    assert.equal(error.status, 500);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  assert.deepEqual(countsIn(tiny), []);
});

test('a rate is kept per account, with the service’s own error', async (t) => {
  const tiny = tinyCloud(t);
  await tiny.call('Limited');
  await tiny.call('Limited');
  await assert.rejects(tiny.call('Limited'), refused('TooManyNotes'));
  await tiny.call('Limited', {}, userOf(OTHER));
  tiny.clock.advance(seconds(1));
  await tiny.call('Limited');
});

test('nothing is answered with success when its commit fails', async (t) => {
  const tiny = tinyCloud(t);
  for (const when of ['before', 'after'] as const) {
    tiny.faults.failNext(when);
    await assert.rejects(tiny.call('Put', { Name: when }), { code: 'ServiceUnavailable', status: 503 });
  }
  await assert.rejects(tiny.call('Get', { Name: 'before' }), refused('NoSuchNote'));
  await tiny.call('Put', { Name: 'later', Body: 'x' });
  const puts = countsIn(tiny).find((line) => line.startsWith('Requests Put'));
  // The batch whose sync failed may be there or not: its calls were not answered, so it may count for them.
  assert.match(puts ?? '', /Requests Put [12]$/);
});

test('a call in steps whose write is lost on the way is not answered with success', async (t) => {
  const tiny = tinyCloud(t);
  tiny.faults.failNext('before');
  const slow = tiny.call('Slow', { Name: 'a' });
  const rejected = assert.rejects(slow, { code: 'ServiceUnavailable' });
  await until(() => tiny.partition.losses === 1, 'the loss');
  tiny.clock.advance(seconds(1));
  await rejected;
});

test('a stream that nobody will read, as its call was lost on the way, is given up', async (t) => {
  const tiny = tinyCloud(t);
  tiny.faults.failNext('before');
  const rejected = assert.rejects(tiny.call('Stream', { Name: 'a' }), { code: 'ServiceUnavailable' });
  await until(() => tiny.partition.losses === 1, 'the loss');
  tiny.clock.advance(seconds(1));
  await rejected;
  assert.equal(streams.open, 0);
});

test('reads wait for their usage; what the disk refuses of it is counted later, also when a write is lost meanwhile', async (t) => {
  const tiny = tinyCloud(t);
  await tiny.call('Put', { Name: 'a' });
  for (let i = 0; i < 2; i++) {
    tiny.faults.failNext('before');
    await tiny.call('Get', { Name: 'a' });
  }
  tiny.faults.failNext('before');
  await assert.rejects(tiny.call('Put', { Name: 'a' }), { status: 503 });
  tiny.faults.failNext('before');
  const [reading, writing] = [tiny.call('Get', { Name: 'a' }), tiny.call('Put', { Name: 'a' })];
  await assert.rejects(reading, { status: 503 }, 'what is lost with a write may have been seen');
  await assert.rejects(writing, { status: 503 });
  assert.ok(!countsIn(tiny).some((each) => each.startsWith('Requests Get')), countsIn(tiny).join());
  await tiny.call('Get', { Name: 'a' });
  assert.ok(countsIn(tiny).includes('Requests Get 3'), countsIn(tiny).join());
});

test('a token answers a repeated call, records it, and refuses another input', async (t) => {
  const tiny = tinyCloud(t);
  await tiny.call('Put', { Name: 'a', Body: 'one', Token: 'x' });
  tiny.partition.transact((tx) => tx.put(notes, notes.key('a'), { body: 'changed since' }));
  await tiny.call('Put', { Name: 'a', Body: 'one', Token: 'x' });
  assert.equal((await tiny.call('Get', { Name: 'a' }))['Body'], 'changed since');
  await assert.rejects(
    tiny.call('Put', { Name: 'a', Body: 'two', Token: 'x' }),
    refused('IdempotentParameterMismatch'),
  );
  assert.deepEqual(auditIn(tiny, OWN), ['Put', 'Put', 'Put IdempotentParameterMismatch']);
});

test('an internal token holds for operations without an answer too, and not for the calls they make', async (t) => {
  const tiny = tinyCloud(t);
  await tiny.call('Put', { Name: 'a' });
  await tiny.call('Remove', { Name: 'a' }, userOf(OWN), 'token');
  await tiny.call('Remove', { Name: 'a' }, userOf(OWN), 'token');
  await assert.rejects(tiny.call('Remove', { Name: 'a' }), refused('NoSuchNote'));
  await tiny.call('Twice', { Name: 'b' }, userOf(OWN), 'token');
  await tiny.call('Get', { Name: 'b-2' });
});

test('a call that a service passes on is the caller’s, by way of the service', async (t) => {
  const tiny = tinyCloud(t);
  await tiny.call('Twice', { Name: 'a' });
  const records = tiny.partition.read((tx) => waitingRecords(tx));
  const put = records.find(({ eventName }) => eventName === 'Put');
  assert.equal(put?.sourceIPAddress, 'notes.amazonaws.com');
  assert.equal(put.userIdentity['userName'], 'alice');
});

test('an input that is not valid is in the audit of who sent it, without what it holds in secret', async (t) => {
  const tiny = tinyCloud(t);
  await assert.rejects(
    tiny.call('Put', { Name: 'x'.repeat(1001), Secret: { word: 'x' } }),
    refused('ValidationException'),
  );
  const [record] = tiny.partition.read(waitingRecords);
  assert.equal(record?.errorCode, 'ValidationException');
  assert.deepEqual(record.requestParameters, {
    name: 'x'.repeat(1001),
    secret: 'HIDDEN_DUE_TO_SECURITY_REASONS',
  });
});

test('a call on another account’s resource is in both audits, joined by an id', async (t) => {
  const tiny = tinyCloud(t);
  const arn = noteArn('a', OTHER);
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: OWN }, Action: 'notes:*', Resource: arn }],
  });
  const others = tiny.cloud.store.partition({ service: 'notes', account: OTHER, region: REGION });
  others.transact((tx) => tx.put(notes, notes.key('a'), { body: 'b', policy }));
  await tiny.call('Put', { Owner: OTHER, Name: 'a', Body: 'c' });
  const [own] = tiny.partition.read(waitingRecords);
  const [other] = others.read(waitingRecords);
  assert.deepEqual([own?.eventName, own?.recipientAccountId, own?.userIdentity['type']], ['Put', OWN, 'IAMUser']);
  assert.deepEqual([other?.recipientAccountId, other?.userIdentity['type']], [OTHER, 'AWSAccount']);
  assert.ok(own?.sharedEventID !== undefined && own.sharedEventID === other?.sharedEventID);
  assert.notEqual(own.eventID, other.eventID);
});
