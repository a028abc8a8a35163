/** Keys: what they are, their states, aliases, tags, policies' form, quotas and the end of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DeleteAliasCommand,
  DescribeCustomKeyStoresCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GetKeyLastUsageCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  type KeySpec,
  type KeyUsageType,
  KMSClient,
  ListAliasesCommand,
  ListKeyPoliciesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  paginateListAliases,
  paginateListKeys,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { days, seconds } from '#platform/base/clock.ts';
import { startKms, text } from '#test/sdk/kms.ts';

test('keys of every spec and usage are made, described and listed', async (t) => {
  const { kms, key } = await startKms(t);
  const table: [KeySpec, KeyUsageType, string, string[]][] = [
    ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'EncryptionAlgorithms', ['SYMMETRIC_DEFAULT']],
    ['RSA_2048', 'ENCRYPT_DECRYPT', 'EncryptionAlgorithms', ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']],
    ['ECC_NIST_P256', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_256']],
    ['ECC_NIST_P384', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms', ['ECDH']],
    ['ECC_NIST_P521', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_512']],
    ['ECC_SECG_P256K1', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_256']],
    ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', 'SigningAlgorithms', ['ED25519_SHA_512']],
    ['HMAC_224', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_224']],
    ['HMAC_512', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_512']],
    ['ML_DSA_44', 'SIGN_VERIFY', 'SigningAlgorithms', ['ML_DSA_SHAKE_256']],
    ['ML_KEM_512', 'ENCAPSULATE_DECAPSULATE', 'EncapsulationAlgorithms', ['ML_KEM']],
  ];
  const made: string[] = [];
  for (const [KeySpec, KeyUsage, member, algorithms] of table) {
    const { id } = await key({ KeySpec, KeyUsage });
    made.push(id);
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: id }));
    assert.deepEqual(KeyMetadata?.[member as 'SigningAlgorithms'], algorithms, KeySpec);
    assert.deepEqual([KeyMetadata?.KeySpec, KeyMetadata?.KeyUsage], [KeySpec, KeyUsage]);
    assert.equal(KeyMetadata?.CurrentKeyMaterialId !== undefined, KeySpec === 'SYMMETRIC_DEFAULT');
  }
  const listed: string[] = [];
  for await (const { Keys = [] } of paginateListKeys({ client: kms, pageSize: 4 }, {})) {
    listed.push(...Keys.map(({ KeyId = '' }) => KeyId));
  }
  assert.deepEqual(listed, made.toSorted());
  await assert.rejects(kms.send(new ListKeysCommand({ Marker: 'x' })), { name: 'InvalidMarkerException' });
  assert.deepEqual((await kms.send(new DescribeCustomKeyStoresCommand({}))).CustomKeyStores, []);
  await assert.rejects(kms.send(new DescribeCustomKeyStoresCommand({ CustomKeyStoreId: 'cks-1' })), {
    name: 'CustomKeyStoreNotFoundException',
  });
});

test('what is no key, or none that KMS makes, is refused', async (t) => {
  const { kms, c, key, arnOf } = await startKms(t);
  const refused = async (input: CreateKeyCommandInput, name: string) => {
    c.advance(seconds(1));
    await assert.rejects(kms.send(new CreateKeyCommand(input)), { name });
  };
  await refused({ KeySpec: 'SM2', KeyUsage: 'SIGN_VERIFY' }, 'UnsupportedOperationException');
  await refused({ KeySpec: 'RSA_2048' }, 'ValidationException');
  await refused({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'ENCRYPT_DECRYPT' }, 'ValidationException');
  await refused(
    { KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
    'ValidationException',
  );
  await refused({ Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: 'cks-1' }, 'CustomKeyStoreNotFoundException');
  await refused({ Origin: 'EXTERNAL_KEY_STORE' }, 'ValidationException');
  await refused({ Policy: '{}' }, 'MalformedPolicyDocumentException');
  await refused({ Tags: [{ TagKey: 'aws:x', TagValue: '' }] }, 'TagException');
  await refused({ Tags: [1, 2].map(() => ({ TagKey: 'a', TagValue: '' })) }, 'TagException');
  const describe = (KeyId: string) => kms.send(new DescribeKeyCommand({ KeyId }));
  const unknown = '1234abcd-12ab-34cd-56ef-1234567890ab';
  await assert.rejects(describe(unknown), {
    name: 'NotFoundException',
    message: `Key '${arnOf(unknown)}' does not exist`,
  });
  await assert.rejects(describe('nonsense'), { name: 'NotFoundException', message: "Invalid keyId 'nonsense'" });
  await assert.rejects(describe('arn:aws:sqs:us-east-1:123456789012:x'), { name: 'InvalidArnException' });
  const { arn } = await key();
  await assert.rejects(describe(arn.replace('us-east-1', 'eu-west-1')), {
    name: 'NotFoundException',
    message: 'Invalid arn eu-west-1',
  });
  await assert.rejects(describe('alias/none'), {
    name: 'NotFoundException',
    message: /^Alias arn:aws:kms:.*:alias\/none is not found.$/,
  });
});

test('a disabled key is not used until it is enabled', async (t) => {
  const { kms, key, stateOf } = await startKms(t);
  const { id: KeyId, arn } = await key();
  const encrypt = () => kms.send(new EncryptCommand({ KeyId, Plaintext: text('x') }));
  await encrypt();
  await kms.send(new DisableKeyCommand({ KeyId }));
  assert.equal(await stateOf(KeyId), 'Disabled');
  await assert.rejects(encrypt(), { name: 'DisabledException', message: `${arn} is disabled.` });
  await kms.send(new EnableKeyCommand({ KeyId }));
  await encrypt();
  await kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'for tests' }));
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  assert.equal(KeyMetadata?.Description, 'for tests');
});

test('a key that is pending deletion encrypts nothing, is saved by a cancellation, and is gone at its time', async (t) => {
  const { c, kms, key, stateOf, pass } = await startKms(t);
  const { id: KeyId, arn } = await key();
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/doomed', TargetKeyId: KeyId }));
  const encrypt = () => kms.send(new EncryptCommand({ KeyId, Plaintext: text('x') }));
  const schedule = (PendingWindowInDays?: number) =>
    kms.send(new ScheduleKeyDeletionCommand({ KeyId, ...(PendingWindowInDays && { PendingWindowInDays }) }));
  await assert.rejects(kms.send(new CancelKeyDeletionCommand({ KeyId })), { name: 'KMSInvalidStateException' });
  await assert.rejects(schedule(6), { name: 'ValidationException' });
  await assert.rejects(schedule(31), { name: 'ValidationException' });
  const scheduled = await schedule();
  assert.deepEqual([scheduled.KeyId, scheduled.KeyState, scheduled.PendingWindowInDays], [arn, 'PendingDeletion', 30]);
  assert.equal(Math.round(((scheduled.DeletionDate?.getTime() ?? 0) - c.clock.now()) / days(1)), 30);
  const invalid = { name: 'KMSInvalidStateException', message: `${arn} is pending deletion.` };
  await assert.rejects(encrypt(), invalid);
  await assert.rejects(schedule(), invalid);
  await assert.rejects(kms.send(new EnableKeyCommand({ KeyId })), invalid);
  await assert.rejects(kms.send(new CreateAliasCommand({ AliasName: 'alias/late', TargetKeyId: KeyId })), invalid);
  await kms.send(new CancelKeyDeletionCommand({ KeyId }));
  assert.equal(await stateOf(KeyId), 'Disabled');
  await kms.send(new EnableKeyCommand({ KeyId }));
  await encrypt();
  await schedule(7);
  await pass(days(6));
  assert.equal(await stateOf(KeyId), 'PendingDeletion');
  await pass(days(1) + seconds(1));
  await assert.rejects(stateOf(KeyId), { name: 'NotFoundException' });
  const { Aliases = [] } = await kms.send(new ListAliasesCommand({}));
  assert.deepEqual(
    Aliases.filter(({ AliasName }) => !AliasName?.startsWith('alias/aws/')),
    [],
  );
});

test('aliases name keys, one at a time, and follow the rules of their names', async (t) => {
  const { c, kms, key } = await startKms(t);
  const [a, b, signer] = [await key(), await key(), await key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })];
  const create = (AliasName: string, TargetKeyId = a.id) =>
    kms.send(new CreateAliasCommand({ AliasName, TargetKeyId }));
  await create('alias/one');
  await assert.rejects(create('alias/one', b.id), { name: 'AlreadyExistsException' });
  await assert.rejects(create('one'), { name: 'ValidationException' });
  await assert.rejects(create('alias/aws/one'), { name: 'InvalidAliasNameException' });
  c.advance(seconds(1));
  await assert.rejects(create('alias/a:b'), { name: 'InvalidAliasNameException' });
  await assert.rejects(create('alias/two', '1234abcd-12ab-34cd-56ef-1234567890ab'), { name: 'NotFoundException' });
  const used = async (KeyId: string) => (await kms.send(new EncryptCommand({ KeyId, Plaintext: text('x') }))).KeyId;
  assert.equal(await used('alias/one'), a.arn);
  assert.equal(await used(`arn:aws:kms:us-east-1:${c.account}:alias/one`), a.arn);
  const update = (TargetKeyId: string) => kms.send(new UpdateAliasCommand({ AliasName: 'alias/one', TargetKeyId }));
  await update(b.id);
  assert.equal(await used('alias/one'), b.arn);
  await assert.rejects(update(signer.id), { name: 'ValidationException' });
  await assert.rejects(kms.send(new EnableKeyCommand({ KeyId: 'alias/one' })), { name: 'InvalidArnException' });
  await create('alias/zwei', b.id);
  const names: string[] = [];
  for await (const page of paginateListAliases({ client: kms, pageSize: 1 }, { KeyId: b.id })) {
    names.push(...(page.Aliases ?? []).map(({ AliasName = '' }) => AliasName));
  }
  assert.deepEqual(names, ['alias/one', 'alias/zwei']);
  await assert.rejects(kms.send(new ListAliasesCommand({ Limit: 101 })), { name: 'ValidationException' });
  await kms.send(new DeleteAliasCommand({ AliasName: 'alias/one' }));
  await assert.rejects(kms.send(new DeleteAliasCommand({ AliasName: 'alias/one' })), { name: 'NotFoundException' });
  await assert.rejects(used('alias/one'), { name: 'NotFoundException' });
});

test('a key takes fifty aliases', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: TargetKeyId } = await key();
  for (let i = 0; i < 50; i++) {
    c.advance(seconds(1));
    await kms.send(new CreateAliasCommand({ AliasName: `alias/a${i}`, TargetKeyId }));
  }
  await assert.rejects(kms.send(new CreateAliasCommand({ AliasName: 'alias/more', TargetKeyId })), {
    name: 'LimitExceededException',
    message: 'Aliases per key quota for this account in this region is 50, current usage is 50.',
  });
});

test('tags are KMS’s and the tagging API’s, and policies read them', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: KeyId, arn } = await key({ Tags: [{ TagKey: 'team', TagValue: 'blue' }] });
  await kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'stage', TagValue: '' }] }));
  const tags = async () => (await kms.send(new ListResourceTagsCommand({ KeyId }))).Tags;
  assert.deepEqual(await tags(), [
    { TagKey: 'stage', TagValue: '' },
    { TagKey: 'team', TagValue: 'blue' },
  ]);
  const first = await kms.send(new ListResourceTagsCommand({ KeyId, Limit: 1 }));
  assert.equal(first.Truncated, true);
  const tagging = c.client(ResourceGroupsTaggingAPIClient);
  const found = await tagging.send(new GetResourcesCommand({ ResourceTypeFilters: ['kms:key'] }));
  assert.deepEqual(
    found.ResourceTagMappingList?.map(({ ResourceARN }) => ResourceARN),
    [arn],
  );
  await kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['team'] }));
  assert.deepEqual(await tags(), [{ TagKey: 'stage', TagValue: '' }]);
  const many = Array.from({ length: 50 }, (_, i) => ({ TagKey: `t${i}`, TagValue: '' }));
  await assert.rejects(kms.send(new TagResourceCommand({ KeyId, Tags: many })), { name: 'LimitExceededException' });
});

test('a key has one policy, which its caller can’t lock itself out of by accident', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: KeyId } = await key();
  const { Policy, PolicyName } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
  assert.equal(PolicyName, 'default');
  assert.equal(JSON.parse(Policy ?? '').Statement[0].Sid, 'Enable IAM User Permissions');
  assert.deepEqual((await kms.send(new ListKeyPoliciesCommand({ KeyId }))).PolicyNames, ['default']);
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${c.account}:root` },
    Action: 'kms:Decrypt',
    Resource: '*',
  };
  const narrow = JSON.stringify({ Version: '2012-10-17', Statement: statement });
  const put = (policy: string, more: object = {}) =>
    kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policy, ...more }));
  await assert.rejects(put(narrow), {
    name: 'MalformedPolicyDocumentException',
    message: 'The new key policy will not allow you to update the key policy in the future.',
  });
  await assert.rejects(put('no json'), { name: 'MalformedPolicyDocumentException' });
  const { Principal: _, ...nobody } = statement;
  await assert.rejects(put(JSON.stringify({ Version: '2012-10-17', Statement: nobody })), {
    name: 'MalformedPolicyDocumentException',
    message: 'Policy contains a statement with no principal.',
  });
  await assert.rejects(
    put(JSON.stringify({ Version: '2012-10-17', Statement: { ...statement, Sid: 'x'.repeat(33_000) } })),
    {
      name: 'LimitExceededException',
    },
  );
  await assert.rejects(put(narrow, { PolicyName: 'other' }), { name: 'NotFoundException' });
  await assert.rejects(put(narrow, { PolicyName: 'AWS_RAM' }), { name: 'ValidationException' });
  await put(narrow, { BypassPolicyLockoutSafetyCheck: true });
  await assert.rejects(put(narrow), { name: /AccessDenied/ });
});

test('the last use of a key is known, also after a restart', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: KeyId } = await key();
  const usage = async (client = kms) => await client.send(new GetKeyLastUsageCommand({ KeyId }));
  const before = await usage();
  assert.deepEqual(before.KeyLastUsage, {});
  assert.deepEqual(before.TrackingStartDate, before.KeyCreationDate);
  const { $metadata } = await kms.send(new EncryptCommand({ KeyId, Plaintext: text('x') }));
  const { KeyLastUsage } = await usage();
  assert.deepEqual([KeyLastUsage?.Operation, KeyLastUsage?.KmsRequestId], ['Encrypt', $metadata.requestId]);
  const AttributeValue = KeyLastUsage?.CloudTrailEventId ?? '';
  const find = new LookupEventsCommand({ LookupAttributes: [{ AttributeKey: 'EventId', AttributeValue }] });
  const { Events: [event] = [] } = await c.client(CloudTrailClient).send(find);
  assert.deepEqual([event?.EventName, event?.EventId], ['Encrypt', AttributeValue]);
  const again = await c.restart();
  assert.equal((await usage(again.client(KMSClient))).KeyLastUsage?.Operation, 'Encrypt');
});

test('AWS’s own keys come when they are first described, and are nobody’s to change', async (t) => {
  const { c, kms } = await startKms(t);
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/sqs' }));
  assert.equal(KeyMetadata?.KeyManager, 'AWS');
  const again = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/sqs' }));
  assert.equal(again.KeyMetadata?.KeyId, KeyMetadata.KeyId);
  const KeyId = KeyMetadata.KeyId ?? '';
  const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
  const { Id, Statement } = JSON.parse(Policy);
  const [through, shown] = Statement;
  assert.deepEqual(
    [Id, through.Condition.StringEquals],
    ['auto-sqs-1', { 'kms:CallerAccount': c.account, 'kms:ViaService': 'sqs.us-east-1.amazonaws.com' }],
  );
  assert.equal(
    through.Sid,
    'Allow access through Simple Queue Service (SQS) for all principals in the account that are authorized to use SQS',
  );
  // Who may make grants through the service may be freed of them.
  assert.ok(through.Action.includes('kms:CreateGrant') && shown.Action.includes('kms:RevokeGrant'));
  const { KeyMetadata: s3 } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }));
  assert.equal(s3?.Description, 'Default key that protects my S3 objects when no other key is defined');
  const ofS3 = JSON.parse((await kms.send(new GetKeyPolicyCommand({ KeyId: s3?.KeyId ?? '' }))).Policy ?? '').Statement;
  assert.equal(JSON.stringify(ofS3).includes('Grant'), false);
  // Only through the service, and not even by the administrator.
  await assert.rejects(kms.send(new EncryptCommand({ KeyId, Plaintext: text('x') })), { name: /AccessDenied/ });
  await assert.rejects(kms.send(new DisableKeyCommand({ KeyId })), { name: /AccessDenied/ });
  await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/none' })), { name: 'NotFoundException' });
});

test('the aliases of AWS’s own keys are listed before there are keys, as Terraform looks for them', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: TargetKeyId } = await key();
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/b', TargetKeyId }));
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/Z', TargetKeyId }));
  const list = async () => {
    const found = [];
    for await (const page of paginateListAliases({ client: kms, pageSize: 4 }, {})) found.push(...(page.Aliases ?? []));
    return found;
  };
  const before = await list();
  const names = before.map(({ AliasName = '' }) => AliasName);
  assert.deepEqual(names, [...new Set(names)].sort());
  const some = ['alias/Z', 'alias/aws/ebs', 'alias/aws/redshift', 'alias/aws/s3', 'alias/aws/xray', 'alias/b'];
  assert.ok(some.every((name) => names.includes(name)));
  const s3 = before.find(({ AliasName }) => AliasName === 'alias/aws/s3');
  const AliasArn = `arn:aws:kms:us-east-1:${c.account}:alias/aws/s3`;
  assert.deepEqual(s3, { AliasName: 'alias/aws/s3', AliasArn });
  // The provider's data source goes on like this where an alias has no key.
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: AliasArn }));
  const after = await list();
  assert.deepEqual(
    after.map(({ AliasName }) => AliasName),
    names,
  );
  assert.equal(after.find((alias) => alias.AliasArn === AliasArn)?.TargetKeyId, KeyMetadata?.KeyId);
  const { Aliases } = await kms.send(new ListAliasesCommand({ KeyId: TargetKeyId }));
  assert.deepEqual(
    Aliases?.map(({ AliasName }) => AliasName),
    ['alias/Z', 'alias/b'],
  );
});

test('too many calls are told so', async (t) => {
  const { kms, key } = await startKms(t);
  await key();
  const calls = Array.from({ length: 12 }, () => kms.send(new CreateKeyCommand({})));
  const results = await Promise.allSettled(calls);
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  assert.ok(refused.length >= 5, `${refused.length} refused`);
  for (const error of refused) {
    assert.equal(error.name, 'ThrottlingException');
    assert.match(error.message, /You have exceeded the rate at which you may call KMS/);
  }
});

test('a key is used as its usage says', async (t) => {
  const { kms, key } = await startKms(t);
  const symmetric = await key();
  const signer = await key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  const wrong = { name: 'InvalidKeyUsageException' };
  await assert.rejects(kms.send(new EncryptCommand({ KeyId: signer.id, Plaintext: text('x') })), {
    ...wrong,
    message: `${signer.arn} key usage is SIGN_VERIFY which is not valid for Encrypt.`,
  });
  const Message = text('x');
  const sign = (KeyId: string, SigningAlgorithm: 'ECDSA_SHA_256' | 'ECDSA_SHA_384') =>
    kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm }));
  await assert.rejects(sign(symmetric.id, 'ECDSA_SHA_256'), wrong);
  await assert.rejects(sign(signer.id, 'ECDSA_SHA_384'), {
    ...wrong,
    message: 'Algorithm ECDSA_SHA_384 and key spec ECC_NIST_P256 are incompatible.',
  });
  await assert.rejects(kms.send(new GetPublicKeyCommand({ KeyId: symmetric.id })), {
    name: 'UnsupportedOperationException',
  });
});
