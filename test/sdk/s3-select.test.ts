import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  PutObjectCommand,
  type S3Client,
  SelectObjectContentCommand,
  type SelectObjectContentCommandInput,
  type SelectObjectContentEventStream,
} from '@aws-sdk/client-s3';
import { GZIP, SNAPPY, ZSTD } from '#test/sdk/parquet.ts';
import { sendRaw, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { type BucketTest, bucketTest } from '#test/sdk/s3.ts';

const PEOPLE = 'name,age\nAda,36\nGrace,85\nAlan,41\n';
const CSV = { CSV: { FileHeaderInfo: 'USE' } } as const;

/** The same, by Python's bz2. */
const BZIPPED = 'QlpoOTFBWSZTWWFmaFQAAA/dgAAQAAQvQCCALocQACAAIiDI09QHpCmTEyDIzdrtksmHQCglyKuRwmFWaCPi7kinChIMLM0KgA==';

type Asked = Partial<SelectObjectContentCommandInput>;

async function eventsOf({ s3, Bucket }: BucketTest, Expression: string, further: Asked = {}, as: S3Client = s3) {
  const { Payload } = await as.send(
    new SelectObjectContentCommand({
      Bucket,
      Key: 'k',
      ExpressionType: 'SQL',
      Expression,
      InputSerialization: CSV,
      OutputSerialization: { CSV: {} },
      ...further,
    }),
  );
  const found: SelectObjectContentEventStream[] = [];
  for await (const event of Payload ?? []) found.push(event);
  return found;
}

async function select(b: BucketTest, expression: string, further: Asked = {}): Promise<string> {
  const found = await eventsOf(b, expression, further);
  return Buffer.concat(found.map(({ Records }) => Records?.Payload ?? new Uint8Array(0))).toString('utf8');
}

test('CSV and JSON, one into the other', async (t) => {
  const b = await bucketTest(t);
  await b.put('k', PEOPLE);
  assert.equal(await select(b, 'SELECT name FROM S3Object s WHERE CAST(s.age AS INT) > 40'), 'Grace\nAlan\n');
  const OutputSerialization = { JSON: { RecordDelimiter: ';' } };
  assert.equal(
    await select(b, 'SELECT * FROM S3Object LIMIT 1', { OutputSerialization }),
    '{"name":"Ada","age":"36"};',
  );
  await b.put('k', '{"a":{"b":[1,2]}}\n{"a":null}\n');
  const InputSerialization = { JSON: { Type: 'LINES' } } as const;
  assert.equal(
    await select(b, 'SELECT s.a.b[1] AS x, s.a FROM S3Object s', { InputSerialization }),
    '2,"{""b"":[1,2]}"\n,\n',
  );
});

test('what the stream tells of the work', async (t) => {
  const b = await bucketTest(t);
  await b.put('k', PEOPLE);
  const found = await eventsOf(b, 'SELECT COUNT(*) FROM S3Object', { RequestProgress: { Enabled: true } });
  assert.deepEqual(
    found.map((event) => Object.keys(event)[0]),
    ['Records', 'Progress', 'Stats', 'End'],
  );
  assert.deepEqual(found[2]?.Stats?.Details, { BytesScanned: 33, BytesProcessed: 33, BytesReturned: 2 });
  const zipped = gzipSync(PEOPLE);
  await b.s3.send(new PutObjectCommand({ Bucket: b.Bucket, Key: 'k', Body: zipped }));
  const InputSerialization = { ...CSV, CompressionType: 'GZIP' } as const;
  const [records, stats] = await eventsOf(b, 'SELECT * FROM S3Object LIMIT 1', { InputSerialization });
  assert.equal(Buffer.from(records?.Records?.Payload ?? []).toString(), 'Ada,36\n');
  assert.deepEqual(stats?.Stats?.Details, { BytesScanned: zipped.length, BytesProcessed: 33, BytesReturned: 7 });
  await b.s3.send(new PutObjectCommand({ Bucket: b.Bucket, Key: 'k', Body: Buffer.from(BZIPPED, 'base64') }));
  const bzipped = { InputSerialization: { ...CSV, CompressionType: 'BZIP2' } } as const;
  assert.equal(await select(b, 'SELECT SUM(age) FROM S3Object', bzipped), '162\n');
});

test('a large object streams, and others are served meanwhile', async (t) => {
  const b = await bucketTest(t);
  const line = `${'x'.repeat(90)},12345\n`;
  const count = 150_000;
  await b.put('k', line.repeat(count));
  await b.put('other', 'text');
  const InputSerialization = { CSV: {} };
  const answers = [
    select(b, 'SELECT COUNT(*), SUM(CAST(s._2 AS INT)) FROM S3Object s', { InputSerialization }),
    select(b, 'SELECT s._2 FROM S3Object s', { InputSerialization }),
  ];
  const [sums, all] = await Promise.all(answers);
  assert.equal(sums, `${count},${count * 12345}\n`);
  assert.equal(all, '12345\n'.repeat(count));
  const signs = await eventsOf(b, "SELECT * FROM S3Object s WHERE s._2 = 'none'", { InputSerialization });
  assert.ok(signs.some((event) => event.Cont !== undefined));
  assert.deepEqual(Object.keys(signs.at(-1) ?? {}), ['End']);
});

test('Parquet', async (t) => {
  const b = await bucketTest(t);
  const file = (text: string) => Buffer.from(text, 'base64');
  const put = (Body: Uint8Array) => b.s3.send(new PutObjectCommand({ Bucket: b.Bucket, Key: 'k', Body }));
  const further = { InputSerialization: { Parquet: {} }, OutputSerialization: { JSON: {} } };
  for (const text of [SNAPPY, GZIP]) {
    await put(file(text));
    assert.equal(
      await select(b, 'SELECT * FROM S3Object LIMIT 1', further),
      '{"id":1,"name":"Ada","age":36,"score":1.5,"ok":true,"moment":"2024-05-01T10:00:00Z","list":[1,2],"struct":{"a":"x"},"price":12.34}\n',
    );
    const where = "WHERE s.moment > TO_TIMESTAMP('2024-05-02T') OR s.ok = FALSE".replace("02T'", "02'");
    assert.equal(
      await select(b, `SELECT s.id, s.name FROM S3Object s ${where}`, further),
      '{"id":9007199254740993,"name":"Grace"}\n{"id":3,"name":"é日本"}\n',
    );
    assert.equal(await select(b, 'SELECT COUNT(s.age) n, SUM(s.score) FROM S3Object s', further), '{"n":2,"_2":-1}\n');
    assert.equal(await select(b, 'SELECT COUNT(*) n FROM S3Object', further), '{"n":3}\n');
    assert.equal(await select(b, 'SELECT s.struct.a FROM S3Object s WHERE s.ID = 1', further), '{"a":"x"}\n');
    const scanned = async (expression: string) => {
      const events = await eventsOf(b, expression, further);
      return events.find(({ Stats }) => Stats)?.Stats?.Details?.BytesScanned ?? 0;
    };
    const [one, all] = [await scanned('SELECT s.id FROM S3Object s'), await scanned('SELECT * FROM S3Object s')];
    assert.ok(one < all - 300, `${one} of ${all} bytes are read for one column`);
  }
  const inStream = (code: string) =>
    assert.rejects(select(b, 'SELECT * FROM S3Object', further), (error: Error) =>
      `${error.name} ${error.message}`.includes(code),
    );
  await put(file(ZSTD));
  await inStream('ParquetUnsupportedCompressionCodec');
  for (const body of [
    Buffer.from(PEOPLE),
    file(SNAPPY).subarray(0, 500),
    Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(8, 0xff), Buffer.from('PAR1')]),
  ]) {
    await put(body);
    await inStream('ParquetParsingError');
  }
  const zipped = { ...further, InputSerialization: { Parquet: {}, CompressionType: 'GZIP' } } as const;
  await assert.rejects(select(b, 'SELECT * FROM S3Object', zipped), refusal('InvalidCompressionFormat'));
  const ranged = { ...further, ScanRange: { Start: 0, End: 5 } };
  await assert.rejects(select(b, 'SELECT * FROM S3Object', ranged), refusal('UnsupportedScanRangeInput'));
});

test('ranges of an object', async (t) => {
  const b = await bucketTest(t);
  await b.put('k', 'aa\nbb\ncc\ndd\n');
  const range = (Start?: number, End?: number) =>
    select(b, 'SELECT * FROM S3Object', {
      InputSerialization: { CSV: {} },
      ScanRange: { ...(Start !== undefined && { Start }), ...(End !== undefined && { End }) },
    });
  assert.equal(await range(0, 2), 'aa\n');
  assert.equal(await range(0, 3), 'aa\nbb\n');
  assert.equal(await range(1, 5), 'bb\n');
  assert.equal(await range(6), 'cc\ndd\n');
  assert.equal(await range(undefined, 4), 'dd\n');
  await assert.rejects(range(5, 2), refusal('InvalidScanRange'));
  await assert.rejects(range(100), refusal('InvalidScanRange'));
  await assert.rejects(range(), refusal('InvalidScanRange'));
  const ScanRange = { Start: 1 };
  await assert.rejects(select(b, 'SELECT * FROM S3Object', { ScanRange }), refusal('UnsupportedScanRangeInput'));
});

test('what is refused before anything is read, and what ends the stream', async (t) => {
  const b = await bucketTest(t);
  await b.put('k', `${PEOPLE}Eve,none\n`);
  const all = 'SELECT * FROM S3Object';
  const cases: readonly (readonly [string, Asked, string])[] = [
    ['SELEC * FROM S3Object', {}, 'ParseExpectedKeyword'],
    ["SELECT * FROM read_csv('/etc/passwd')", {}, 'InvalidDataSource'],
    [all, { InputSerialization: {} }, 'MissingRequiredParameter'],
    [all, { InputSerialization: { ...CSV, JSON: { Type: 'LINES' } } }, 'ObjectSerializationConflict'],
    [all, { InputSerialization: { CSV: { FieldDelimiter: 'ab' } } }, 'InvalidRequestParameter'],
    [all, { OutputSerialization: {} }, 'MissingRequiredParameter'],
    [all, { Key: 'none' }, 'NoSuchKey'],
  ];
  for (const [expression, further, code] of cases) {
    await assert.rejects(select(b, expression, further), refusal(code), `${expression} ${JSON.stringify(further)}`);
  }
  const inStream = (code: string, expression: string, further: Asked = {}) =>
    assert.rejects(
      select(b, expression, further),
      (error: Error) => `${error.name} ${error.message}`.includes(code),
      code,
    );
  await inStream('CastFailed', 'SELECT CAST(age AS INT) FROM S3Object');
  await inStream('MissingHeaders', 'SELECT height FROM S3Object');
  await inStream('JSONParsingError', all, { InputSerialization: { JSON: { Type: 'DOCUMENT' } } });
  await inStream('InvalidCompressionFormat', all, { InputSerialization: { ...CSV, CompressionType: 'GZIP' } });
  const cut = gzipSync(PEOPLE.repeat(100)).subarray(0, 40);
  await b.s3.send(new PutObjectCommand({ Bucket: b.Bucket, Key: 'k', Body: cut }));
  await inStream('TruncatedInput', all, { InputSerialization: { ...CSV, CompressionType: 'GZIP' } });
  await b.s3.send(new PutObjectCommand({ Bucket: b.Bucket, Key: 'k', Body: Uint8Array.of(0x61, 0xff, 0x0a) }));
  await inStream('InvalidTextEncoding', all);
  await b.put('k', 'x'.repeat(1_100_000));
  await inStream('OverMaxRecordSize', all, { InputSerialization: { CSV: {} } });
  await b.put('k', PEOPLE, { StorageClass: 'REDUCED_REDUNDANCY' });
  await assert.rejects(select(b, all), refusal('UnsupportedStorageClass'));
});

test('who may not read the object may not query it', async (t) => {
  const b = await bucketTest(t);
  const { c } = b;
  await b.put('k', PEOPLE);
  const iam = c.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  const user = b.as({ accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' });
  await assert.rejects(eventsOf(b, 'SELECT * FROM S3Object', {}, user), refusal('AccessDenied'));
  const query = { select: '', 'select-type': '2' };
  const stranger = await sendRaw(c, unsigned(c, { method: 'POST', path: `/${b.Bucket}/k`, query }));
  assert.equal(stranger.code, 'AccessDenied');
});
