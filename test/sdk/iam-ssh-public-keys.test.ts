import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

const UserName = 'ann';
const rsa = (modulusLength = 2048): KeyObject => generateKeyPairSync('rsa', { modulusLength }).publicKey;
const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString();

test('an SSH key’s life', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, UserName);
  const upload = (SSHPublicKeyBody: string) =>
    admin.send(new iam.UploadSSHPublicKeyCommand({ UserName, SSHPublicKeyBody }));
  const key = rsa();
  const { SSHPublicKey: made } = await upload(pemOf(key));
  const SSHPublicKeyId = made?.SSHPublicKeyId ?? '';
  assert.match(SSHPublicKeyId, /^APKA[A-Z2-7]{17}$/);
  assert.match(made?.Fingerprint ?? '', /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  assert.equal(made?.Status, 'Active');

  const get = async (Encoding: iam.EncodingType) =>
    (await admin.send(new iam.GetSSHPublicKeyCommand({ UserName, SSHPublicKeyId, Encoding }))).SSHPublicKey
      ?.SSHPublicKeyBody ?? '';
  assert.equal(await get('PEM'), pemOf(key));
  const line = await get('SSH');
  assert.match(line, /^ssh-rsa AAAAB3NzaC1yc2E/);
  const duplicate = refusal('DuplicateSSHPublicKeyException');
  await assert.rejects(upload(`${line} ann@laptop`), duplicate);

  const update = (Status: iam.StatusType) =>
    admin.send(new iam.UpdateSSHPublicKeyCommand({ UserName, SSHPublicKeyId, Status }));
  await assert.rejects(update('Expired'), refusal('InvalidInputException'));
  await update('Inactive');
  // Her own, without a name.
  await ann.allow({
    Effect: 'Allow',
    Action: 'iam:ListSSHPublicKeys',
    Resource: `arn:aws:iam::${c.account}:user/\${aws:username}`,
  });
  const own = c.client(iam.IAMClient, { credentials: ann.credentials });
  const { SSHPublicKeys } = await own.send(new iam.ListSSHPublicKeysCommand({}));
  assert.deepEqual(
    SSHPublicKeys?.map((each) => [each.UserName, each.SSHPublicKeyId, each.Status]),
    [[UserName, SSHPublicKeyId, 'Inactive']],
  );
  const conflict = refusal('DeleteConflictException', 'Cannot delete entity, must remove referenced objects first.');
  await admin.send(new iam.CreateUserCommand({ UserName: 'bob' }));
  await admin.send(new iam.UploadSSHPublicKeyCommand({ UserName: 'bob', SSHPublicKeyBody: line }));
  await assert.rejects(admin.send(new iam.DeleteUserCommand({ UserName: 'bob' })), conflict);
  const remove = () => admin.send(new iam.DeleteSSHPublicKeyCommand({ UserName, SSHPublicKeyId }));
  await remove();
  await assert.rejects(remove(), refusal('NoSuchEntityException'));
});

test('keys that are no keys, too short, or too many', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const upload = (SSHPublicKeyBody: string) =>
    admin.send(new iam.UploadSSHPublicKeyCommand({ UserName, SSHPublicKeyBody }));
  await assert.rejects(upload('my key'), refusal('UnrecognizedPublicKeyEncodingException'));
  await assert.rejects(
    upload('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA'),
    refusal('UnrecognizedPublicKeyEncodingException'),
  );
  await assert.rejects(upload('ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB'), refusal('InvalidPublicKeyException'));
  await assert.rejects(upload(pemOf(rsa(1024))), refusal('InvalidPublicKeyException'));
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  await assert.rejects(upload(pemOf(ec)), refusal('InvalidPublicKeyException'));
  const five = Array.from({ length: 5 }, () => pemOf(rsa()));
  for (const body of five) await upload(body);
  await assert.rejects(
    upload(pemOf(rsa())),
    refusal('LimitExceededException', 'Cannot exceed quota for SSHPublicKeysPerUser: 5'),
  );
  await assert.rejects(
    admin.send(new iam.ListSSHPublicKeysCommand({ UserName: 'none' })),
    refusal('NoSuchEntityException'),
  );
});
