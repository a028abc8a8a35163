/** Who may use a key: its policy above all, then IAM, grants, condition keys; in the account and from another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateAliasCommand,
  CreateGrantCommand,
  type CreateGrantCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  type KMSClient,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  PutKeyPolicyCommand,
  paginateListGrants,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  SignCommand,
} from '@aws-sdk/client-kms';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { seconds } from '#platform/base/clock.ts';
import { startKms, text } from '#test/sdk/kms.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';

const OTHER = '210987654321';
const denied = { name: /AccessDenied/ };
const encrypt = (client: KMSClient, KeyId: string, EncryptionContext?: Record<string, string>) =>
  client.send(new EncryptCommand({ KeyId, Plaintext: text('x'), ...(EncryptionContext && { EncryptionContext }) }));

test('IAM’s policies count only where the key policy lets them', async (t) => {
  const { c, kms, key, as } = await startKms(t);
  const { id: KeyId, arn } = await key();
  const user = await newUser(c, 'alice');
  const alice = as(user.credentials);
  await assert.rejects(encrypt(alice, KeyId), {
    ...denied,
    message: /because no identity-based policy allows the kms:Encrypt action/,
  });
  await user.allow({ Effect: 'Allow', Action: 'kms:Encrypt', Resource: arn });
  await encrypt(alice, KeyId);
  // A policy that speaks of alice alone: the administrator's IAM rights end here.
  const Statement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${c.account}:user/alice` },
    Action: 'kms:*',
    Resource: '*',
  };
  await kms.send(
    new PutKeyPolicyCommand({
      KeyId,
      Policy: JSON.stringify({ Version: '2012-10-17', Statement }),
      BypassPolicyLockoutSafetyCheck: true,
    }),
  );
  await assert.rejects(encrypt(kms, KeyId), { ...denied, message: /because no resource-based policy allows/ });
  await user.allow({ Effect: 'Allow', Action: 's3:*', Resource: '*' });
  await encrypt(alice, KeyId);
  await user.allow({ Effect: 'Deny', Action: 'kms:Encrypt', Resource: '*' });
  await assert.rejects(encrypt(alice, KeyId), denied);
});

test('condition keys speak of the key, the request and the context', async (t) => {
  const { c, kms, key, as } = await startKms(t);
  const { id: KeyId, arn } = await key({ Tags: [{ TagKey: 'team', TagValue: 'blue' }] });
  const signer = await key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/app', TargetKeyId: KeyId }));
  const user = await newUser(c, 'alice');
  const alice = as(user.credentials);
  const context = { tenant: 'blue', stage: 'test' };
  const use = { Encrypt: (id = KeyId) => encrypt(alice, id, context) };
  const rows: [object, boolean, string?][] = [
    [{ StringEquals: { 'kms:EncryptionContext:tenant': 'blue' } }, true],
    [{ StringEquals: { 'kms:EncryptionContext:tenant': 'red' } }, false],
    [{ 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['tenant', 'stage'] } }, true],
    [{ 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['tenant'] } }, false],
    [{ StringEquals: { 'kms:CallerAccount': c.account } }, true],
    [{ StringEquals: { 'kms:CallerAccount': OTHER } }, false],
    [
      {
        StringEquals: {
          'kms:KeySpec': 'SYMMETRIC_DEFAULT',
          'kms:KeyUsage': 'ENCRYPT_DECRYPT',
          'kms:KeyOrigin': 'AWS_KMS',
        },
      },
      true,
    ],
    [{ StringEquals: { 'kms:KeySpec': 'RSA_2048' } }, false],
    [{ StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } }, true],
    [{ 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/app' } }, true],
    [{ 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/other' } }, false],
    [{ StringEquals: { 'kms:RequestAlias': 'alias/app' } }, true, 'alias/app'],
    [{ StringEquals: { 'kms:RequestAlias': 'alias/app' } }, false],
    [{ StringEquals: { 'aws:ResourceTag/team': 'blue' } }, true],
    [{ StringEquals: { 'aws:ResourceTag/team': 'red' } }, false],
    [{ Bool: { 'kms:MultiRegion': 'false' } }, true],
    [{ Null: { 'kms:ViaService': 'true' } }, true],
    [{ StringEquals: { 'kms:ViaService': 'sqs.us-east-1.amazonaws.com' } }, false],
    [{ StringEqualsIgnoreCase: { 'kms:RecipientAttestation:ImageSha384': 'aa' } }, false],
  ];
  for (const [Condition, isAllowed, id] of rows) {
    await user.allow({ Effect: 'Allow', Action: 'kms:Encrypt', Resource: arn, Condition });
    const call = use.Encrypt(id);
    if (isAllowed) await call.catch((error) => assert.fail(`${JSON.stringify(Condition)}: ${error.message}`));
    else await assert.rejects(call, denied, JSON.stringify(Condition));
  }
  const Message = Buffer.alloc(32);
  const sign = (MessageType: 'RAW' | 'DIGEST') =>
    alice.send(new SignCommand({ KeyId: signer.id, Message, MessageType, SigningAlgorithm: 'ECDSA_SHA_256' }));
  const Condition = { StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } };
  await user.allow({ Effect: 'Allow', Action: 'kms:Sign', Resource: signer.arn, Condition });
  await sign('DIGEST');
  await assert.rejects(sign('RAW'), denied);
});

test('another account uses a key by its ARN or alias ARN when both sides allow it', async (t) => {
  const { c, kms, key, as, policy } = await startKms(t);
  const administrator = await newAccount(c, OTHER);
  const user = await newUser(c, 'carol', administrator);
  const [carol, boss] = [as(user.credentials), as(administrator)];
  const { id, arn } = await key();
  const alias = `arn:aws:kms:us-east-1:${c.account}:alias/shared`;
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/shared', TargetKeyId: id }));
  await assert.rejects(encrypt(boss, arn), denied);
  await policy(id, { Effect: 'Allow', Principal: { AWS: OTHER }, Action: ['kms:*'], Resource: '*' });
  await encrypt(boss, arn);
  await assert.rejects(encrypt(carol, arn), denied);
  await user.allow({ Effect: 'Allow', Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:DescribeKey'], Resource: arn });
  const { CiphertextBlob, KeyId } = await encrypt(carol, alias);
  assert.equal(KeyId, arn);
  // The ciphertext says whose key it is, also to a bare key id.
  await carol.send(new DecryptCommand({ CiphertextBlob }));
  await carol.send(new DecryptCommand({ CiphertextBlob, KeyId: id }));
  assert.equal((await carol.send(new DescribeKeyCommand({ KeyId: arn }))).KeyMetadata?.AWSAccountId, c.account);
  await assert.rejects(encrypt(carol, id), denied);
  await assert.rejects(encrypt(boss, id), { name: 'NotFoundException' });
  await assert.rejects(boss.send(new DisableKeyCommand({ KeyId: arn })), denied);
  // From a key of theirs to one of ours.
  const own = await key({}, boss);
  const sealed = await encrypt(boss, own.id);
  const moved = await boss.send(new ReEncryptCommand({ CiphertextBlob: sealed.CiphertextBlob, DestinationKeyId: arn }));
  assert.deepEqual([moved.SourceKeyId, moved.KeyId], [own.arn, arn]);
  // Nobody's account: nothing to see, and no partition for it.
  const nobody = arn.replace(c.account, '999999999999');
  await assert.rejects(encrypt(boss, nobody), denied);
});

test('a grant gives its operations, as long as it lasts', async (t) => {
  const { c, kms, key, as } = await startKms(t);
  const { id: KeyId, arn } = await key();
  const user = await newUser(c, 'alice');
  const alice = as(user.credentials);
  const GranteePrincipal = `arn:aws:iam::${c.account}:user/alice`;
  const grant = (more: Partial<CreateGrantCommandInput> = {}) =>
    kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal, Operations: ['Encrypt', 'DescribeKey'], ...more }));
  const { GrantId = '', GrantToken = '' } = await grant({ Name: 'once' });
  await encrypt(alice, KeyId);
  await alice.send(new EncryptCommand({ KeyId, Plaintext: text('x'), GrantTokens: [GrantToken] }));
  await alice.send(new DescribeKeyCommand({ KeyId }));
  await assert.rejects(alice.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })), denied);
  const forged = new EncryptCommand({ KeyId, Plaintext: text('x'), GrantTokens: ['forged'] });
  await assert.rejects(alice.send(forged), { name: 'InvalidGrantTokenException' });
  // The same name and parameters: the same grant.
  assert.equal((await grant({ Name: 'once' })).GrantId, GrantId);
  assert.notEqual((await grant()).GrantId, GrantId);
  const { Grants = [] } = await kms.send(new ListGrantsCommand({ KeyId, GranteePrincipal }));
  assert.equal(Grants.length, 2);
  const [one] = (await kms.send(new ListGrantsCommand({ KeyId, GrantId }))).Grants ?? [];
  assert.deepEqual([one?.KeyId, one?.Name, one?.IssuingAccount], [arn, 'once', `arn:aws:iam::${c.account}:root`]);
  await assert.rejects(kms.send(new ListGrantsCommand({ KeyId, GrantId: 'x' })), { name: 'InvalidGrantIdException' });
  await assert.rejects(kms.send(new RevokeGrantCommand({ KeyId, GrantId, DryRun: true })), {
    name: 'DryRunOperationException',
  });
  for (const { GrantId: id } of Grants) await kms.send(new RevokeGrantCommand({ KeyId, GrantId: id }));
  await assert.rejects(encrypt(alice, KeyId), denied);
  await assert.rejects(kms.send(new RevokeGrantCommand({ KeyId, GrantId })), { name: 'NotFoundException' });
  // An explicit deny is above it.
  await grant();
  await user.allow({ Effect: 'Deny', Action: 'kms:Encrypt', Resource: '*' });
  await assert.rejects(encrypt(alice, KeyId), denied);
});

test('a grant holds for the encryption context that it names', async (t) => {
  const { c, kms, key, as } = await startKms(t);
  const { id: KeyId } = await key();
  const alice = as((await newUser(c, 'alice')).credentials);
  const bob = as((await newUser(c, 'bob')).credentials);
  const grant = (
    name: string,
    Constraints: object,
    Operations: CreateGrantCommandInput['Operations'] = ['Encrypt', 'CreateGrant'],
  ) =>
    new CreateGrantCommand({
      KeyId,
      GranteePrincipal: `arn:aws:iam::${c.account}:user/${name}`,
      Operations,
      Constraints,
    });
  await kms.send(grant('alice', { EncryptionContextSubset: { team: 'blue' } }));
  await encrypt(alice, KeyId, { team: 'blue' });
  await encrypt(alice, KeyId, { team: 'blue', more: 'x' });
  for (const context of [undefined, { team: 'red' }, { Team: 'blue' }, { team: 'Blue' }]) {
    await assert.rejects(encrypt(alice, KeyId, context), denied);
  }
  // She may hand on what she has, and less.
  await assert.rejects(alice.send(grant('bob', {})), denied);
  await assert.rejects(alice.send(grant('bob', { EncryptionContextSubset: { team: 'red' } })), denied);
  await assert.rejects(alice.send(grant('bob', { EncryptionContextEquals: { team: 'blue' } }, ['Decrypt'])), denied);
  await alice.send(grant('bob', { EncryptionContextEquals: { team: 'blue' } }, ['Encrypt']));
  await encrypt(bob, KeyId, { team: 'blue' });
  await assert.rejects(encrypt(bob, KeyId, { team: 'blue', more: 'x' }), denied);
});

test('what makes no sense as a grant is refused', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id } = await key();
  const signer = await key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  await newUser(c, 'alice');
  const GranteePrincipal = `arn:aws:iam::${c.account}:user/alice`;
  const refused = (input: object, name: string) =>
    assert.rejects(
      kms.send(new CreateGrantCommand({ KeyId: id, GranteePrincipal, Operations: ['Encrypt'], ...input })),
      { name },
    );
  await refused({ Operations: ['Sign'] }, 'ValidationException');
  await refused({ KeyId: signer.id, Operations: ['GenerateDataKey'] }, 'ValidationException');
  await refused(
    { KeyId: signer.id, Operations: ['Sign'], Constraints: { EncryptionContextEquals: { a: 'b' } } },
    'ValidationException',
  );
  await refused({ GranteePrincipal: 'alice' }, 'InvalidArnException');
  await refused({ RetiringPrincipal: `${GranteePrincipal}2` }, 'InvalidArnException');
  await refused({ GranteePrincipal: undefined }, 'ValidationException');
  const pairs = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'v']));
  await refused({ Constraints: { EncryptionContextEquals: pairs } }, 'ValidationException');
  await refused({ Constraints: { EncryptionContextEquals: { k: 'v'.repeat(384) } } }, 'ValidationException');
  await refused({ DryRun: true }, 'DryRunOperationException');
  await kms.send(new DisableKeyCommand({ KeyId: id }));
  await refused({}, 'DisabledException');
});

test('grants are retired by whom they name, and listed to them, also from another account', async (t) => {
  const { c, kms, key, as } = await startKms(t);
  const administrator = await newAccount(c, OTHER);
  const { id: KeyId, arn } = await key();
  const users = ['alice', 'bob', 'eve'];
  const [alice, bob, eve] = await Promise.all(users.map(async (name) => as((await newUser(c, name)).credentials)));
  const carol = as((await newUser(c, 'carol', administrator)).credentials);
  assert.ok(alice && bob && eve);
  const user = (name: string, account = c.account) => `arn:aws:iam::${account}:user/${name}`;
  const grant = (RetiringPrincipal: string, Operations: CreateGrantCommandInput['Operations'] = ['Encrypt']) =>
    kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal: user('alice'), RetiringPrincipal, Operations }));
  const first = await grant(user('bob'));
  const second = await grant(user('carol', OTHER));
  const third = await grant(user('bob'), ['Encrypt', 'RetireGrant']);
  const retirable = await kms.send(new ListRetirableGrantsCommand({ RetiringPrincipal: user('bob'), Limit: 1 }));
  assert.equal(retirable.Grants?.length, 1);
  assert.equal(retirable.Truncated, true);
  const rest = await kms.send(
    new ListRetirableGrantsCommand({ RetiringPrincipal: user('bob'), Marker: retirable.NextMarker }),
  );
  assert.deepEqual(
    [...(retirable.Grants ?? []), ...(rest.Grants ?? [])].map(({ GrantId }) => GrantId).sort(),
    [first.GrantId, third.GrantId].sort(),
  );
  const theirs = as(administrator);
  const foreign = await theirs.send(new ListRetirableGrantsCommand({ RetiringPrincipal: user('carol', OTHER) }));
  assert.deepEqual(
    foreign.Grants?.map(({ GrantId }) => GrantId),
    [second.GrantId],
  );
  await assert.rejects(theirs.send(new ListRetirableGrantsCommand({ RetiringPrincipal: user('bob') })), {
    name: 'InvalidArnException',
  });
  await assert.rejects(eve.send(new RetireGrantCommand({ GrantToken: first.GrantToken })), denied);
  await assert.rejects(alice.send(new RetireGrantCommand({ GrantToken: first.GrantToken })), denied);
  await bob.send(new RetireGrantCommand({ GrantToken: first.GrantToken }));
  await alice.send(new RetireGrantCommand({ KeyId: arn, GrantId: third.GrantId }));
  await carol.send(new RetireGrantCommand({ GrantToken: second.GrantToken }));
  const left: unknown[] = [];
  for await (const page of paginateListGrants({ client: kms }, { KeyId })) left.push(...(page.Grants ?? []));
  assert.deepEqual(left, []);
  await assert.rejects(kms.send(new RetireGrantCommand({})), { name: 'ValidationException' });
  await assert.rejects(kms.send(new RetireGrantCommand({ GrantToken: 'x' })), { name: 'InvalidGrantTokenException' });
});

test('a role’s grant serves its sessions, in whichever account the role is', async (t) => {
  const { c, kms, key, as } = await startKms(t);
  const administrator = await newAccount(c, OTHER);
  const { id: KeyId, arn } = await key();
  const trust = { Effect: 'Allow', Principal: { AWS: OTHER }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: trust });
  const iam = c.client(IAMClient, { credentials: administrator });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'worker', AssumeRolePolicyDocument }));
  const RoleArn = Role?.Arn ?? '';
  const sts = c.client(STSClient, { credentials: administrator });
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'monday' }));
  const session = as({
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  });
  await assert.rejects(encrypt(session, arn), denied);
  await kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal: RoleArn, Operations: ['Encrypt'] }));
  await encrypt(session, arn);
  c.advance(seconds(1));
});

test('kms:ReEncryptOnSameKey tells whether it is one key, under whichever names', async (t) => {
  const { c, kms, key, as } = await startKms(t);
  const [a, b] = [await key(), await key()];
  c.advance(seconds(1));
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: a.id }));
  const { CiphertextBlob } = await encrypt(kms, a.id);
  const user = await newUser(c, 'alice');
  const isSame = { Bool: { 'kms:ReEncryptOnSameKey': 'true' } };
  await user.allow(
    { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
    { Effect: 'Deny', Action: 'kms:ReEncrypt*', Resource: '*', Condition: isSame },
  );
  const alice = as(user.credentials);
  for (const DestinationKeyId of [a.id, a.arn, 'alias/a']) {
    for (const SourceKeyId of [undefined, a.id, 'alias/a']) {
      const input = { CiphertextBlob, DestinationKeyId, ...(SourceKeyId !== undefined && { SourceKeyId }) };
      await assert.rejects(alice.send(new ReEncryptCommand(input)), denied, JSON.stringify(input));
    }
  }
  await alice.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: b.id }));
});
