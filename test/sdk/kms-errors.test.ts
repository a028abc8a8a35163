/**
 * The errors that KMS's operations have in common, of every operation that can have them (tools/met-errors says which there are):
 * each operation stands once with an input that would do, and each error with what has to be wrong for it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as KMS from '@aws-sdk/client-kms';
import { seconds } from '#platform/base/clock.ts';
import { startKms, text } from '#test/sdk/kms.ts';
import { operate } from '#test/sdk/people.ts';

const KINDS = {
  symmetric: {},
  primary: { MultiRegion: true },
  external: { Origin: 'EXTERNAL' },
  signing: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  mac: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  agreement: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
  encapsulating: { KeySpec: 'ML_KEM_768', KeyUsage: 'ENCAPSULATE_DECAPSULATE' },
} as const satisfies Record<string, KMS.CreateKeyCommandInput>;
type Kind = keyof typeof KINDS;

/** Operation -> the kind of key that it is for, and what else it needs. */
type Operations = Readonly<Record<string, readonly [kind: Kind, rest: object, member?: string]>>;

const MANAGEMENT: Operations = {
  UpdateKeyDescription: ['symmetric', { Description: 'x' }],
  EnableKey: ['symmetric', {}],
  DisableKey: ['symmetric', {}],
  ScheduleKeyDeletion: ['symmetric', {}],
  CancelKeyDeletion: ['symmetric', {}],
  GetKeyLastUsage: ['symmetric', {}],
  TagResource: ['symmetric', { Tags: [{ TagKey: 'a', TagValue: 'b' }] }],
  UntagResource: ['symmetric', { TagKeys: ['a'] }],
  ListResourceTags: ['symmetric', {}],
  UpdateAlias: ['symmetric', { AliasName: 'alias/x' }, 'TargetKeyId'],
  ListAliases: ['symmetric', {}],
  PutKeyPolicy: ['symmetric', { Policy: '{}' }],
  GetKeyPolicy: ['symmetric', {}],
  ListKeyPolicies: ['symmetric', {}],
  CreateGrant: ['symmetric', { GranteePrincipal: 'arn:aws:iam::123456789012:root', Operations: ['Encrypt'] }],
  ListGrants: ['symmetric', {}],
  RetireGrant: ['symmetric', { GrantId: 'a'.repeat(64) }],
  RevokeGrant: ['symmetric', { GrantId: 'a'.repeat(64) }],
  EnableKeyRotation: ['symmetric', {}],
  DisableKeyRotation: ['symmetric', {}],
  GetKeyRotationStatus: ['symmetric', {}],
  RotateKeyOnDemand: ['symmetric', {}],
  ListKeyRotations: ['symmetric', {}],
  ReplicateKey: ['primary', { ReplicaRegion: 'eu-west-1' }],
  UpdatePrimaryRegion: ['primary', { PrimaryRegion: 'eu-west-1' }],
  GetParametersForImport: ['external', { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }],
  DeleteImportedKeyMaterial: ['external', {}],
  ImportKeyMaterial: ['external', { ImportToken: text('x'), EncryptedKeyMaterial: text('x') }],
  GetPublicKey: ['signing', {}],
};

type Send = (operation: string, input: object) => Promise<Record<string, unknown>>;

/** Each with something that it can open, verify or derive from. */
async function cryptographicOf(send: Send, idOf: (kind: Kind) => string): Promise<Operations> {
  const Message = text('x');
  const sign = { Message, SigningAlgorithm: 'ECDSA_SHA_256' };
  const mac = { Message, MacAlgorithm: 'HMAC_SHA_256' };
  const { CiphertextBlob } = await send('Encrypt', { KeyId: idOf('symmetric'), Plaintext: Message });
  const { Signature } = await send('Sign', { KeyId: idOf('signing'), ...sign });
  const { Mac } = await send('GenerateMac', { KeyId: idOf('mac'), ...mac });
  const { PublicKey } = await send('GetPublicKey', { KeyId: idOf('agreement') });
  const capsule = { KeyAgreementAlgorithm: 'ECDH', PublicKey };
  const { SharedSecretCiphertextBlob } = await send('Encapsulate', {
    KeyId: idOf('encapsulating'),
    EncapsulationAlgorithm: 'ML_KEM',
  });
  return {
    Encrypt: ['symmetric', { Plaintext: Message }],
    Decrypt: ['symmetric', { CiphertextBlob }],
    ReEncrypt: ['symmetric', { CiphertextBlob }, 'DestinationKeyId'],
    GenerateDataKey: ['symmetric', { KeySpec: 'AES_256' }],
    GenerateDataKeyWithoutPlaintext: ['symmetric', { KeySpec: 'AES_256' }],
    GenerateDataKeyPair: ['symmetric', { KeyPairSpec: 'ECC_NIST_P256' }],
    GenerateDataKeyPairWithoutPlaintext: ['symmetric', { KeyPairSpec: 'ECC_NIST_P256' }],
    Sign: ['signing', sign],
    Verify: ['signing', { ...sign, Signature }],
    GenerateMac: ['mac', mac],
    VerifyMac: ['mac', { ...mac, Mac }],
    DeriveSharedSecret: ['agreement', capsule],
    Encapsulate: ['encapsulating', { EncapsulationAlgorithm: 'ML_KEM' }],
    Decapsulate: ['encapsulating', { EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob }],
  };
}

async function start(t: Parameters<typeof startKms>[0]) {
  const started = await startKms(t);
  const { c, kms, key } = started;
  // Commands by name: what their inputs need, the tables say.
  const commands = KMS as unknown as Record<string, new (input: object) => KMS.EncryptCommand>;
  const send: Send = (operation, input) => {
    const Command = commands[`${operation}Command`];
    assert.ok(Command, operation);
    // KMS's rates hold in tests too.
    c.advance(seconds(5));
    return kms.send(new Command(input)) as unknown as Promise<Record<string, unknown>>;
  };
  const keyOf = async (kind: Kind) => (await key(KINDS[kind])).id;
  const keys = new Map<Kind, string>();
  for (const kind of Object.keys(KINDS) as Kind[]) keys.set(kind, await keyOf(kind));
  const idOf = (kind: Kind) => keys.get(kind) ?? '';
  const cryptographic = await cryptographicOf(send, idOf);
  const all: Operations = { ...cryptographic, ...MANAGEMENT };
  /** Each of the operations is refused with this error when it names a key like that. */
  const refused = async (
    name: string,
    operations: readonly string[],
    keyFor: (kind: Kind) => string,
    more: object = {},
  ): Promise<void> => {
    for (const operation of operations) {
      const [kind, rest, member = 'KeyId'] = all[operation] ?? assert.fail(operation);
      await assert.rejects(send(operation, { ...rest, [member]: keyFor(kind), ...more }), { name }, operation);
    }
  };
  return { ...started, send, keyOf, idOf, cryptographic: Object.keys(cryptographic), all: Object.keys(all), refused };
}

test('a key that is not there, and what is no ARN of a key', async (t) => {
  const { c, all, send, refused } = await start(t);
  await refused('NotFoundException', all, () => '12345678-1234-1234-1234-123456789012');
  await refused('InvalidArnException', all, () => `arn:aws:kms:us-east-1:${c.account}:bucket/x`);
  const noAliases = { name: 'InvalidArnException', message: 'Key Aliases are not supported for this operation.' };
  const managed = ['GetKeyPolicy', 'ListGrants', 'EnableKeyRotation', 'GetKeyRotationStatus', 'ScheduleKeyDeletion'];
  for (const operation of managed) {
    for (const KeyId of ['alias/x', `arn:aws:kms:us-east-1:${c.account}:alias/x`]) {
      await assert.rejects(send(operation, { KeyId }), noAliases, operation);
    }
  }
});

test('grant tokens, trials, markers and usages', async (t) => {
  const { c, send, idOf, cryptographic, refused } = await start(t);
  await refused('InvalidGrantTokenException', [...cryptographic, 'CreateGrant', 'GetPublicKey'], idOf, {
    GrantTokens: ['x'],
  });
  await assert.rejects(send('DescribeCustomKeyStores', { Marker: 'x' }), { name: 'InvalidMarkerException' });
  const listing = ['ListResourceTags', 'ListAliases', 'ListGrants', 'ListKeyRotations'];
  await refused('InvalidMarkerException', listing, idOf, { Marker: 'x' });
  const RetiringPrincipal = `arn:aws:iam::${c.account}:root`;
  await assert.rejects(send('ListRetirableGrants', { RetiringPrincipal, Marker: 'x' }), {
    name: 'InvalidMarkerException',
  });
  const other = (kind: Kind) => idOf(kind === 'symmetric' ? 'signing' : 'symmetric');
  await refused('InvalidKeyUsageException', cryptographic, other);
  await refused('DryRunOperationException', [...cryptographic, 'CreateGrant'], idOf, { DryRun: true });
  const KeyId = idOf('symmetric');
  const { GrantId } = await send('CreateGrant', {
    KeyId,
    GranteePrincipal: RetiringPrincipal,
    Operations: ['Encrypt'],
  });
  for (const operation of ['RetireGrant', 'RevokeGrant']) {
    await refused('DryRunOperationException', [operation], idOf, { GrantId, DryRun: true });
    await refused('InvalidGrantIdException', [operation], idOf, { GrantId: 'x' });
    await refused('NotFoundException', [operation], idOf);
  }
});

test('disabled keys, and keys that wait for their deletion', async (t) => {
  const { send, keyOf, idOf, cryptographic, refused } = await start(t);
  await send('CreateAlias', { AliasName: 'alias/x', TargetKeyId: idOf('symmetric') });
  const [disabled, gone] = [new Map<Kind, string>(), new Map<Kind, string>()];
  for (const kind of Object.keys(KINDS) as Kind[]) {
    gone.set(kind, await keyOf(kind));
    await send('ScheduleKeyDeletion', { KeyId: gone.get(kind) });
    if (kind === 'external') continue;
    disabled.set(kind, await keyOf(kind));
    await send('DisableKey', { KeyId: disabled.get(kind) });
  }
  const used = [...cryptographic, 'CreateGrant', 'GetPublicKey', 'RotateKeyOnDemand', 'ReplicateKey'];
  const rotated = ['EnableKeyRotation', 'DisableKeyRotation', 'UpdatePrimaryRegion'];
  await refused('DisabledException', [...used, ...rotated], (kind) => disabled.get(kind) ?? '');
  const changed = ['UpdateKeyDescription', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion', 'TagResource'];
  const imported = ['GetParametersForImport', 'ImportKeyMaterial'];
  await refused(
    'KMSInvalidStateException',
    [...used, ...rotated, ...changed, ...imported, 'UntagResource', 'UpdateAlias'],
    (kind) => gone.get(kind) ?? '',
  );
  await refused('KMSInvalidStateException', ['CancelKeyDeletion'], idOf);
});

test('what can’t be done with a key', async (t) => {
  const { c, idOf, refused } = await start(t);
  const signing = () => idOf('signing');
  await refused(
    'UnsupportedOperationException',
    ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand', 'ImportKeyMaterial', 'DeleteImportedKeyMaterial'],
    signing,
    { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' },
  );
  const Tags = [{ TagKey: 'aws:x', TagValue: 'y' }];
  await refused('TagException', ['TagResource', 'ReplicateKey'], idOf, { Tags });
  const nobody = { AWS: `arn:aws:iam::${c.account}:user/nobody` };
  const Statement = { Effect: 'Allow', Principal: nobody, Action: 'kms:*', Resource: '*' };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await refused('MalformedPolicyDocumentException', ['PutKeyPolicy', 'ReplicateKey'], idOf, { Policy });
  await refused('NotFoundException', ['PutKeyPolicy', 'GetKeyPolicy'], idOf, { PolicyName: 'other' });
  await refused('UnsupportedOperationException', ['GenerateDataKeyPairWithoutPlaintext'], idOf, { KeyPairSpec: 'SM2' });
});

test('more than a quota', async (t) => {
  const { c, send, idOf, refused } = await start(t);
  const Policy = ' '.repeat(32_769);
  await refused('LimitExceededException', ['PutKeyPolicy', 'ReplicateKey'], idOf, { Policy });
  await assert.rejects(send('CreateKey', { Policy }), { name: 'LimitExceededException' });
  const lower = (QuotaCode: string, Value: number) =>
    operate(c, 'SetQuota', { ServiceCode: 'kms', QuotaCode, AccountId: c.account, Region: 'us-east-1', Value });
  await lower('L-D594A657', 0);
  await refused('LimitExceededException', ['CreateGrant'], idOf);
  await lower('L-340F62FB', 1);
  const aliases = { x: idOf('symmetric'), y: idOf('primary') };
  for (const [name, TargetKeyId] of Object.entries(aliases)) {
    await send('CreateAlias', { AliasName: `alias/${name}`, TargetKeyId });
  }
  await refused('LimitExceededException', ['UpdateAlias'], () => idOf('primary'));
});
