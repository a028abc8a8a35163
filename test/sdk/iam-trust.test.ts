/** What IAM refuses of a trust policy when it is written, beyond the grammar (platform/policy/malformed.test.ts). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { document } from '#test/policy-document.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { refusal } from '#test/sdk/refusals.ts';

const malformed = (message: string) => refusal('MalformedPolicyDocumentException', message);
const GITHUB = 'token.actions.githubusercontent.com';

async function roles(t: Parameters<typeof cloud>[0]) {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  let count = 0;
  const trust = (text: string) =>
    admin.send(new iam.CreateRoleCommand({ RoleName: `role-${++count}`, AssumeRolePolicyDocument: text }));
  return { c, admin, trust };
}

test('whom it may name: everybody as an AWS principal, and services that AWS has', async (t) => {
  const { trust } = await roles(t);
  const naming = (Principal: unknown) => trust(document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }));
  await naming({ AWS: '*' });
  await assert.rejects(naming('*'), malformed('AssumeRolepolicy contained an invalid principal: "STAR":"*".'));
  for (const service of ['lambda', 'ecs-tasks', 'pods.eks', 'states.us-east-1', 'edgelambda', 'ops.emr-serverless']) {
    await naming({ Service: `${service}.amazonaws.com` });
  }
  for (const unknown of ['tagging.amazonaws.com', 'lamda.amazonaws.com', 'ecs.amazon.com']) {
    await assert.rejects(
      naming({ Service: ['ec2.amazonaws.com', unknown] }),
      malformed(`Invalid principal in policy: "SERVICE":"${unknown}"`),
    );
  }
});

test('a provider that many organizations share: whose tokens are meant', async (t) => {
  const { c, admin, trust } = await roles(t);
  const arnOf = (url: string) => `arn:aws:iam::${c.account}:oidc-provider/${url}`;
  const textFor = (url: string, Condition?: object, rest: object = {}) =>
    document({
      Effect: 'Allow',
      Principal: { Federated: arnOf(url) },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition,
      ...rest,
    });
  const must = (url: string, keys: string) =>
    malformed(
      `Trust policy with trusted principal ${arnOf(url)} must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, ${keys} which is not scoped to all.`,
    );
  const github = must(GITHUB, `${GITHUB}:sub or ${GITHUB}:job_workflow_ref`);
  for (const [why, condition] of Object.entries({
    'no condition': undefined,
    audience: { StringEquals: { [`${GITHUB}:aud`]: 'sts.amazonaws.com' } },
    repository: { StringEquals: { [`${GITHUB}:repository`]: 'me/mine' } },
    everybody: { StringLike: { [`${GITHUB}:sub`]: '*' } },
    'all but one': { StringNotEquals: { [`${GITHUB}:sub`]: 'repo:me/mine:ref:refs/heads/main' } },
    'if it is there': { StringLikeIfExists: { [`${GITHUB}:sub`]: 'repo:me/*' } },
    'another provider’s': { StringLike: { 'gitlab.com:sub': 'repo:me/*' } },
  })) {
    await assert.rejects(trust(textFor(GITHUB, condition)), github, why);
  }
  for (const condition of [
    { StringLike: { [`${GITHUB}:sub`]: 'repo:me/*' } },
    { stringequalsignorecase: { [`${GITHUB.toUpperCase()}:Sub`]: 'repo:me/mine:environment:prod' } },
    { StringLike: { [`${GITHUB}:job_workflow_ref`]: ['*', 'me/mine/.github/workflows/a.yml@*'] } },
  ]) {
    await trust(textFor(GITHUB, condition));
  }
  await trust(textFor(GITHUB, undefined, { Effect: 'Deny' }));
  await trust(textFor(`${GITHUB}/my-enterprise`));
  await trust(textFor('id.example.com'));
  await assert.rejects(trust(textFor('oidc.vercel.com')), must('oidc.vercel.com', 'oidc.vercel.com:aud'));
  await assert.rejects(trust(textFor('gitlab.com', {}, { Action: 'sts:*' })), must('gitlab.com', 'gitlab.com:sub'));
  const sentinel = 'sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/';
  await assert.rejects(trust(textFor(sentinel)), must(sentinel, 'sts:RoleSessionName'));
  await trust(textFor(sentinel, { StringEquals: { 'sts:RoleSessionName': 'MicrosoftSentinel_mine' } }));

  const PolicyDocument = textFor(GITHUB);
  await assert.rejects(
    admin.send(new iam.UpdateAssumeRolePolicyCommand({ RoleName: 'role-8', PolicyDocument })),
    github,
  );
});
