import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

const UserName = 'jane';
const CODECOMMIT = 'codecommit.amazonaws.com';

test('a user name and password for one service', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const create = async (ServiceName: string, CredentialAgeDays?: number) =>
    (
      await admin.send(
        new iam.CreateServiceSpecificCredentialCommand({
          UserName,
          ServiceName,
          ...(CredentialAgeDays && { CredentialAgeDays }),
        }),
      )
    ).ServiceSpecificCredential;
  const made = await create(CODECOMMIT);
  const id = { UserName, ServiceSpecificCredentialId: made?.ServiceSpecificCredentialId ?? '' };
  assert.match(id.ServiceSpecificCredentialId, /^ACCA[A-Z2-7]{17}$/);
  assert.equal(made?.ServiceUserName, `jane-at-${c.account}`);
  assert.ok((made?.ServicePassword ?? '').length >= 40);
  assert.equal((await create(CODECOMMIT))?.ServiceUserName, `jane+1-at-${c.account}`);
  await assert.rejects(create(CODECOMMIT), refusal('LimitExceededException'));
  await assert.rejects(create('sqs.amazonaws.com'), refusal('ServiceNotSupportedException'));
  await assert.rejects(create('toString'), refusal('ServiceNotSupportedException'));
  await assert.rejects(create('cassandra.amazonaws.com', 30), refusal('ValidationError'));
  await create('cassandra.amazonaws.com');

  const reset = await admin.send(new iam.ResetServiceSpecificCredentialCommand(id));
  assert.notEqual(reset.ServiceSpecificCredential?.ServicePassword, made?.ServicePassword);
  const update = (Status: iam.StatusType) =>
    admin.send(new iam.UpdateServiceSpecificCredentialCommand({ ...id, Status }));
  await assert.rejects(update('Expired'), refusal('InvalidInputException'));
  await update('Inactive');
  const { ServiceSpecificCredentials: listed } = await admin.send(
    new iam.ListServiceSpecificCredentialsCommand({ UserName, ServiceName: CODECOMMIT }),
  );
  assert.equal(listed?.length, 2);
  const first = listed?.find((each) => each.ServiceSpecificCredentialId === id.ServiceSpecificCredentialId);
  assert.equal(first?.Status, 'Inactive');
  assert.equal(JSON.stringify(listed).includes('assword'), false);
  await assert.rejects(
    admin.send(new iam.DeleteUserCommand({ UserName })),
    refusal('DeleteConflictException', /service specific credentials first/),
  );
  const remove = () => admin.send(new iam.DeleteServiceSpecificCredentialCommand(id));
  await remove();
  await assert.rejects(remove(), refusal('NoSuchEntityException'));
});

test('a Bedrock key says what it is, and ends', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const { ServiceSpecificCredential: made } = await admin.send(
    new iam.CreateServiceSpecificCredentialCommand({
      UserName,
      ServiceName: 'bedrock.amazonaws.com',
      CredentialAgeDays: 30,
    }),
  );
  assert.equal(made?.ServiceCredentialAlias, `jane-at-${c.account}`);
  const secret = made?.ServiceCredentialSecret ?? '';
  assert.match(secret, /^ABSK/);
  assert.ok(Buffer.from(secret.slice(4), 'base64').toString().startsWith(`jane-at-${c.account}:`));
  assert.equal((made?.ExpirationDate?.getTime() ?? 0) - (made?.CreateDate?.getTime() ?? 0), 30 * 86_400_000);
  const status = async () => {
    // A connection of its own: those that were open are idle for too long when the clock has moved.
    const client = c.client(iam.IAMClient);
    const { ServiceSpecificCredentials } = await client.send(
      new iam.ListServiceSpecificCredentialsCommand({ UserName }),
    );
    return ServiceSpecificCredentials?.[0]?.Status;
  };
  assert.equal(await status(), 'Active');
  c.advance(30 * 86_400_000);
  assert.equal(await status(), 'Expired');
});

test('all users’ credentials, a page at a time, and who may make which', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  for (const UserName of ['a', 'b', 'c']) {
    await admin.send(new iam.CreateUserCommand({ UserName }));
    await admin.send(new iam.CreateServiceSpecificCredentialCommand({ UserName, ServiceName: CODECOMMIT }));
  }
  const names: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await admin.send(
      new iam.ListServiceSpecificCredentialsCommand({ AllUsers: true, MaxItems: 2, ...(Marker && { Marker }) }),
    );
    names.push(...(page.ServiceSpecificCredentials ?? []).map((each) => each.UserName ?? ''));
    Marker = page.Marker;
  } while (Marker !== undefined);
  assert.deepEqual(names.sort(), ['a', 'b', 'c']);
  await assert.rejects(
    admin.send(new iam.ListServiceSpecificCredentialsCommand({ AllUsers: true, UserName: 'a' })),
    refusal('ValidationError'),
  );

  const ann = await newUser(c, 'ann');
  await ann.allow({
    Effect: 'Allow',
    Action: 'iam:*ServiceSpecificCredential',
    Resource: '*',
    Condition: { StringEquals: { 'iam:ServiceSpecificCredentialServiceName': 'bedrock.amazonaws.com' } },
  });
  const as = c.client(iam.IAMClient, { credentials: ann.credentials });
  const create = (ServiceName: string) =>
    as.send(new iam.CreateServiceSpecificCredentialCommand({ UserName: 'a', ServiceName }));
  await assert.rejects(create('cassandra.amazonaws.com'), refusal('AccessDenied'));
  const made = await create('bedrock.amazonaws.com');
  const ServiceSpecificCredentialId = made.ServiceSpecificCredential?.ServiceSpecificCredentialId;
  await as.send(new iam.DeleteServiceSpecificCredentialCommand({ UserName: 'a', ServiceSpecificCredentialId }));
  const { ServiceSpecificCredentials: left } = await admin.send(
    new iam.ListServiceSpecificCredentialsCommand({ UserName: 'a' }),
  );
  const codeCommit = { UserName: 'a', ServiceSpecificCredentialId: left?.[0]?.ServiceSpecificCredentialId };
  await assert.rejects(as.send(new iam.DeleteServiceSpecificCredentialCommand(codeCommit)), refusal('AccessDenied'));
});
