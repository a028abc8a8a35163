/** Signatures over digests against node:crypto, which hashes itself: each must accept what the other made, and nothing else. */
import assert from 'node:assert/strict';
import { constants, createPublicKey, generateKeyPairSync, hash, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CurveName, signDigest, verifyDigest } from '#services/kms/crypto/ecdsa-digest.ts';
import { type HashName, signPkcs1, signPss, verifyPkcs1, verifyPss } from '#services/kms/crypto/rsa-digest.ts';

const CURVES: readonly (readonly [CurveName, HashName])[] = [
  ['prime256v1', 'sha256'],
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512'],
  ['secp256k1', 'sha256'],
];

const digestOf = (name: HashName, message: Uint8Array) => hash(name, message, 'buffer');

for (const [curve, name] of CURVES) {
  test(`ECDSA over a digest on ${curve}`, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
    const other = generateKeyPairSync('ec', { namedCurve: curve }).publicKey;
    const property = fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(), (message, at) => {
      const digest = digestOf(name, message);
      const ours = signDigest(curve, privateKey, digest);
      assert.ok(verify(name, message, publicKey, ours));
      const theirs = sign(name, message, privateKey);
      assert.ok(verifyDigest(curve, publicKey, digest, theirs));
      assert.equal(verifyDigest(curve, other, digest, theirs), false);
      const altered = Buffer.from(theirs);
      altered[at % altered.length] = (altered[at % altered.length] ?? 0) ^ 1;
      assert.equal(verifyDigest(curve, publicKey, digest, altered), verify(name, message, publicKey, altered));
      assert.equal(verifyDigest(curve, publicKey, digestOf(name, digest), theirs), false);
      // The negated digest has a signature under the negated key: the point's own half must decide.
      const negated = Buffer.from(digest);
      negated[0] = (negated[0] ?? 0) ^ 128;
      assert.equal(verifyDigest(curve, publicKey, negated, theirs), false);
    });
    fc.assert(property, { numRuns: 20 });
  });
}

test('a signature of r and -s is one too, of the other key it is none', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const { kty = '', crv = '', x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const flipped = (p - BigInt(`0x${Buffer.from(y, 'base64url').toString('hex')}`)).toString(16).padStart(64, '0');
  const negative = createPublicKey({
    format: 'jwk',
    key: { kty, crv, x, y: Buffer.from(flipped, 'hex').toString('base64url') },
  });
  const digest = digestOf('sha256', Buffer.from('m'));
  const signature = signDigest('prime256v1', privateKey, digest);
  assert.equal(verifyDigest('prime256v1', publicKey, digest, signature), true);
  assert.equal(verifyDigest('prime256v1', negative, digest, signature), false);
});

test('what is no DER pair of integers in range is no signature', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const digest = digestOf('sha256', Buffer.from('m'));
  const good = signDigest('prime256v1', privateKey, digest);
  const bad = [
    Buffer.alloc(0),
    good.subarray(0, -1),
    Buffer.concat([good, Buffer.from([0])]),
    Buffer.from('3006020100020100', 'hex'),
    Buffer.from('3006020101020180', 'hex'),
    Buffer.from(`30260221${'00ff'.padEnd(66, 'f')}020101`, 'hex'),
  ];
  for (const signature of bad) assert.equal(verifyDigest('prime256v1', publicKey, digest, signature), false);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => !verifyDigest('prime256v1', publicKey, digest, bytes)),
  );
});

test('an RSA signature that starts with a zero is none without it', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  for (const [signer, verifier] of [
    [signPkcs1, verifyPkcs1],
    [signPss, verifyPss],
  ] as const) {
    for (let i = 0; ; i++) {
      const digest = digestOf('sha256', Buffer.from(String(i)));
      const signature = signer(privateKey, 'sha256', digest);
      if (signature[0] !== 0) continue;
      assert.ok(verifier(publicKey, 'sha256', digest, signature));
      assert.equal(verifier(publicKey, 'sha256', digest, signature.subarray(1)), false);
      break;
    }
  }
});

for (const name of ['sha256', 'sha384', 'sha512'] as const) {
  test(`RSA over a digest of ${name}`, () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const message = Buffer.from('a message');
    const digest = digestOf(name, message);
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    const schemes = [
      { options: { padding: constants.RSA_PKCS1_PADDING }, signer: signPkcs1, verifier: verifyPkcs1 },
      { options: pss, signer: signPss, verifier: verifyPss },
    ];
    for (const { options, signer, verifier } of schemes) {
      const ours = signer(privateKey, name, digest);
      assert.ok(verify(name, message, { key: publicKey, ...options }, ours));
      const theirs = sign(name, message, { key: privateKey, ...options });
      assert.ok(verifier(publicKey, name, digest, theirs));
      assert.equal(verifier(publicKey, name, digestOf(name, digest), theirs), false);
      for (const at of [0, 100, theirs.length - 1]) {
        const altered = Buffer.from(theirs);
        altered[at] = (altered[at] ?? 0) ^ 1;
        assert.equal(verifier(publicKey, name, digest, altered), false);
      }
      assert.equal(verifier(publicKey, name, digest, theirs.subarray(1)), false);
    }
    // A salt of another length is another scheme.
    const longSalt = sign(name, message, { key: privateKey, ...pss, saltLength: 20 });
    assert.equal(verifyPss(publicKey, name, digest, longSalt), false);
  });
}

/** RFC 6979, A.2.5: P-256, SHA-256, "sample". */
test('a published signature', () => {
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: Buffer.from('60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6', 'hex').toString('base64url'),
      y: Buffer.from('7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299', 'hex').toString('base64url'),
    },
  });
  const r = 'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716';
  const s = 'F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8';
  const signature = Buffer.from(`3046022100${r}022100${s}`, 'hex');
  assert.ok(verifyDigest('prime256v1', key, digestOf('sha256', Buffer.from('sample')), signature));
});
