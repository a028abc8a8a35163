/**
 * What an administrator does, by AWS's command line alone: users, groups and roles with boundaries, a guarded key. Each step looks at what
 * then really happens.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  allow,
  type Client,
  commandLine,
  newPolicy,
  newRole,
  type Texts,
  testClients,
} from '#test/clients/command-line.ts';
import { document } from '#test/policy-document.ts';

const EXPLICIT = /AccessDenied.*with an explicit deny in an identity-based policy/;
const NO_POLICY = /AccessDenied.*because no identity-based policy allows the \S+ action/;
const BOUNDARY = /AccessDenied.*because no permissions boundary allows the \S+ action/;

interface Made {
  readonly Credentials?: Texts;
}

async function manageAccount(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, newUser, session } = line;
  const team = `arn:aws:sqs:us-east-1:${c.account}:team-*`;
  const queues = await newPolicy(line, 'queues', allow('sqs:*', team));
  const boundary = await newPolicy(line, 'boundary', allow(['sqs:CreateQueue', 'sqs:GetQueueUrl']));
  await cli('iam create-group --group-name developers --path /team/');
  await cli(`iam attach-group-policy --group-name developers --policy-arn ${queues}`);
  await newUser('ann', '--permissions-boundary', boundary, '--tags', 'Key=team,Value=blue');
  await newUser('bob');
  assert.match(await refused('sqs create-queue --queue-name team-a', 'ann'), NO_POLICY);
  await cli('iam add-user-to-group --group-name developers --user-name ann');
  const { QueueUrl: url } = await cli('sqs create-queue --queue-name team-a', { as: 'ann' });
  assert.match(await refused('sqs create-queue --queue-name other', 'ann'), NO_POLICY);
  assert.match(await refused(`sqs delete-queue --queue-url ${url}`, 'ann'), BOUNDARY);

  // A role that one of them may take, and that can do what the boundary leaves of its policy.
  const trusted = { Principal: { AWS: `arn:aws:iam::${c.account}:user/ann` } };
  const role = await newRole(line, 'deployer', trusted, '--permissions-boundary', boundary);
  await cli(`iam put-role-policy --role-name deployer --policy-name all --policy-document ${document(allow('sqs:*'))}`);
  const assume = `sts assume-role --role-arn ${role} --role-session-name release`;
  assert.match(await refused(assume, 'bob'), /AccessDenied.*sts:AssumeRole/);
  session('deployer', (await cli<Made>(assume, { as: 'ann' })).Credentials);
  const { Arn } = await cli('sts get-caller-identity', { as: 'deployer' });
  assert.equal(Arn, `arn:aws:sts::${c.account}:assumed-role/deployer/release`);
  await cli('sqs create-queue --queue-name other', { as: 'deployer' });
  assert.match(await refused(`sqs delete-queue --queue-url ${url}`, 'deployer'), BOUNDARY);
  await cli('iam delete-role-permissions-boundary --role-name deployer');
  await cli(`sqs delete-queue --queue-url ${url}`, { as: 'deployer' });

  // Versions are in force from the next request on, and so is taking them back.
  const stricter = document({ Effect: 'Deny', Action: 'sqs:CreateQueue', Resource: '*' });
  await cli(`iam create-policy-version --policy-arn ${queues} --set-as-default --policy-document ${stricter}`);
  assert.match(await refused('sqs create-queue --queue-name team-b', 'ann'), EXPLICIT);
  await cli(`iam set-default-policy-version --policy-arn ${queues} --version-id v1`);
  await cli('sqs create-queue --queue-name team-b', { as: 'ann' });

  // What is in use is not deleted; who is deleted is nobody.
  assert.match(await refused('iam delete-user --user-name ann', 'admin'), /DeleteConflict/);
  const { AccessKeyMetadata: keys } = await cli<{ AccessKeyMetadata: Texts[] }>('iam list-access-keys --user-name ann');
  await cli(`iam delete-access-key --user-name ann --access-key-id ${keys[0]?.['AccessKeyId']}`);
  assert.match(await refused('sts get-caller-identity', 'ann'), /InvalidClientTokenId/);
  await cli('iam remove-user-from-group --group-name developers --user-name ann');
  await cli('iam delete-user --user-name ann');
  assert.match(await refused('iam get-user --user-name ann', 'admin'), /NoSuchEntity/);
}

async function guardKey(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, newUser, file } = line;
  const arn = (name: string): string => `arn:aws:iam::${c.account}:user/${name}`;
  for (const name of ['ann', 'bob']) await newUser(name);
  await cli('iam attach-user-policy --user-name bob --policy-arn arn:aws:iam::aws:policy/AdministratorAccess');
  const guard = (...names: string[]): string =>
    document(
      {
        Principal: { AWS: arn('administrator') },
        ...allow(['kms:PutKeyPolicy', 'kms:DescribeKey', 'kms:ScheduleKeyDeletion', 'kms:CreateGrant']),
      },
      { Principal: { AWS: names.map(arn) }, ...allow(['kms:Encrypt', 'kms:Decrypt']) },
    );
  const { KeyMetadata: key } = await cli<{ KeyMetadata?: Texts }>(`kms create-key --policy ${guard('ann')}`);
  const id = key?.['KeyId'];
  const plain = file('order.txt', 'secret');
  const context = '--encryption-context tenant=blue';
  const { CiphertextBlob: blob } = await cli(`kms encrypt --key-id ${id} --plaintext fileb://${plain} ${context}`, {
    as: 'ann',
  });
  const sealed = file('order.enc', Buffer.from(blob ?? '', 'base64'));
  const decrypt = `kms decrypt --ciphertext-blob fileb://${sealed}`;
  const opens = async (as: string): Promise<void> => {
    assert.equal((await cli(`${decrypt} ${context}`, { as }))['Plaintext'], Buffer.from('secret').toString('base64'));
  };
  await opens('ann');
  assert.match(await refused(`${decrypt} --encryption-context tenant=red`, 'ann'), /InvalidCiphertextException/);
  // The key's policy leaves the decision to no policy of IAM: not even an administrator's counts.
  for (const as of ['bob', 'admin']) {
    assert.match(await refused(`${decrypt} ${context}`, as), /AccessDenied.*no resource-based policy allows/, as);
  }
  const grant = `kms create-grant --key-id ${id} --grantee-principal ${arn('bob')} --operations Decrypt`;
  const constrained = JSON.stringify({ EncryptionContextEquals: { tenant: 'red' } });
  await cli(`${grant} --constraints ${constrained}`);
  assert.match(await refused(`${decrypt} ${context}`, 'bob'), /AccessDenied/, 'a grant for another tenant');
  await cli(`kms put-key-policy --key-id ${id} --policy-name default --policy ${guard('ann', 'bob')}`);
  await opens('bob');
  await cli(`kms put-key-policy --key-id ${id} --policy-name default --policy ${guard('bob')}`);
  assert.match(await refused(`${decrypt} ${context}`, 'ann'), /AccessDenied/);
  await cli(`kms schedule-key-deletion --key-id ${id} --pending-window-in-days 7`);
  assert.match(await refused(`${decrypt} ${context}`, 'bob'), /KMSInvalidStateException.*pending deletion/);
}

testClients('users, groups and roles, with policies and boundaries', manageAccount);
testClients('a key that its policy guards', guardKey);
