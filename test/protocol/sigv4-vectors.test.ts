/**
 * AWS's own vectors of Signature Version 4, turned round: the signed request must verify, and our canonical request must
 * be AWS's to the letter. They come with botocore's source distribution and are fetched, never committed.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { standardDialect } from '#gateway/auth/authentication.ts';
import { canonicalRequest } from '#gateway/auth/canonical.ts';
import { sha256Hex } from '#gateway/auth/digest.ts';
import { type Credential, checkClaims, readAuthentication, verifySignature } from '#gateway/auth/sigv4.ts';
import type { Headers, WireRequest } from '#gateway/wire/protocol.ts';
import { present } from '#platform/base/assert.ts';

const folder = join(import.meta.dirname, '../../.cache/vectors/botocore-1.44.5/tests/unit/auth/aws4_testsuite');
const NOW = Date.UTC(2015, 7, 30, 12, 36, 0);
const CREDENTIAL: Credential = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

/** Reads a request as a lenient HTTP/1.1 reader does: blanks in the target, folded headers, repeated ones joined. */
function readRequest(bytes: Buffer): WireRequest {
  const [head = '', ...rest] = bytes.toString('latin1').split(/\r?\n\r?\n/);
  const [first = '', ...lines] = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1.1$/.exec(first) ?? [];
  const headers: Headers = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  return { method, path, query, headers, body: Buffer.from(rest.join('\n\n'), 'latin1') };
}

function vectors(): { name: string; file: (extension: string) => Buffer }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sreq'))
    .map((path) => ({
      name: dirname(path),
      file: (extension) => readFileSync(join(folder, dirname(path), `${basename(path, '.sreq')}.${extension}`)),
    }));
}

describe('AWS signature vectors', { skip: existsSync(folder) ? false : 'not fetched' }, () => {
  test('there are as many as we know of', () => assert.equal(vectors().length, 34));

  for (const { name, file } of vectors()) {
    test(name, () => {
      const request = readRequest(file('sreq'));
      // One vector's signed request carries a signature of nothing; the .authz files are right throughout.
      request.headers['authorization'] = file('authz').toString('latin1').trim();
      const authentication = present(readAuthentication(request), 'the vectors are signed');
      const canonical = canonicalRequest(request, authentication.signedHeaders, {
        normalises: standardDialect.normalisesPath,
        payloadHash: sha256Hex(request.body),
      });
      assert.equal(canonical, file('creq').toString('latin1').replaceAll('\r', ''));

      const { sessionToken } = authentication;
      const credential = sessionToken === undefined ? CREDENTIAL : { ...CREDENTIAL, sessionToken };
      checkClaims(request, authentication, NOW, {
        service: 'service',
        acceptsRegion: (region) => region === 'us-east-1',
      });
      assert.deepEqual(verifySignature(request, authentication, credential, NOW), { kind: 'checked' });
      assert.throws(() => verifySignature(request, authentication, { ...credential, secretAccessKey: 'another' }, NOW));
    });
  }
});
