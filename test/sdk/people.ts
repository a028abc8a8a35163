/** Other accounts and users for tests, made by the operator and the administrator as anybody would. */
import assert from 'node:assert/strict';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Credentials, TestCloud } from '#test/sdk/cloud.ts';
import { jsonDraft, sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { noteAnswer } from '#test/sdk/seen-answers.ts';

/** A call of the `makonis` service as the operator. */
export async function operate(c: TestCloud, operation: string, input: object): Promise<Record<string, unknown>> {
  const draft = jsonDraft(operation, input, 'Makonis');
  const answer = await sendRaw(c, await signedRequest(c, draft, { service: 'makonis', credential: c.operator }));
  noteAnswer('makonis', operation, answer.code || 'success');
  assert.equal(answer.status, 200, answer.body);
  return JSON.parse(answer.body) as Record<string, unknown>;
}

/** A new account's administrator. */
export async function newAccount(c: TestCloud, Id: string): Promise<Credentials> {
  const { AdministratorAccessKey: key } = await operate(c, 'CreateAccount', { Id, Name: 'partner' });
  const { AccessKeyId = '', SecretAccessKey = '' } = key as { AccessKeyId?: string; SecretAccessKey?: string };
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
}

export interface NewUser {
  readonly credentials: Credentials;
  /** Replaces what the user may do. */
  allow(...statements: object[]): Promise<void>;
  /** Deletes the user, who has no policy of its own. */
  remove(): Promise<void>;
}

export async function newUser(c: TestCloud, UserName: string, administrator = c.administrator): Promise<NewUser> {
  const iam = c.client(IAMClient, { credentials: administrator });
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return {
    credentials: { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' },
    async allow(...Statement) {
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
      await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument }));
    },
    async remove() {
      await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: AccessKey?.AccessKeyId }));
      await iam.send(new DeleteUserCommand({ UserName }));
    },
  };
}
