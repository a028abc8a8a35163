/** Rotation, related keys in several regions, and imported key material. */
import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  type GetParametersForImportCommandInput,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  type ImportKeyMaterialCommandInput,
  type KMSClient,
  ListKeyRotationsCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms';
import { days, minutes, seconds } from '#platform/base/clock.ts';
import { hex, startKms, text } from '#test/sdk/kms.ts';
import { until } from '#test/until.ts';

const encrypt = (client: KMSClient, KeyId: string) => client.send(new EncryptCommand({ KeyId, Plaintext: text('x') }));
const decrypt = async (client: KMSClient, CiphertextBlob: Uint8Array | undefined) =>
  Buffer.from((await client.send(new DecryptCommand({ CiphertextBlob }))).Plaintext ?? []).toString();
const currentOf = async (client: KMSClient, KeyId: string) =>
  (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.CurrentKeyMaterialId;

test('a key is rotated at its period, and old ciphertext still decrypts', async (t) => {
  const { c, kms, key, pass } = await startKms(t);
  const { id: KeyId } = await key();
  const old = await encrypt(kms, KeyId);
  const status = () => kms.send(new GetKeyRotationStatusCommand({ KeyId }));
  assert.equal((await status()).KeyRotationEnabled, false);
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  const { NextRotationDate, RotationPeriodInDays } = await status();
  assert.equal(RotationPeriodInDays, 90);
  assert.equal(Math.round(((NextRotationDate?.getTime() ?? 0) - c.clock.now()) / days(1)), 90);
  const first = await currentOf(kms, KeyId);
  await pass(days(91));
  await until(async () => (await currentOf(kms, KeyId)) !== first, 'rotation');
  assert.equal(await decrypt(kms, old.CiphertextBlob), 'x');
  const { Rotations = [] } = await kms.send(new ListKeyRotationsCommand({ KeyId }));
  assert.deepEqual(
    Rotations.map(({ RotationType, KeyMaterialState }) => [RotationType, KeyMaterialState]),
    [['AUTOMATIC', 'CURRENT']],
  );
  const all = await kms.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }));
  assert.deepEqual(
    all.Rotations?.map(({ KeyMaterialState }) => KeyMaterialState),
    ['NON_CURRENT', 'CURRENT'],
  );
  await kms.send(new DisableKeyRotationCommand({ KeyId }));
  const second = await currentOf(kms, KeyId);
  await pass(days(100));
  assert.equal(await currentOf(kms, KeyId), second);
});

test('a rotation that falls due while the key is disabled is made up', async (t) => {
  const { kms, key, pass } = await startKms(t);
  const { id: KeyId } = await key();
  await kms.send(new EnableKeyRotationCommand({ KeyId }));
  const first = await currentOf(kms, KeyId);
  await kms.send(new DisableKeyCommand({ KeyId }));
  await assert.rejects(kms.send(new EnableKeyRotationCommand({ KeyId })), { name: 'DisabledException' });
  await pass(days(400));
  assert.equal(await currentOf(kms, KeyId), first);
  await kms.send(new EnableKeyCommand({ KeyId }));
  await until(async () => (await currentOf(kms, KeyId)) !== first, 'rotation');
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId }));
  assert.equal((await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled, false);
  await kms.send(new CancelKeyDeletionCommand({ KeyId }));
  assert.equal((await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled, true);
});

test('a key is rotated on demand, twenty-five times', async (t) => {
  const { c, kms, key, pass } = await startKms(t);
  const { id: KeyId } = await key();
  const blobs: (Uint8Array | undefined)[] = [];
  for (let i = 0; i < 25; i++) {
    c.advance(seconds(1));
    blobs.push((await encrypt(kms, KeyId)).CiphertextBlob);
    await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  }
  for (const blob of blobs) assert.equal(await decrypt(kms, blob), 'x');
  c.advance(seconds(1));
  await assert.rejects(kms.send(new RotateKeyOnDemandCommand({ KeyId })), { name: 'LimitExceededException' });
  const page = await kms.send(new ListKeyRotationsCommand({ KeyId, Limit: 20 }));
  const rest = await kms.send(new ListKeyRotationsCommand({ KeyId, Marker: page.NextMarker }));
  assert.deepEqual([page.Rotations?.length, rest.Rotations?.length], [20, 5]);
  const soon = await key();
  await kms.send(new EnableKeyRotationCommand({ KeyId: soon.id }));
  await pass(days(365) - minutes(10));
  await assert.rejects(kms.send(new RotateKeyOnDemandCommand({ KeyId: soon.id })), { name: 'ConflictException' });
  const signer = await key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  for (const Command of [
    EnableKeyRotationCommand,
    RotateKeyOnDemandCommand,
    GetKeyRotationStatusCommand,
    ListKeyRotationsCommand,
  ]) {
    c.advance(seconds(1));
    await assert.rejects(kms.send(new (Command as typeof EnableKeyRotationCommand)({ KeyId: signer.id })), {
      name: 'UnsupportedOperationException',
    });
  }
});

test('related keys decrypt each other’s ciphertext and are rotated together', async (t) => {
  const { c, kms, key, arnOf, in: region } = await startKms(t);
  const west = region('eu-west-1');
  const { id: KeyId } = await key({ MultiRegion: true });
  const oldest = await encrypt(kms, KeyId);
  await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  assert.match(KeyId, /^mrk-[0-9a-f]{32}$/);
  const replicate = (ReplicaRegion: string) =>
    kms.send(
      new ReplicateKeyCommand({ KeyId, ReplicaRegion, Description: 'there', Tags: [{ TagKey: 'a', TagValue: 'b' }] }),
    );
  const { ReplicaKeyMetadata, ReplicaTags } = await replicate('eu-west-1');
  assert.equal(ReplicaKeyMetadata?.Arn, arnOf(KeyId, 'eu-west-1'));
  assert.deepEqual(ReplicaTags, [{ TagKey: 'a', TagValue: 'b' }]);
  assert.equal(ReplicaKeyMetadata?.MultiRegionConfiguration?.MultiRegionKeyType, 'REPLICA');
  await assert.rejects(replicate('eu-west-1'), { name: 'AlreadyExistsException' });
  await assert.rejects(replicate('eu-nowhere-1'), { name: 'ValidationException' });
  await assert.rejects(west.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-west-2' })), {
    name: 'UnsupportedOperationException',
  });
  await replicate('us-west-2');
  const south = region('us-west-2');
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  const replicas = (regions: string[]) => regions.map((Region) => ({ Arn: arnOf(KeyId, Region), Region }));
  assert.deepEqual(KeyMetadata?.MultiRegionConfiguration?.ReplicaKeys, replicas(['eu-west-1', 'us-west-2']));
  const { CiphertextBlob } = await encrypt(kms, KeyId);
  for (const client of [west, south]) {
    for (const blob of [oldest.CiphertextBlob, CiphertextBlob]) assert.equal(await decrypt(client, blob), 'x');
    const listed = await client.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }));
    assert.deepEqual(
      listed.Rotations?.map(({ KeyMaterialState: state }) => state),
      ['NON_CURRENT', 'CURRENT'],
    );
  }
  await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  const rotated = await currentOf(kms, KeyId);
  for (const client of [west, south]) {
    await until(async () => (await currentOf(client, KeyId)) === rotated, 'replicas rotated');
  }
  assert.equal(await decrypt(south, (await encrypt(kms, KeyId)).CiphertextBlob), 'x');
  assert.equal(await decrypt(kms, (await encrypt(west, KeyId)).CiphertextBlob), 'x');
  await assert.rejects(west.send(new RotateKeyOnDemandCommand({ KeyId })), { name: 'UnsupportedOperationException' });
  await kms.send(new EnableKeyRotationCommand({ KeyId }));
  const isRotated = async (client: KMSClient) =>
    (await client.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled === true;
  await until(() => isRotated(west), 'rotation status shared');
  // Another primary: it is the one that rotates now.
  await kms.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'eu-west-1' }));
  for (const client of [kms, west, south]) {
    const { KeyMetadata: seen } = await client.send(new DescribeKeyCommand({ KeyId }));
    assert.equal(seen?.MultiRegionConfiguration?.PrimaryKey?.Region, 'eu-west-1');
    assert.deepEqual(seen?.MultiRegionConfiguration?.ReplicaKeys, replicas(['us-east-1', 'us-west-2']));
  }
  c.advance(seconds(1));
  await west.send(new RotateKeyOnDemandCommand({ KeyId }));
  const again = await currentOf(west, KeyId);
  await until(async () => (await currentOf(kms, KeyId)) === again, 'the old primary rotated');
  const own = await key();
  await assert.rejects(kms.send(new ReplicateKeyCommand({ KeyId: own.id, ReplicaRegion: 'eu-west-1' })), {
    name: 'UnsupportedOperationException',
  });
  await assert.rejects(west.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'eu-west-1' })), {
    name: 'UnsupportedOperationException',
  });
  await assert.rejects(west.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'eu-west-2' })), {
    name: 'NotFoundException',
  });
});

test('a primary key is deleted after its replicas', async (t) => {
  const { kms, key, pass, stateOf, in: region } = await startKms(t);
  const west = region('eu-west-1');
  const { id: KeyId } = await key({ MultiRegion: true });
  await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }));
  const primary = await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  assert.deepEqual([primary.KeyState, primary.DeletionDate], ['PendingReplicaDeletion', undefined]);
  const message = /:key\/mrk-[0-9a-f]{32} is pending replica deletion\.$/;
  await assert.rejects(encrypt(kms, KeyId), { name: 'KMSInvalidStateException', message });
  assert.equal(await decrypt(west, (await encrypt(west, KeyId)).CiphertextBlob), 'x');
  await west.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await pass(days(7) + seconds(1), [kms, west]);
  await assert.rejects(stateOf(KeyId, west), { name: 'NotFoundException' });
  await until(async () => (await stateOf(KeyId)) === 'PendingDeletion', 'the primary’s own waiting period');
  await pass(days(7) + seconds(1));
  await assert.rejects(stateOf(KeyId), { name: 'NotFoundException' });
});

type Wrapping = Pick<GetParametersForImportCommandInput, 'WrappingAlgorithm' | 'WrappingKeySpec'>;
const OAEP: Wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' };

async function startImport(t: Parameters<typeof startKms>[0]) {
  const started = await startKms(t);
  const { c, kms } = started;
  const parameters = async (KeyId: string, wrapping: Wrapping = OAEP, client = kms) => {
    // One in four seconds.
    c.advance(seconds(4));
    return await client.send(new GetParametersForImportCommand({ KeyId, ...wrapping }));
  };
  return {
    ...started,
    parameters,
    async import(
      KeyId: string,
      material: Uint8Array,
      more: Partial<ImportKeyMaterialCommandInput> = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' },
      wrapping: Wrapping = OAEP,
      client = kms,
    ) {
      const { ImportToken, PublicKey = text('') } = await parameters(KeyId, wrapping, client);
      const EncryptedKeyMaterial = wrapped(PublicKey, material, wrapping.WrappingAlgorithm ?? '');
      return await client.send(new ImportKeyMaterialCommand({ KeyId, ImportToken, EncryptedKeyMaterial, ...more }));
    },
  };
}

function wrapped(publicKey: Uint8Array, material: Uint8Array, algorithm: string): Buffer {
  const key = crypto.createPublicKey({ key: Buffer.from(publicKey), type: 'spki', format: 'der' });
  const oaepHash = algorithm.endsWith('SHA_1') ? 'sha1' : 'sha256';
  const byRsa = (bytes: Uint8Array) => crypto.publicEncrypt({ key, oaepHash }, bytes);
  if (!algorithm.startsWith('RSA_AES')) return byRsa(material);
  const aesKey = crypto.randomBytes(32);
  const cipher = crypto.createCipheriv('id-aes256-wrap-pad', aesKey, Buffer.from('a65959a6', 'hex'));
  return Buffer.concat([byRsa(aesKey), cipher.update(material), cipher.final()]);
}

const FOREVER = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const;

test('imported material is what the key works with', async (t) => {
  const { kms, key, stateOf, import: bring } = await startImport(t);
  const mac = await key({ Origin: 'EXTERNAL', KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
  assert.equal(await stateOf(mac.id), 'PendingImport');
  const input = { KeyId: mac.id, Message: text('m'), MacAlgorithm: 'HMAC_SHA_256' } as const;
  await assert.rejects(kms.send(new GenerateMacCommand(input)), {
    name: 'KMSInvalidStateException',
    message: /is pending import/,
  });
  const secret = crypto.randomBytes(32);
  await bring(mac.id, secret);
  const expected = crypto.createHmac('sha256', secret).update('m').digest();
  assert.equal(hex((await kms.send(new GenerateMacCommand(input))).Mac), hex(expected));
  await assert.rejects(bring(mac.id, crypto.randomBytes(32)), { name: 'IncorrectKeyMaterialException' });
  const pairs = [
    ['ECC_NIST_P521', crypto.generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'RSA_AES_KEY_WRAP_SHA_256'],
    ['RSA_2048', crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RSA_AES_KEY_WRAP_SHA_1'],
    ['ECC_NIST_EDWARDS25519', crypto.generateKeyPairSync('ed25519'), 'RSAES_OAEP_SHA_1'],
  ] as const;
  for (const [KeySpec, pair, WrappingAlgorithm] of pairs) {
    const { id } = await key({ Origin: 'EXTERNAL', KeySpec, KeyUsage: 'SIGN_VERIFY' });
    const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
    await bring(id, pkcs8, FOREVER, { WrappingAlgorithm, WrappingKeySpec: 'RSA_4096' });
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: id }));
    assert.equal(hex(PublicKey), hex(pair.publicKey.export({ type: 'spki', format: 'der' })));
  }
  const { id } = await key({ Origin: 'EXTERNAL', KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  const other = crypto.generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
  for (const wrong of [other.export({ type: 'pkcs8', format: 'der' }), text('nothing')]) {
    await assert.rejects(bring(id, wrong), { name: 'IncorrectKeyMaterialException' });
  }
  const sign = new SignCommand({ KeyId: id, Message: text('m'), SigningAlgorithm: 'ECDSA_SHA_256' });
  await assert.rejects(kms.send(sign), { name: 'KMSInvalidStateException' });
});

test('imported material expires, is deleted, and comes back when it is the same', async (t) => {
  const { c, kms, key, stateOf, pass, import: bring } = await startImport(t);
  const { id: KeyId } = await key({ Origin: 'EXTERNAL' });
  const material = crypto.randomBytes(32);
  const ValidTo = new Date(c.clock.now() + days(10));
  await bring(KeyId, material, { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo });
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  assert.deepEqual([KeyMetadata?.ExpirationModel, KeyMetadata?.KeyState], ['KEY_MATERIAL_EXPIRES', 'Enabled']);
  const { CiphertextBlob } = await encrypt(kms, KeyId);
  await pass(days(11));
  await until(async () => (await stateOf(KeyId)) === 'PendingImport', 'expiry');
  await assert.rejects(decrypt(kms, CiphertextBlob), { name: 'KMSInvalidStateException' });
  await assert.rejects(bring(KeyId, crypto.randomBytes(32)), { name: 'IncorrectKeyMaterialException' });
  const { KeyMaterialId } = await bring(KeyId, material);
  assert.equal(await decrypt(kms, CiphertextBlob), 'x');
  const deleted = await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
  assert.equal(deleted.KeyMaterialId, KeyMaterialId);
  assert.equal(await stateOf(KeyId), 'PendingImport');
  await bring(KeyId, material, { ...FOREVER, KeyMaterialId, KeyMaterialDescription: 'again' });
  assert.equal(await decrypt(kms, CiphertextBlob), 'x');
  await pass(days(400));
  assert.equal(await stateOf(KeyId), 'Enabled');
});

test('an import is refused for a token, a wrapping or a material that doesn’t fit', async (t) => {
  const { c, kms, key, parameters, pass, import: bring } = await startImport(t);
  const own = await key();
  await assert.rejects(parameters(own.id), { name: 'UnsupportedOperationException' });
  const [a, b] = [await key({ Origin: 'EXTERNAL' }), await key({ Origin: 'EXTERNAL' })];
  const rsa = await key({ Origin: 'EXTERNAL', KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
  await assert.rejects(parameters(rsa.id), { name: 'ValidationException' });
  const old = { WrappingAlgorithm: 'RSAES_PKCS1_V1_5', WrappingKeySpec: 'RSA_2048' } as const;
  await assert.rejects(parameters(a.id, old), { name: 'UnsupportedOperationException' });
  const { ImportToken, PublicKey = text('') } = await parameters(a.id);
  const EncryptedKeyMaterial = wrapped(PublicKey, crypto.randomBytes(32), 'RSAES_OAEP_SHA_256');
  const send = (more: object) =>
    kms.send(new ImportKeyMaterialCommand({ KeyId: a.id, ImportToken, EncryptedKeyMaterial, ...FOREVER, ...more }));
  await assert.rejects(send({ KeyId: b.id }), { name: 'InvalidImportTokenException' });
  await assert.rejects(send({ ImportToken: text('made up') }), { name: 'InvalidImportTokenException' });
  await assert.rejects(send({ EncryptedKeyMaterial: crypto.randomBytes(256) }), { name: 'InvalidCiphertextException' });
  await assert.rejects(send({ ExpirationModel: 'KEY_MATERIAL_EXPIRES' }), { name: 'ValidationException' });
  const late = { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(c.clock.now() + days(366)) };
  await assert.rejects(send(late), { name: 'ValidationException' });
  await assert.rejects(send({ KeyMaterialId: 'a'.repeat(64) }), { name: 'NotFoundException' });
  await assert.rejects(bring(a.id, crypto.randomBytes(16)), { name: 'IncorrectKeyMaterialException' });
  await pass(days(1) + seconds(1));
  await assert.rejects(send({}), { name: 'ExpiredImportTokenException' });
  assert.deepEqual((await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: a.id }))).KeyMaterialId, undefined);
  await assert.rejects(kms.send(new EnableKeyRotationCommand({ KeyId: a.id })), {
    name: 'UnsupportedOperationException',
  });
});

test('a key with imported material is rotated to the next one that was imported', async (t) => {
  const { kms, key, stateOf, import: bring } = await startImport(t);
  const { id: KeyId } = await key({ Origin: 'EXTERNAL' });
  const [first, second] = [crypto.randomBytes(32), crypto.randomBytes(32)];
  await bring(KeyId, first);
  const { CiphertextBlob } = await encrypt(kms, KeyId);
  await assert.rejects(kms.send(new RotateKeyOnDemandCommand({ KeyId })), { name: 'KMSInvalidStateException' });
  const fresh = { ...FOREVER, ImportType: 'NEW_KEY_MATERIAL' } as const;
  const { KeyMaterialId } = await bring(KeyId, second, fresh);
  const states = async () => {
    const listed = await kms.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }));
    return listed.Rotations?.map(({ KeyMaterialState, ImportState }) => [KeyMaterialState, ImportState]);
  };
  assert.deepEqual(await states(), [
    ['CURRENT', 'IMPORTED'],
    ['PENDING_ROTATION', 'IMPORTED'],
  ]);
  await assert.rejects(bring(KeyId, crypto.randomBytes(32), fresh), { name: 'IncorrectKeyMaterialException' });
  await assert.rejects(bring(KeyId, second, fresh), { name: 'IncorrectKeyMaterialException' });
  await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  assert.equal(await currentOf(kms, KeyId), KeyMaterialId);
  assert.equal(await decrypt(kms, CiphertextBlob), 'x');
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  assert.equal(KeyMetadata?.ExpirationModel, 'KEY_MATERIAL_DOES_NOT_EXPIRE');
  // Without the older one the key waits, since there is ciphertext of it.
  const [old] =
    (await kms.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))).Rotations ?? [];
  await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId: old?.KeyMaterialId }));
  assert.equal(await stateOf(KeyId), 'PendingImport');
  await bring(KeyId, first);
  assert.equal(await stateOf(KeyId), 'Enabled');
});

test('related keys with imported material take each material in each region', async (t) => {
  const { c, kms, stateOf, import: bring, in: region } = await startImport(t);
  const west = region('eu-west-1');
  c.advance(seconds(1));
  const made = await kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL', MultiRegion: true }));
  const KeyId = made.KeyMetadata?.KeyId ?? '';
  const [first, second] = [crypto.randomBytes(32), crypto.randomBytes(32)];
  await bring(KeyId, first);
  await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }));
  assert.equal(await stateOf(KeyId, west), 'PendingImport');
  await assert.rejects(bring(KeyId, second, FOREVER, OAEP, west), { name: 'IncorrectKeyMaterialException' });
  await bring(KeyId, first, FOREVER, OAEP, west);
  const { CiphertextBlob } = await encrypt(kms, KeyId);
  assert.equal(await decrypt(west, CiphertextBlob), 'x');
  await bring(KeyId, second, { ...FOREVER, ImportType: 'NEW_KEY_MATERIAL' });
  await assert.rejects(kms.send(new RotateKeyOnDemandCommand({ KeyId })), { name: 'KMSInvalidStateException' });
  const stateOfSecond = async (client: KMSClient) => {
    const listed = await client.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }));
    return listed.Rotations?.[1]?.KeyMaterialState;
  };
  await until(
    async () => (await stateOfSecond(west)) === 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION',
    'the replica is told',
  );
  await bring(KeyId, second, FOREVER, OAEP, west);
  await until(async () => (await stateOfSecond(kms)) === 'PENDING_ROTATION', 'every region has it');
  await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  const current = await currentOf(kms, KeyId);
  await until(async () => (await currentOf(west, KeyId)) === current, 'the replica is rotated');
  assert.equal(await decrypt(west, (await encrypt(kms, KeyId)).CiphertextBlob), 'x');
});
