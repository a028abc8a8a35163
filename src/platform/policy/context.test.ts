import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { globalContext, type RequestFacts } from '#platform/policy/context.ts';
import type { Principal, UserPrincipal } from '#platform/principal.ts';

const account = '123456789012' as AccountId;
const now = Date.parse('2026-03-04T05:06:07.890Z');
const user: UserPrincipal = {
  kind: 'user',
  account,
  arn: `arn:aws:iam::${account}:user/a/bob`,
  userId: 'AIDA1',
  userName: 'bob',
};
const role: Principal = {
  kind: 'role-session',
  account,
  arn: `arn:aws:sts::${account}:assumed-role/work/monday`,
  userId: 'AROA1:monday',
  roleArn: `arn:aws:iam::${account}:role/path/work`,
  roleId: 'AROA1',
  roleName: 'work',
  session: {
    issuedAt: now - seconds(60),
    expiresAt: now + seconds(60),
    mfaAuthenticatedAt: now - seconds(90),
    sourceIdentity: 'alice',
    tags: { Team: 'blue' },
  },
};

function answers(
  facts: Partial<RequestFacts>,
  expected: Readonly<Record<string, string | readonly string[] | undefined>>,
) {
  const context = globalContext({ principal: user, now, isSecure: false, requestedRegion: 'us-east-1', ...facts });
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(context(key.toLowerCase()), value, key);
}

test('a user with long-term keys', () => {
  answers(
    { sourceAddress: '192.0.2.1', userAgent: 'cli', resourceAccount: '210987654321' },
    {
      'aws:PrincipalArn': user.arn,
      'aws:PrincipalAccount': account,
      'aws:PrincipalType': 'User',
      'aws:PrincipalIsAWSService': 'false',
      'aws:username': 'bob',
      'aws:userid': 'AIDA1',
      'aws:SourceIp': '192.0.2.1',
      'aws:VpcSourceIp': undefined,
      'aws:CurrentTime': '2026-03-04T05:06:07Z',
      'aws:EpochTime': '1772600767',
      'aws:SecureTransport': 'false',
      'aws:RequestedRegion': 'us-east-1',
      'aws:ResourceAccount': '210987654321',
      'aws:UserAgent': 'cli',
      'aws:Referer': undefined,
      'aws:ViaAWSService': 'false',
      'aws:CalledVia': undefined,
      'aws:MultiFactorAuthPresent': undefined,
      'aws:TokenIssueTime': undefined,
      'aws:SourceArn': undefined,
    },
  );
});

test('a role session counts as its role', () => {
  answers(
    { principal: role, principalTags: () => ({ team: 'red', Level: '3' }) },
    {
      'aws:PrincipalArn': `arn:aws:iam::${account}:role/path/work`,
      'aws:PrincipalType': 'AssumedRole',
      'aws:username': undefined,
      'aws:userid': 'AROA1:monday',
      'aws:MultiFactorAuthPresent': 'true',
      'aws:MultiFactorAuthAge': '90',
      'aws:TokenIssueTime': '2026-03-04T05:05:07Z',
      'aws:SourceIdentity': 'alice',
      'aws:PrincipalTag/Team': 'blue',
      'aws:PrincipalTag/level': '3',
      'aws:PrincipalTag/none': undefined,
    },
  );
});

test('a service, and a call that went through services', () => {
  const sourceArn = `arn:aws:sns:us-east-1:${account}:topic`;
  const service: Principal = { kind: 'service', service: 'sns.amazonaws.com', sourceArn, sourceAccount: account };
  answers(
    { principal: service, calledVia: ['cloudformation.amazonaws.com', 'dynamodb.amazonaws.com'] },
    {
      'aws:PrincipalIsAWSService': 'true',
      'aws:PrincipalServiceName': 'sns.amazonaws.com',
      'aws:PrincipalServiceNamesList': ['sns.amazonaws.com'],
      'aws:SourceArn': sourceArn,
      'aws:SourceAccount': account,
      'aws:PrincipalArn': undefined,
      'aws:ViaAWSService': 'true',
      'aws:CalledVia': ['cloudformation.amazonaws.com', 'dynamodb.amazonaws.com'],
      'aws:CalledViaFirst': 'cloudformation.amazonaws.com',
      'aws:CalledViaLast': 'dynamodb.amazonaws.com',
    },
  );
  answers(
    { principal: { kind: 'anonymous' } },
    { 'aws:PrincipalType': 'Anonymous', 'aws:userid': 'anonymous', 'aws:PrincipalArn': undefined },
  );
});

test('tags and the keys of services', () => {
  let reads = 0;
  const resourceTags = (): Record<string, string> => {
    reads++;
    return { CostCenter: '7' };
  };
  const facts = {
    resourceTags,
    requestTags: { Owner: 'bob' },
    serviceKeys: { 'sqs:Size': '10', 'aws:SourceVpc': 'vpc-1' },
  };
  answers(facts, {
    'aws:RequestTag/owner': 'bob',
    'aws:TagKeys': ['Owner'],
    'sqs:size': '10',
    'aws:SourceVpc': 'vpc-1',
    'unknown:key': undefined,
  });
  assert.equal(reads, 0);
  answers(facts, { 'aws:ResourceTag/costcenter': '7', 'aws:ResourceTag/other': undefined });
});

test('keys of an identity provider: all while it vouches, some for as long as the session lasts', () => {
  const provider = 'arn:aws:iam::123456789012:oidc-provider/issuer.example';
  const keys = { 'issuer.example:sub': 'ann', 'issuer.example:amr': ['otp', 'pwd'] };
  const vouched: Principal = {
    ...{ kind: 'external', type: 'WebIdentityUser', provider, identityProvider: provider, userId: 'x', userName: 'x' },
    claims: { keys, tags: {}, transitiveTagKeys: [] },
  };
  answers({ principal: vouched }, { 'issuer.example:sub': 'ann', 'aws:FederatedProvider': undefined });
  const session = { issuedAt: 0, expiresAt: 1, federation: { provider, keys } };
  answers(
    { principal: { ...role, session } },
    { 'issuer.example:amr': ['otp', 'pwd'], 'other.example:sub': undefined, 'aws:FederatedProvider': provider },
  );
});
