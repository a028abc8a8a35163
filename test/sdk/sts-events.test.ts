/** Sessions in the event history: the tags that came with them, wherever they came from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { seconds } from '#platform/base/clock.ts';
import { document } from '#test/policy-document.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { credentialsOf } from '#test/sdk/federation.ts';
import { newUser } from '#test/sdk/people.ts';
import { ASSUME, AWS, saml } from '#test/sdk/saml-federation.ts';

async function newestAbout(c: TestCloud, AttributeValue: string) {
  c.advance(seconds(1));
  const LookupAttributes = [{ AttributeKey: 'ResourceType' as const, AttributeValue }];
  const { Events = [] } = await c.client(CloudTrailClient).send(new LookupEventsCommand({ LookupAttributes }));
  return JSON.parse(Events[0]?.CloudTrailEvent ?? '{}');
}

test('an assertion is in the record by its id and what it says', async (t) => {
  const { c, PrincipalArn, RoleArn, trust, response, assume } = await saml(t);
  await trust(undefined, [ASSUME, 'sts:TagSession', 'sts:SetSourceIdentity']);
  const attributes = {
    [`${AWS}PrincipalTag:Team`]: ['blue'],
    [`${AWS}TransitiveTagKeys`]: ['Team'],
    [`${AWS}SourceIdentity`]: ['ann'],
  };
  await assume(response({ attributes }));
  const record = await newestAbout(c, 'AWS::IAM::Role');
  const { sAMLAssertionID, ...parameters } = record.requestParameters;
  assert.match(sAMLAssertionID, /^_/);
  assert.deepEqual(parameters, {
    roleArn: RoleArn,
    principalArn: PrincipalArn,
    roleSessionName: 'ann@corp',
    sourceIdentity: 'ann',
    principalTags: { Team: 'blue' },
    transitiveTagKeys: ['Team'],
  });
});

test('a chain’s record tells the tags that the session before handed on', async (t) => {
  const c = await cloud(t);
  const iam = c.client(IAMClient);
  const Principal = { AWS: c.account };
  const AssumeRolePolicyDocument = document({
    Effect: 'Allow',
    Principal,
    Action: ['sts:AssumeRole', 'sts:TagSession'],
  });
  const role = async (RoleName: string): Promise<string> => {
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = document({ Effect: 'Allow', Action: 'sts:*', Resource: '*' });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument }));
    return Role?.Arn ?? '';
  };
  const [first, second] = [await role('first'), await role('second')];
  const bob = await newUser(c, 'bob');
  await bob.allow({ Effect: 'Allow', Action: 'sts:*', Resource: '*' });
  const { Credentials: session } = await c.client(STSClient, { credentials: bob.credentials }).send(
    new AssumeRoleCommand({
      RoleArn: first,
      RoleSessionName: 'one',
      Tags: [{ Key: 'Department', Value: 'Engineering' }],
      TransitiveTagKeys: ['Department'],
    }),
  );
  const chained = new AssumeRoleCommand({ RoleArn: second, RoleSessionName: 'two' });
  await c.client(STSClient, { credentials: credentialsOf(session) }).send(chained);
  const record = await newestAbout(c, 'AWS::IAM::Role');
  assert.deepEqual(record.requestParameters, {
    roleArn: second,
    roleSessionName: 'two',
    incomingTransitiveTags: { Department: 'Engineering' },
  });
  assert.deepEqual(record.resources, [{ accountId: c.account, type: 'AWS::IAM::Role', ARN: second }]);
});
