/** An account with an OpenID Connect provider and a role for its people, and what tests of that have in common. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { noise } from '#test/noise.ts';
import { document } from '#test/policy-document.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { type SigningKey, signingKey, type TokenIssuer, tokenIssuer } from '#test/token-issuer.ts';

export const named =
  (name: string, message: RegExp = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.equal(error.name, name, error.message);
    assert.match(error.message, message);
    return true;
  };

export const tooLarge = named(
  'PackedPolicyTooLargeException',
  /^Packed size of session tags and policies consumes \d+% of allotted space\.$/,
);

/** Session tags within all limits but that of their packed size. */
export const bigTags = (): sts.Tag[] =>
  Array.from({ length: 30 }, (_, n) => ({ Key: `k${n}`, Value: noise(250, String(n)) }));

interface Federation {
  readonly c: TestCloud;
  readonly issuer: TokenIssuer;
  readonly key: SigningKey;
  /** `localhost:1234` */
  readonly provider: string;
  readonly RoleArn: string;
  trust(Condition?: object, Action?: string[]): Promise<void>;
  assume(
    token: string | Promise<string>,
    input?: Partial<sts.AssumeRoleWithWebIdentityCommandInput>,
  ): Promise<sts.AssumeRoleWithWebIdentityCommandOutput>;
}

export const ASSUME = 'sts:AssumeRoleWithWebIdentity';

export async function federation(t: TestContext): Promise<Federation> {
  const c = await cloud(t);
  const issuer = await tokenIssuer(t, () => c.clock.now());
  const key = signingKey('first', 'RS256');
  issuer.shown = [key];
  const admin = c.client(iam.IAMClient);
  const { OpenIDConnectProviderArn: Federated } = await admin.send(
    new iam.CreateOpenIDConnectProviderCommand({
      Url: issuer.url,
      ClientIDList: ['client', 'another'],
      ThumbprintList: [issuer.thumbprint],
    }),
  );
  const trustOf = (Condition?: object, Action: string[] = [ASSUME]) =>
    document({ Effect: 'Allow', Principal: { Federated }, Action, ...(Condition && { Condition }) });
  const { Role } = await admin.send(
    new iam.CreateRoleCommand({ RoleName: 'guest', AssumeRolePolicyDocument: trustOf() }),
  );
  const RoleArn = Role?.Arn ?? '';
  const PolicyDocument = document({ Effect: 'Allow', Action: 'sqs:*', Resource: '*' });
  await admin.send(new iam.PutRolePolicyCommand({ RoleName: 'guest', PolicyName: 'own', PolicyDocument }));
  // As an application would: without credentials, and on a connection of its own, as the clock moves.
  const nobody = () => c.client(sts.STSClient, { credentials: { accessKeyId: '', secretAccessKey: '' } });
  return {
    c,
    issuer,
    key,
    provider: `localhost:${issuer.port}`,
    RoleArn,
    trust: async (Condition, Action) => {
      const policy = { RoleName: 'guest', PolicyDocument: trustOf(Condition, Action) };
      await admin.send(new iam.UpdateAssumeRolePolicyCommand(policy));
    },
    assume: async (token, input = {}) =>
      nobody().send(
        new sts.AssumeRoleWithWebIdentityCommand({
          RoleArn,
          RoleSessionName: 'session',
          WebIdentityToken: await token,
          ...input,
        }),
      ),
  };
}

export const credentialsOf = (given: sts.Credentials | undefined): Credentials => ({
  accessKeyId: given?.AccessKeyId ?? '',
  secretAccessKey: given?.SecretAccessKey ?? '',
  sessionToken: given?.SessionToken ?? '',
});
export const lists = (c: TestCloud, credentials: Credentials) =>
  c.client(SQSClient, { credentials }).send(new ListQueuesCommand({}));

/** How long they last from now; the rounding forgives the time that a call takes. */
export const minutesLeft = (c: TestCloud, given: sts.Credentials | undefined): number =>
  Math.round(((given?.Expiration?.getTime() ?? 0) - c.clock.now()) / 60_000);
