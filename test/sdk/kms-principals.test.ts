/** Key policies and grants mean who stood behind an ARN when they were saved, not who is called so now. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateUserCommand, IAMClient, UpdateUserCommand } from '@aws-sdk/client-iam';
import {
  CreateGrantCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  PutKeyPolicyCommand,
  RetireGrantCommand,
} from '@aws-sdk/client-kms';
import { startKms, text } from '#test/sdk/kms.ts';
import { newUser } from '#test/sdk/people.ts';

const denied = { name: /AccessDenied/ };
const encrypt = (client: KMSClient, KeyId: string) => client.send(new EncryptCommand({ KeyId, Plaintext: text('x') }));

test('a user made again under an old name has nothing of what a key policy gave the old one', async (t) => {
  const { c, kms, key, as, policy } = await startKms(t);
  const { id: KeyId } = await key();
  const shown = async () => (await kms.send(new GetKeyPolicyCommand({ KeyId }))).Policy ?? '';
  const first = await newUser(c, 'alice');
  const arn = `arn:aws:iam::${c.account}:user/alice`;
  const Condition = { StringNotEquals: { 'aws:PrincipalArn': arn.replace('alice', 'bob') } };
  await policy(KeyId, { Effect: 'Allow', Principal: { AWS: [arn] }, Action: 'kms:Encrypt', Resource: '*', Condition });
  await encrypt(as(first.credentials), KeyId);
  const before = await shown();
  assert.ok(before.includes(arn));

  const iam = c.client(IAMClient);
  await iam.send(new UpdateUserCommand({ UserName: 'alice', NewUserName: 'bob' }));
  await assert.rejects(encrypt(as(first.credentials), KeyId), denied, 'the condition speaks of a name');
  const renamed = JSON.parse(await shown()) as { Statement: { Principal: object; Condition: object }[] };
  assert.deepEqual(renamed.Statement[1]?.Principal, { AWS: [arn.replace('alice', 'bob')] });
  assert.deepEqual(renamed.Statement[1]?.Condition, Condition);
  await iam.send(new UpdateUserCommand({ UserName: 'bob', NewUserName: 'alice' }));
  await encrypt(as(first.credentials), KeyId);
  assert.equal(await shown(), before);

  await first.remove();
  const second = await newUser(c, 'alice');
  await assert.rejects(encrypt(as(second.credentials), KeyId), denied);
  assert.match(await shown(), /"AWS":\["AIDA[A-Z0-9]{17}"\]/);
  await policy(KeyId, { Effect: 'Allow', Principal: { AWS: arn }, Action: 'kms:Encrypt', Resource: '*' });
  await encrypt(as(second.credentials), KeyId);
});

test('nor of what a grant gave it; who is not there is granted nothing', async (t) => {
  const { c, kms, key, as } = await startKms(t);
  const { id: KeyId } = await key();
  const first = await newUser(c, 'alice');
  const arn = `arn:aws:iam::${c.account}:user/alice`;
  const grant = { KeyId, GranteePrincipal: arn, RetiringPrincipal: arn, Operations: ['Encrypt' as const] };
  const { GrantId } = await kms.send(new CreateGrantCommand(grant));
  await encrypt(as(first.credentials), KeyId);
  const listed = async (GranteePrincipal: string) =>
    (await kms.send(new ListGrantsCommand({ KeyId, GranteePrincipal }))).Grants?.map((each) => each.GranteePrincipal);
  const retirable = async (RetiringPrincipal: string) =>
    (await kms.send(new ListRetirableGrantsCommand({ RetiringPrincipal }))).Grants?.length;
  assert.deepEqual([await listed(arn), await retirable(arn)], [[arn], 1]);

  await first.remove();
  await assert.rejects(kms.send(new CreateGrantCommand(grant)), { name: 'InvalidArnException' });
  const second = await newUser(c, 'alice');
  const alice = as(second.credentials);
  await assert.rejects(encrypt(alice, KeyId), denied);
  await assert.rejects(alice.send(new RetireGrantCommand({ KeyId, GrantId })), denied);
  assert.deepEqual([await listed(arn), await retirable(arn)], [[], 0]);
  const [gone] = (await kms.send(new ListGrantsCommand({ KeyId }))).Grants ?? [];
  assert.match(gone?.GranteePrincipal ?? '', /^AIDA[A-Z0-9]{17}$/);
  assert.equal(gone?.RetiringPrincipal, gone?.GranteePrincipal);
  assert.deepEqual(await listed(gone?.GranteePrincipal ?? ''), [gone?.GranteePrincipal]);

  await kms.send(new CreateGrantCommand(grant));
  await encrypt(alice, KeyId);
  assert.deepEqual([await listed(arn), await retirable(arn)], [[arn], 1]);
});

test('a key policy names nobody who is not there; of other clouds it may', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: KeyId } = await key();
  const put = (AWS: string) => {
    const own = { AWS: `arn:aws:iam::${c.account}:root` };
    const Statement = [own, { AWS }].map((Principal) => ({
      Effect: 'Allow',
      Principal,
      Action: 'kms:*',
      Resource: '*',
    }));
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    return kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
  };
  const invalid = {
    name: 'MalformedPolicyDocumentException',
    message: 'Policy contains a statement with one or more invalid principals.',
  };
  await assert.rejects(put(`arn:aws:iam::${c.account}:user/nobody`), invalid);
  await assert.rejects(put(`arn:aws::${c.account}:root`), invalid);
  await assert.rejects(put(`arn:aws:iam::${c.account}:group/all`), {
    name: 'InvalidArnException',
    message: 'An ARN in the specified key policy is invalid.',
  });
  await put('arn:aws:iam::210987654321:role/theirs');
  await c.client(IAMClient).send(new CreateUserCommand({ UserName: 'nobody' }));
  await put(`arn:aws:iam::${c.account}:user/nobody`);
});
