/** What keys are for: encryption, data keys, signatures, MACs, shared secrets; each held against node:crypto. */
import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import {
  DecapsulateCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  EncapsulateCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  type KeySpec,
  type MacAlgorithmSpec,
  type MessageType,
  ReEncryptCommand,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { seconds } from '#platform/base/clock.ts';
import { hex, startKms, text } from '#test/sdk/kms.ts';

const EncryptionContext = { tenant: 'blue', ключ: 'значение' };
const invalid = { name: 'InvalidCiphertextException' };

test('what is encrypted comes back under its key and context alone', async (t) => {
  const { c, kms, key, in: inRegion } = await startKms(t);
  const [a, b] = [await key(), await key()];
  const plaintext = crypto.randomBytes(4096);
  const { CiphertextBlob = text('') } = await kms.send(
    new EncryptCommand({ KeyId: a.id, Plaintext: plaintext, EncryptionContext }),
  );
  const decrypt = (more: object) => kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, ...more }));
  const { Plaintext, KeyId, EncryptionAlgorithm } = await decrypt({});
  assert.deepEqual([hex(Plaintext), KeyId, EncryptionAlgorithm], [hex(plaintext), a.arn, 'SYMMETRIC_DEFAULT']);
  assert.equal(hex((await decrypt({ KeyId: a.arn })).Plaintext), hex(plaintext));
  await assert.rejects(decrypt({ KeyId: b.id }), { name: 'IncorrectKeyException' });
  await assert.rejects(decrypt({ EncryptionContext: { tenant: 'red' } }), invalid);
  await assert.rejects(decrypt({ EncryptionContext: undefined }), invalid);
  // The head says another key of the account: its material never made this.
  const moved = Buffer.from(CiphertextBlob);
  Buffer.from(b.id.replaceAll('-', ''), 'hex').copy(moved, 8);
  await assert.rejects(decrypt({ CiphertextBlob: moved }), invalid);
  await assert.rejects(decrypt({ CiphertextBlob: text('nothing of ours') }), invalid);
  // Elsewhere there is no such key, which is told to who names it alone.
  const elsewhere = inRegion('eu-west-1');
  const input = { CiphertextBlob, EncryptionContext };
  const hidden = (action: string) => ({
    name: 'AccessDeniedException',
    message:
      `User: arn:aws:iam::${c.account}:user/administrator is not authorized to perform: ${action} on the resource associated with ` +
      'this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a ' +
      'resource-based policy explicitly denies access',
  });
  await assert.rejects(elsewhere.send(new DecryptCommand(input)), hidden('kms:Decrypt'));
  await assert.rejects(elsewhere.send(new DecryptCommand({ ...input, KeyId: a.id })), { name: 'NotFoundException' });
  const { id: DestinationKeyId } = await key({}, elsewhere);
  await assert.rejects(
    elsewhere.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId })),
    hidden('kms:ReEncryptFrom'),
  );
  await assert.rejects(decrypt({ EncryptionContext: { x: 'x'.repeat(8192) } }), { name: 'ValidationException' });
  await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob: undefined })), { name: 'ValidationException' });
});

test('RSA keys encrypt as OpenSSL does', async (t) => {
  const { kms, key } = await startKms(t);
  const { id: KeyId } = await key({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
  const { PublicKey = text('') } = await kms.send(new GetPublicKeyCommand({ KeyId }));
  const publicKey = crypto.createPublicKey({ key: Buffer.from(PublicKey), type: 'spki', format: 'der' });
  for (const [EncryptionAlgorithm, oaepHash, most] of [
    ['RSAES_OAEP_SHA_1', 'sha1', 214],
    ['RSAES_OAEP_SHA_256', 'sha256', 190],
  ] as const) {
    const Plaintext = crypto.randomBytes(most);
    const outside = crypto.publicEncrypt({ key: publicKey, oaepHash }, Plaintext);
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm }));
    for (const blob of [outside, CiphertextBlob]) {
      const decrypted = await kms.send(new DecryptCommand({ KeyId, CiphertextBlob: blob, EncryptionAlgorithm }));
      assert.equal(hex(decrypted.Plaintext), hex(Plaintext));
      assert.equal(decrypted.KeyMaterialId, undefined);
    }
    const long = new EncryptCommand({ KeyId, Plaintext: crypto.randomBytes(most + 1), EncryptionAlgorithm });
    await assert.rejects(kms.send(long), { name: 'ValidationException' });
  }
  const wrong = { KeyId, CiphertextBlob: crypto.randomBytes(256), EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' } as const;
  await assert.rejects(kms.send(new DecryptCommand(wrong)), invalid);
  await assert.rejects(kms.send(new EncryptCommand({ KeyId, Plaintext: text('x') })), {
    name: 'InvalidKeyUsageException',
  });
  const withContext = {
    KeyId,
    Plaintext: text('x'),
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    EncryptionContext,
  } as const;
  await assert.rejects(kms.send(new EncryptCommand(withContext)), { name: 'ValidationException' });
});

test('ReEncrypt moves a ciphertext to another key, context and algorithm', async (t) => {
  const { kms, key } = await startKms(t);
  const [a, b] = [await key(), await key()];
  const rsa = await key({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId: a.id, Plaintext: text('x'), EncryptionContext }),
  );
  const from = { CiphertextBlob, SourceEncryptionContext: EncryptionContext };
  const to = { DestinationKeyId: b.id, DestinationEncryptionContext: { to: 'b' } };
  const moved = await kms.send(new ReEncryptCommand({ ...from, ...to }));
  assert.deepEqual([moved.SourceKeyId, moved.KeyId], [a.arn, b.arn]);
  assert.notEqual(moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId);
  const opened = await kms.send(
    new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { to: 'b' } }),
  );
  assert.equal(hex(opened.Plaintext), hex(text('x')));
  const DestinationEncryptionAlgorithm = 'RSAES_OAEP_SHA_256';
  const byRsa = await kms.send(
    new ReEncryptCommand({ ...from, DestinationKeyId: rsa.id, DestinationEncryptionAlgorithm }),
  );
  const back = await kms.send(
    new ReEncryptCommand({
      CiphertextBlob: byRsa.CiphertextBlob,
      SourceKeyId: rsa.id,
      SourceEncryptionAlgorithm: DestinationEncryptionAlgorithm,
      DestinationKeyId: a.id,
    }),
  );
  assert.equal(
    hex((await kms.send(new DecryptCommand({ CiphertextBlob: back.CiphertextBlob }))).Plaintext),
    hex(text('x')),
  );
  await assert.rejects(kms.send(new ReEncryptCommand({ ...to, CiphertextBlob })), invalid);
  await assert.rejects(kms.send(new ReEncryptCommand({ ...from, ...to, SourceKeyId: b.id })), {
    name: 'IncorrectKeyException',
  });
});

test('data keys and pairs come in clear and encrypted', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: KeyId, arn } = await key();
  const opened = async (CiphertextBlob: Uint8Array | undefined) =>
    hex((await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))).Plaintext);
  for (const [size, length] of [
    [{ KeySpec: 'AES_128' }, 16],
    [{ KeySpec: 'AES_256' }, 32],
    [{ NumberOfBytes: 1024 }, 1024],
  ] as const) {
    const made = await kms.send(new GenerateDataKeyCommand({ KeyId, EncryptionContext, ...size }));
    assert.deepEqual([made.Plaintext?.length, made.KeyId], [length, arn]);
    assert.equal(await opened(made.CiphertextBlob), hex(made.Plaintext));
    const hidden = await kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, EncryptionContext, ...size }));
    assert.equal((await opened(hidden.CiphertextBlob)).length, 2 * length);
  }
  const both = { KeyId, KeySpec: 'AES_256', NumberOfBytes: 32 } as const;
  await assert.rejects(kms.send(new GenerateDataKeyCommand(both)), { name: 'ValidationException' });
  await assert.rejects(kms.send(new GenerateDataKeyCommand({ KeyId })), { name: 'ValidationException' });
  for (const KeyPairSpec of [
    'RSA_2048',
    'ECC_NIST_P256',
    'ECC_SECG_P256K1',
    'ECC_NIST_EDWARDS25519',
    'ML_KEM_768',
  ] as const) {
    const input = { KeyId, KeyPairSpec, EncryptionContext };
    const pair = await kms.send(new GenerateDataKeyPairCommand(input));
    const privateKey = crypto.createPrivateKey({
      key: Buffer.from(pair.PrivateKeyPlaintext ?? []),
      type: 'pkcs8',
      format: 'der',
    });
    const spki = crypto.createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    assert.equal(hex(pair.PublicKey), hex(spki), KeyPairSpec);
    assert.equal(await opened(pair.PrivateKeyCiphertextBlob), hex(pair.PrivateKeyPlaintext));
    // One RSA pair a second.
    c.advance(seconds(1));
    const hidden = await kms.send(new GenerateDataKeyPairWithoutPlaintextCommand(input));
    assert.ok(hidden.PublicKey && !('PrivateKeyPlaintext' in hidden));
  }
  const sm2 = new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'SM2' });
  await assert.rejects(kms.send(sm2), { name: 'UnsupportedOperationException' });
});

const SIGNERS: readonly (readonly [KeySpec, readonly SigningAlgorithmSpec[], readonly MessageType[]])[] = [
  ['RSA_2048', ['RSASSA_PSS_SHA_256', 'RSASSA_PSS_SHA_384', 'RSASSA_PSS_SHA_512'], ['RAW', 'DIGEST']],
  [
    'RSA_3072',
    ['RSASSA_PKCS1_V1_5_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_384', 'RSASSA_PKCS1_V1_5_SHA_512'],
    ['RAW', 'DIGEST'],
  ],
  ['ECC_NIST_P256', ['ECDSA_SHA_256'], ['RAW', 'DIGEST']],
  ['ECC_NIST_P384', ['ECDSA_SHA_384'], ['RAW', 'DIGEST']],
  ['ECC_NIST_P521', ['ECDSA_SHA_512'], ['RAW', 'DIGEST']],
  ['ECC_SECG_P256K1', ['ECDSA_SHA_256'], ['RAW', 'DIGEST']],
  ['ECC_NIST_EDWARDS25519', ['ED25519_SHA_512'], ['RAW']],
  ['ML_DSA_44', ['ML_DSA_SHAKE_256'], ['RAW']],
  ['ML_DSA_65', ['ML_DSA_SHAKE_256'], ['RAW']],
  ['ML_DSA_87', ['ML_DSA_SHAKE_256'], ['RAW']],
];

for (const [KeySpec, algorithms, types] of SIGNERS) {
  test(`${KeySpec} signs messages and digests, and OpenSSL agrees`, async (t) => {
    const { kms, key } = await startKms(t);
    const { id: KeyId } = await key({ KeySpec, KeyUsage: 'SIGN_VERIFY' });
    const { PublicKey = text('') } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const publicKey = crypto.createPublicKey({ key: Buffer.from(PublicKey), type: 'spki', format: 'der' });
    const message = text('a message');
    for (const SigningAlgorithm of algorithms) {
      const bits = /SHA_(\d+)$/.exec(SigningAlgorithm)?.[1];
      const hash = /RSA|ECDSA/.test(SigningAlgorithm) ? `sha${bits}` : undefined;
      const padding = SigningAlgorithm.includes('PSS') ? { padding: crypto.constants.RSA_PKCS1_PSS_PADDING } : {};
      for (const MessageType of types) {
        const Message =
          MessageType === 'DIGEST'
            ? crypto
                .createHash(hash ?? '')
                .update(message)
                .digest()
            : message;
        const input = { KeyId, Message, MessageType, SigningAlgorithm };
        const { Signature = text('') } = await kms.send(new SignCommand(input));
        assert.ok(crypto.verify(hash, message, { key: publicKey, ...padding }, Signature), SigningAlgorithm);
        assert.equal((await kms.send(new VerifyCommand({ ...input, Signature }))).SignatureValid, true);
        // The other form of the same message has the same signature.
        const raw = { ...input, Message: message, MessageType: 'RAW' as const };
        assert.equal((await kms.send(new VerifyCommand({ ...raw, Signature }))).SignatureValid, true);
        const altered = Buffer.from(Signature);
        altered[altered.length >> 1] = (altered[altered.length >> 1] ?? 0) ^ 1;
        await assert.rejects(kms.send(new VerifyCommand({ ...input, Signature: altered })), {
          name: 'KMSInvalidSignatureException',
        });
      }
      const digest = { KeyId, Message: text('short'), MessageType: 'DIGEST' as const, SigningAlgorithm };
      await assert.rejects(kms.send(new SignCommand(digest)), { name: 'ValidationException' });
    }
  });
}

test('HMACs are those of RFC 4231’s functions', async (t) => {
  const { kms, key } = await startKms(t);
  for (const bits of [224, 256, 384, 512]) {
    const MacAlgorithm = `HMAC_SHA_${bits}` as MacAlgorithmSpec;
    const { id: KeyId } = await key({ KeySpec: `HMAC_${bits}` as KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' });
    const input = { KeyId, Message: text('what do ya want for nothing?'), MacAlgorithm };
    const { Mac = text('') } = await kms.send(new GenerateMacCommand(input));
    assert.equal(Mac.length, bits / 8);
    assert.equal((await kms.send(new VerifyMacCommand({ ...input, Mac }))).MacValid, true);
    for (const wrong of [Mac.subarray(1), text('x'.repeat(bits / 8))]) {
      await assert.rejects(kms.send(new VerifyMacCommand({ ...input, Mac: wrong })), {
        name: 'KMSInvalidMacException',
      });
    }
    const other = bits === 256 ? 'HMAC_SHA_512' : 'HMAC_SHA_256';
    await assert.rejects(kms.send(new GenerateMacCommand({ ...input, MacAlgorithm: other })), {
      name: 'InvalidKeyUsageException',
    });
  }
});

test('two parties come to the same secret by ECDH', async (t) => {
  const { kms, key } = await startKms(t);
  for (const [KeySpec, namedCurve] of [
    ['ECC_NIST_P256', 'P-256'],
    ['ECC_NIST_P521', 'P-521'],
  ] as const) {
    const { id: KeyId } = await key({ KeySpec, KeyUsage: 'KEY_AGREEMENT' });
    const { PublicKey = text('') } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const peer = crypto.generateKeyPairSync('ec', { namedCurve });
    const publicKey = crypto.createPublicKey({ key: Buffer.from(PublicKey), type: 'spki', format: 'der' });
    const derive = (bytes: Uint8Array) =>
      kms.send(new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: bytes }));
    const { SharedSecret, KeyOrigin } = await derive(peer.publicKey.export({ type: 'spki', format: 'der' }));
    assert.equal(hex(SharedSecret), hex(crypto.diffieHellman({ privateKey: peer.privateKey, publicKey })));
    assert.equal(KeyOrigin, 'AWS_KMS');
    const other = crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    await assert.rejects(derive(other.export({ type: 'spki', format: 'der' })), { name: 'ValidationException' });
    await assert.rejects(derive(text('no key')), { name: 'ValidationException' });
  }
});

test('two parties come to the same secret by ML-KEM', async (t) => {
  const { kms, key } = await startKms(t);
  for (const KeySpec of ['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'] as const) {
    const { id: KeyId } = await key({ KeySpec, KeyUsage: 'ENCAPSULATE_DECAPSULATE' });
    const EncapsulationAlgorithm = 'ML_KEM';
    const made = await kms.send(new EncapsulateCommand({ KeyId, EncapsulationAlgorithm }));
    assert.equal(made.SharedSecret?.length, 32);
    const open = (SharedSecretCiphertextBlob: Uint8Array | undefined) =>
      kms.send(new DecapsulateCommand({ KeyId, EncapsulationAlgorithm, SharedSecretCiphertextBlob }));
    assert.equal(hex((await open(made.SharedSecretCiphertextBlob)).SharedSecret), hex(made.SharedSecret));
    const { PublicKey = text('') } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const publicKey = crypto.createPublicKey({ key: Buffer.from(PublicKey), type: 'spki', format: 'der' });
    const outside = crypto.encapsulate(publicKey);
    assert.equal(hex((await open(outside.ciphertext)).SharedSecret), hex(outside.sharedKey));
    const altered = Buffer.from(outside.ciphertext);
    altered[0] = (altered[0] ?? 0) ^ 1;
    assert.notEqual(hex((await open(altered)).SharedSecret), hex(outside.sharedKey));
    await assert.rejects(open(altered.subarray(1)), invalid);
  }
});

test('random bytes are as many as asked for', async (t) => {
  const { kms } = await startKms(t);
  assert.equal((await kms.send(new GenerateRandomCommand({ NumberOfBytes: 1024 }))).Plaintext?.length, 1024);
  await assert.rejects(kms.send(new GenerateRandomCommand({})), { name: 'ValidationException' });
  await assert.rejects(kms.send(new GenerateRandomCommand({ NumberOfBytes: 1, CustomKeyStoreId: 'cks-1' })), {
    name: 'CustomKeyStoreNotFoundException',
  });
  const Recipient = { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: text('made up') } as const;
  await assert.rejects(kms.send(new GenerateRandomCommand({ NumberOfBytes: 1, Recipient })), {
    name: 'ValidationException',
    message: /attest/,
  });
});

test('a trial does nothing, and says whether it would have worked', async (t) => {
  const { kms, key } = await startKms(t);
  const { id: KeyId } = await key();
  const trial = { name: 'DryRunOperationException' };
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: text('x') }));
  await assert.rejects(kms.send(new EncryptCommand({ KeyId, Plaintext: text('x'), DryRun: true })), trial);
  await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob, DryRun: true })), trial);
  await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob: text('x'), DryRun: true })), invalid);
  const alone = { KeyId, DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT' as const] };
  await assert.rejects(kms.send(new DecryptCommand(alone)), trial);
  await assert.rejects(kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', DryRun: true })), trial);
  await assert.rejects(
    kms.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId, DryRun: true })),
    trial,
  );
  const missing = '1234abcd-12ab-34cd-56ef-1234567890ab';
  await assert.rejects(kms.send(new EncryptCommand({ KeyId: missing, Plaintext: text('x'), DryRun: true })), {
    name: 'NotFoundException',
  });
});
