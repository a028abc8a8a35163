import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { hours } from '#platform/base/clock.ts';
import { type DigestInput, digestFile, fitting, logFile } from './files.ts';

const NOW = Date.UTC(2026, 0, 31, 2, 10, 31);
const place = { bucket: 'logs', prefix: undefined, account: '123456789012', region: 'us-east-2' };
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const digest = (over: Partial<DigestInput> = {}) =>
  digestFile({
    ...place,
    trail: 'audit',
    homeRegion: 'us-east-1',
    from: NOW - hours(1),
    to: NOW,
    files: [],
    previous: undefined,
    fingerprint: 'abc',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ...over,
  });

test('a log file has CloudTrail’s name and holds its records', () => {
  const file = logFile({ ...place, prefix: 'all' }, 'CloudTrail', NOW, 'Mu0KsOhtH1ar15ZZ', ['{"a":1}', '{"b":2}']);
  const name = '123456789012_CloudTrail_us-east-2_20260131T0210Z_Mu0KsOhtH1ar15ZZ.json.gz';
  assert.equal(file.key, `all/AWSLogs/123456789012/CloudTrail/us-east-2/2026/01/31/${name}`);
  const content = gunzipSync(file.body);
  assert.deepEqual(JSON.parse(content.toString()), { Records: [{ a: 1 }, { b: 2 }] });
  assert.equal(file.hash, sha256(content));
});

test('a file takes what fits into it, and one row if none does', () => {
  const rows = [['12345', '678'], ['90'], ['a'.repeat(20)], ['b']];
  assert.deepEqual(
    [7, 8, 9, 10, 30, 31].map((most) => fitting(rows, most)),
    [1, 1, 1, 2, 3, 4],
  );
  assert.equal(fitting(rows), 4);
  assert.equal(fitting([]), 0);
});

test('a digest names its files, is signed, and chains to the one before', () => {
  const file = { bucket: 'logs', key: 'k', hash: 'h', oldest: NOW - 5000, newest: NOW - 1000 };
  const first = digest({ files: [file] });
  const folder = 'AWSLogs/123456789012/CloudTrail-Digest/us-east-2/2026/01/31';
  const name = '123456789012_CloudTrail-Digest_us-east-2_audit_us-east-1_20260131T021031Z.json.gz';
  assert.equal(first.key, `${folder}/${name}`);
  const content = JSON.parse(gunzipSync(first.body).toString());
  assert.deepEqual(
    [content.digestStartTime, content.digestEndTime, content.oldestEventTime, content.newestEventTime],
    ['2026-01-31T01:10:31Z', '2026-01-31T02:10:31Z', '2026-01-31T02:10:26Z', '2026-01-31T02:10:30Z'],
  );
  assert.equal(content.logFiles[0].hashValue, 'h');
  assert.equal(content.previousDigestSignature, null);

  const { key, hash, signature } = first;
  const second = digest({ from: NOW, to: NOW + hours(1), previous: { bucket: 'logs', key, hash, signature } });
  const next = JSON.parse(gunzipSync(second.body).toString());
  assert.deepEqual(
    [next.previousDigestS3Object, next.previousDigestHashValue, next.previousDigestSignature, next.newestEventTime],
    [key, sha256(gunzipSync(first.body)), first.metadata['signature'], null],
  );
  for (const [one, end, previous] of [
    [first, '2026-01-31T02:10:31Z', 'null'],
    [second, '2026-01-31T03:10:31Z', signature],
  ] as const) {
    const signed = `${end}\nlogs/${one.key}\n${sha256(gunzipSync(one.body))}\n${previous}`;
    assert.ok(verify('sha256', Buffer.from(signed), publicKey, Buffer.from(one.signature, 'hex')));
  }
});
