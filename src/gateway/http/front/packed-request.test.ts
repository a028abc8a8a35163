import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headText } from '../carrier.ts';
import { HeadParser } from '../http1-head.ts';
import { Http1Request } from '../http1-request.ts';
import { defaultLimits } from '../limits.ts';
import { packRequest, unpackRequest } from './packed-request.ts';
import { spaceOf } from './record-ring.ts';

const name = fc
  .stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
  .filter((text) => !/^(host|content-length|transfer|connection|expect)/.test(text));
const value = fc.stringMatching(/^([!-~\x80-\xff]([ -~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const headers = fc.dictionary(fc.oneof(name, fc.constantFrom('x-amz-date', 'authorization', 'content-type')), value, {
  noNullPrototype: true,
});

test('a request is the same behind the ring, and as a head that is written anew', () => {
  const parser = new HeadParser(defaultLimits);
  fc.assert(
    fc.property(headers, fc.webPath(), fc.webQueryParameters(), fc.uint8Array(), (fields, path, query, body) => {
      const lines = Object.entries(fields).map(([field, text]) => `${field}: ${text}\r\n`);
      const target = `/${path.replace(/^\/+/, '')}${query === '' ? '' : `?${query}`}`;
      const head = parser.parse(Buffer.from(`PUT ${target} HTTP/1.1\r\nhost: h\r\n${lines.join('')}\r\n`, 'latin1'), 0);
      if (head === undefined || !('headers' in head)) {
        fc.pre(false);
        return;
      }
      const request = new Http1Request(head, '192.0.2.1');
      request.body = Buffer.from(body);
      const packed = packRequest(request, true);
      const space = spaceOf(new ArrayBuffer(packed.bytes + 16 + (8 - (packed.bytes % 8))));
      packed.writeTo(space, 8);
      const { request: same, keepAlive } = unpackRequest(space, 8);
      space.bytes.fill(0);
      assert.equal(keepAlive, true);
      assert.deepEqual({ ...same.headers }, { ...request.headers });
      assert.deepEqual(
        [same.method, same.path, same.query, same.remoteAddress],
        ['PUT', request.path, request.query, '192.0.2.1'],
      );
      assert.deepEqual([...same.body], [...body]);
      const again = parser.parse(Buffer.from(headText(head), 'latin1'), 0);
      assert.ok(again && 'headers' in again);
      assert.deepEqual(
        { ...again, headers: { ...again.headers }, byteLength: 0 },
        { ...head, headers: { ...head.headers }, byteLength: 0 },
      );
    }),
  );
});
