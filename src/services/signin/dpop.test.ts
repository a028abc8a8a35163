import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { readProof } from '#services/signin/dpop.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { d: _, ...jwk } = privateKey.export({ format: 'jwk' });
const url = 'http://localhost:4566/v1/token';
const now = 1_800_000_000_000;
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function proof(header: object = {}, payload: object = {}, key = privateKey): string {
  const text = [
    encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header }),
    encoded({ htm: 'POST', htu: url, iat: now / 1000, jti: 'a', ...payload }),
  ].join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

const prove = (text: string | undefined) => readProof(text, { method: 'POST', url, now });

test('the key of a good proof is known by its thumbprint', () => {
  const { thumbprint, id, endsAt } = prove(proof());
  assert.match(thumbprint, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(prove(proof({}, { iat: now / 1000 - 299 })).thumbprint, thumbprint);
  assert.equal(prove(proof({}, { htu: 'https://localhost:4566/v1/token?x=1' })).thumbprint, thumbprint);
  assert.equal(prove(proof()).id, id);
  assert.notEqual(prove(proof({}, { jti: 'b' })).id, id);
  // As long as it is fresh, to the last millisecond.
  assert.ok(endsAt > now + 300_000);
});

test('the proof of RFC 9449, section 4.1, has the thumbprint of its section 6.1', () => {
  const example = [
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo',
    'RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJq',
    'dGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0Ijox',
    'NTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg',
  ].join('');
  const request = { method: 'POST', url: 'https://server.example.com/token', now: 1562262616_000 };
  assert.equal(readProof(example, request).thumbprint, '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I');
});

test('any other proof is refused', () => {
  const bad: Record<string, string | undefined> = {
    missing: undefined,
    empty: '',
    'no JWT': 'a.b.c',
    'four parts': `${proof()}.`,
    'too long': `${proof({ x: 'x'.repeat(5000) })}`,
    'another key’s': proof({}, {}, other),
    'of no type': proof({ typ: 'JWT' }),
    'of no algorithm': proof({ alg: 'none' }),
    'of a shared secret': proof({ alg: 'HS256' }),
    'of a point off the curve': proof({ jwk: { ...jwk, x: jwk.y, y: jwk.x } }),
    'of no key': proof({ jwk: 'x' }),
    'of another method': proof({}, { htm: 'GET' }),
    'of another host': proof({}, { htu: 'http://else:4566/v1/token' }),
    'of another path': proof({}, { htu: 'http://localhost:4566/v1/else' }),
    'of no address': proof({}, { htu: 'token' }),
    old: proof({}, { iat: now / 1000 - 301 }),
    'of the future': proof({}, { iat: now / 1000 + 301 }),
    'without an id': proof({}, { jti: undefined }),
  };
  for (const [name, text] of Object.entries(bad)) {
    assert.throws(() => prove(text), { name: 'ServiceError', code: 'ValidationException' }, name);
  }
});
