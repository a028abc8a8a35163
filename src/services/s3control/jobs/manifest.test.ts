import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { JobManifestFieldName } from '#platform/model/generated/s3control.ts';
import { fieldsOfSchema, linesOf, readLine, taskOf } from './manifest.ts';

const FIELDS: readonly JobManifestFieldName[] = ['Bucket', 'Key', 'VersionId'];

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('lines are the same, however the bytes come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n') && text.isWellFormed())),
      fc.integer({ min: 1, max: 20 }),
      async (lines, size) => {
        const found: string[] = [];
        for await (const line of linesOf(inPieces(lines.join('\n'), size))) found.push(line);
        assert.deepEqual(found, lines.join('\n').split('\n'));
      },
    ),
  );
});

test('what is written with quotes is read', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string().filter((text) => !/[\r\n]/.test(text)),
        { minLength: 1 },
      ),
      (values) => {
        const line = values.map((value) => `"${value.replaceAll('"', '""')}"`).join(',');
        assert.deepEqual(readLine(line), values);
      },
    ),
  );
});

test('a key may be anything, encoded', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed()),
      fc.boolean(),
      (key, isPlus) => {
        const encoded = encodeURIComponent(key).replaceAll('%20', isPlus ? '+' : '%20');
        assert.deepEqual(taskOf(`books,${encoded},v1`, FIELDS, 1), { bucket: 'books', key, versionId: 'v1' });
      },
    ),
  );
});

test('lines that are none, and long ones, are refused', async () => {
  for (const line of ['books', ',a', 'books,%E0', '"books,a', 'books,"a"b']) {
    assert.throws(() => taskOf(line, FIELDS, 3), { code: 'InvalidManifest', message: /Line 3/ });
  }
  const long = async () => {
    for await (const _ of linesOf(inPieces('x'.repeat(20_000), 1000)));
  };
  await assert.rejects(long, { code: 'InvalidManifest' });
  assert.deepEqual(taskOf('books,a', FIELDS, 1), { bucket: 'books', key: 'a', versionId: '' });
  assert.deepEqual(fieldsOfSchema('Bucket, Key, Size'), ['Bucket', 'Key', 'Ignore']);
});
