// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written like template strings
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '#platform/base/ids.ts';
import { type AuthorizationRequest, evaluate, type PrincipalPolicies } from '#platform/policy/evaluate.ts';
import { resourceGrant } from '#platform/policy/grants.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import { explain } from '#platform/policy/trace.ts';
import type {
  FederatedUserPrincipal,
  Principal,
  RoleSessionPrincipal,
  RootPrincipal,
  ServicePrincipal,
  UserPrincipal,
} from '#platform/principal.ts';

const OWN = '123456789012' as AccountId;
const OTHER = '999999999999' as AccountId;
const QUEUE = `arn:aws:sqs:us-east-1:${OWN}:jobs`;
const session = { issuedAt: 0, expiresAt: 1 };

const userIn = (account: AccountId): UserPrincipal => ({
  ...{ kind: 'user', account, arn: `arn:aws:iam::${account}:user/bob`, userId: 'AIDABOB0000000000', userName: 'bob' },
});
const bob = userIn(OWN);
const root: RootPrincipal = { kind: 'root', account: OWN, arn: `arn:aws:iam::${OWN}:root`, userId: OWN };
const worker: RoleSessionPrincipal = {
  kind: 'role-session',
  account: OWN,
  arn: `arn:aws:sts::${OWN}:assumed-role/work/monday`,
  userId: 'AROAWORK:monday',
  roleArn: `arn:aws:iam::${OWN}:role/work`,
  roleId: 'AROAWORK',
  roleName: 'work',
  session,
};
const fed: FederatedUserPrincipal = {
  ...{ kind: 'federated-user', account: OWN, arn: `arn:aws:sts::${OWN}:federated-user/fed`, userId: `${OWN}:fed` },
  session: { ...session, issuerArn: bob.arn },
};
const sns: ServicePrincipal = { kind: 'service', service: 'sns.amazonaws.com' };
const anonymous: Principal = { kind: 'anonymous' };
const external = (provider: string): Principal => ({
  ...{ kind: 'external', type: 'WebIdentityUser', provider, identityProvider: provider, userId: 'x', userName: 'x' },
  claims: { keys: {}, tags: {}, transitiveTagKeys: [] },
});

const policy = (statement: object, kind: 'identity' | 'resource' | 'trust' = 'identity'): CompiledPolicy =>
  parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statement }), kind);
const ALLOW = policy({ Effect: 'Allow', Action: 'sqs:*', Resource: '*' });
const DENY = policy({ Effect: 'Deny', Action: 'sqs:*', Resource: '*' });
const ELSE = policy({ Effect: 'Allow', Action: 's3:*', Resource: '*' });
const GRANT = { Effect: 'Allow', Action: 'sqs:*', Resource: '*' };
const grant = (principal: unknown, more: object = {}): CompiledPolicy =>
  policy({ ...GRANT, Principal: principal, ...more }, 'resource');

type Case = Omit<Partial<AuthorizationRequest>, 'policies'> & { policies?: Partial<PrincipalPolicies> };

const requestOf = (given: Case): AuthorizationRequest => ({
  ...{ principal: bob, action: 'sqs:SendMessage', resource: QUEUE, resourceAccount: OWN, context: () => undefined },
  ...given,
  policies: { identity: [], ...given.policies },
});
const isAllowed = (given: Case): boolean => evaluate(requestOf(given)).allowed;

function messageOf(given: Case): string {
  const decision = evaluate(requestOf(given));
  assert.equal(decision.allowed, false);
  return decision.allowed ? '' : decision.message;
}

test('nothing is allowed by default, but to root', () => {
  assert.equal(isAllowed({}), false);
  assert.equal(isAllowed({ principal: root }), true);
  assert.equal(
    isAllowed({
      principal: root,
      resourcePolicy: policy({ Effect: 'Deny', Action: '*', Resource: '*', Principal: '*' }, 'resource'),
    }),
    false,
  );
  assert.equal(isAllowed({ principal: root, policies: { serviceControl: [[ELSE]] } }), false);
  assert.equal(isAllowed({ principal: root, resourceAccount: OTHER }), false);
  assert.equal(isAllowed({ principal: root, resourceAccount: OTHER, resourcePolicy: grant({ AWS: OWN }) }), true);
  assert.equal(isAllowed({ principal: root, resourcePolicyRequired: true }), false);
});

test('how far a resource policy reaches within the account', () => {
  // Columns: identity policy says nothing; boundary says nothing; session policy says nothing (User Guide's table).
  const limits: readonly Partial<PrincipalPolicies>[] = [{}, { boundary: ELSE }, { session: [ELSE] }];
  const table: readonly (readonly [Principal, unknown, readonly boolean[]])[] = [
    [bob, { AWS: bob.arn }, [true, true, true]],
    [bob, { AWS: bob.userId }, [true, true, true]],
    [worker, { AWS: worker.arn }, [true, true, true]],
    [worker, { AWS: `arn:aws:iam::${OWN}:role/work` }, [true, false, false]],
    [fed, { AWS: fed.arn }, [true, true, true]],
    [fed, { AWS: bob.arn }, [false, false, false]],
    [bob, { AWS: OWN }, [false, false, false]],
    [bob, '*', [true, true, true]],
    [worker, { AWS: '*' }, [true, true, true]],
  ];
  for (const [principal, named, expected] of table) {
    if (JSON.stringify(named).includes('AIDABOB0000000000')) continue;
    const results = limits.map((policies) => isAllowed({ principal, policies, resourcePolicy: grant(named) }));
    assert.deepEqual(results, expected, `${principal.kind} by ${JSON.stringify(named)}`);
  }
  const withSession = { principal: fed, policies: { session: [ALLOW] } };
  assert.equal(isAllowed({ ...withSession, resourcePolicy: grant({ AWS: bob.arn }) }), true);
  assert.equal(
    isAllowed({
      ...withSession,
      policies: { session: [ALLOW], boundary: ELSE },
      resourcePolicy: grant({ AWS: bob.arn }),
    }),
    false,
  );
});

test('of several grants the farthest-reaching counts, in any order', () => {
  const grants = [worker.roleArn, OWN].map((name) => ({ ...GRANT, Principal: { AWS: name } }));
  for (const statements of [grants, grants.toReversed()]) {
    assert.equal(isAllowed({ principal: worker, resourcePolicy: policy(statements, 'resource') }), true);
  }
});

test('permissions are the intersection of what limits them', () => {
  const identity = [ELSE, ALLOW];
  assert.equal(isAllowed({ policies: { identity } }), true);
  assert.equal(isAllowed({ policies: { identity, boundary: ALLOW, session: [ELSE, ALLOW] } }), true);
  assert.equal(isAllowed({ policies: { identity, boundary: ELSE } }), false);
  assert.equal(isAllowed({ policies: { identity, session: [] } }), false);
  assert.equal(isAllowed({ policies: { identity, serviceControl: [[ELSE, ALLOW], [ALLOW]] } }), true);
  assert.equal(isAllowed({ policies: { identity, serviceControl: [[ALLOW], [ELSE]] } }), false);
  assert.equal(isAllowed({ policies: { identity: [ALLOW] }, principal: fed }), false);
});

test('across accounts both sides must allow', () => {
  const stranger = userIn(OTHER);
  const identity = [ALLOW];
  for (const named of [{ AWS: stranger.arn }, { AWS: OTHER }, '*']) {
    const resourcePolicy = grant(named);
    assert.equal(isAllowed({ principal: stranger, policies: { identity }, resourcePolicy }), true);
    assert.equal(isAllowed({ principal: stranger, resourcePolicy }), false);
    assert.equal(isAllowed({ principal: stranger, policies: { identity, boundary: ELSE }, resourcePolicy }), false);
  }
  assert.equal(isAllowed({ principal: stranger, policies: { identity } }), false);
  assert.equal(isAllowed({ principal: stranger, policies: { identity }, resourcePolicy: grant({ AWS: OWN }) }), false);
});

test('services and anonymous callers have the resource policy alone', () => {
  const topic = `arn:aws:sns:us-east-1:${OWN}:topic`;
  const context = (key: string) => (key === 'aws:sourcearn' ? topic : undefined);
  const fromTopic = grant({ Service: 'sns.amazonaws.com' }, { Condition: { ArnEquals: { 'aws:SourceArn': topic } } });
  assert.equal(isAllowed({ principal: sns, resourcePolicy: fromTopic, context }), true);
  assert.equal(isAllowed({ principal: sns, resourcePolicy: fromTopic }), false);
  assert.equal(isAllowed({ principal: sns, resourcePolicy: grant({ Service: 's3.amazonaws.com' }) }), false);
  assert.equal(isAllowed({ principal: sns, resourcePolicy: grant('*') }), true);
  assert.equal(isAllowed({ principal: sns }), false);
  assert.equal(isAllowed({ principal: anonymous, resourcePolicy: grant('*') }), true);
  assert.equal(isAllowed({ principal: anonymous, resourcePolicy: grant({ AWS: '*' }) }), true);
  assert.equal(isAllowed({ principal: anonymous, resourcePolicy: grant({ AWS: OWN }) }), false);
});

test('a canonical user id stands for its account', () => {
  const resourcePolicy = grant({ CanonicalUser: 'ab12' });
  const stranger = { principal: userIn(OTHER), policies: { identity: [ALLOW] }, resourcePolicy };
  assert.equal(isAllowed({ ...stranger, canonicalUser: 'ab12' }), true);
  assert.equal(isAllowed({ ...stranger, canonicalUser: 'cd34' }), false);
  assert.equal(isAllowed({ resourcePolicy, canonicalUser: 'ab12' }), false);
});

test('who may assume a role', () => {
  const role = { action: 'sts:AssumeRole', resource: `arn:aws:iam::${OWN}:role/work` };
  const trust = (principal: object, action = 'sts:AssumeRole') =>
    policy({ Effect: 'Allow', Action: action, Principal: principal }, 'trust');
  const mayAssume = policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: role.resource });
  const identity = [mayAssume];
  assert.equal(isAllowed({ ...role, resourcePolicy: trust({ AWS: bob.arn }) }), true);
  assert.equal(isAllowed({ ...role, resourcePolicy: trust({ AWS: OWN }) }), false);
  assert.equal(isAllowed({ ...role, resourcePolicy: trust({ AWS: OWN }), policies: { identity } }), true);
  assert.equal(isAllowed({ ...role, resourcePolicy: trust({ AWS: OTHER }), policies: { identity } }), false);
  const stranger = userIn(OTHER);
  assert.equal(isAllowed({ ...role, principal: stranger, resourcePolicy: trust({ AWS: stranger.arn }) }), false);
  assert.equal(
    isAllowed({ ...role, principal: stranger, resourcePolicy: trust({ AWS: OTHER }), policies: { identity } }),
    true,
  );
  assert.equal(
    isAllowed({
      ...role,
      principal: { ...sns, service: 'ec2.amazonaws.com' },
      resourcePolicy: trust({ Service: 'ec2.amazonaws.com' }),
    }),
    true,
  );
  const web = trust({ Federated: 'accounts.google.com' }, 'sts:AssumeRoleWithWebIdentity');
  const call = { ...role, action: 'sts:AssumeRoleWithWebIdentity', resourcePolicy: web };
  assert.equal(isAllowed({ ...call, principal: external('accounts.google.com') }), true);
  assert.equal(isAllowed({ ...call, principal: external('evil.example') }), false);
  assert.equal(isAllowed({ ...call, principal: anonymous }), false);
});

test('NotPrincipal with Deny excepts only callers all of whose names are listed', () => {
  const listed = [worker.arn, `arn:aws:iam::${OWN}:role/work`, `arn:aws:iam::${OWN}:root`];
  const exceptFor = (names: readonly string[]) =>
    policy({ Effect: 'Deny', Action: '*', Resource: '*', NotPrincipal: { AWS: names } }, 'resource');
  const given = { principal: worker, policies: { identity: [ALLOW] } };
  assert.equal(isAllowed({ ...given, resourcePolicy: exceptFor(listed) }), true);
  for (const missing of listed) {
    const resourcePolicy = exceptFor(listed.filter((name) => name !== missing));
    assert.equal(isAllowed({ ...given, resourcePolicy }), false, missing);
  }
  assert.equal(isAllowed({ ...given, principal: bob, resourcePolicy: exceptFor(listed) }), false);
});

test("the User Guide's example: Carlos and his buckets", () => {
  const own = ['arn:aws:s3:::carlossalazar/*', 'arn:aws:s3:::carlossalazar'];
  const identity = [
    policy([
      { Sid: 'AllowS3ListRead', Effect: 'Allow', Action: ['s3:GetBucketLocation'], Resource: 'arn:aws:s3:::*' },
      { Sid: 'AllowS3Self', Effect: 'Allow', Action: 's3:*', Resource: own },
      { Sid: 'DenyS3Logs', Effect: 'Deny', Action: 's3:*', Resource: 'arn:aws:s3:::*log*' },
    ]),
  ];
  const put = (resource: string): boolean => isAllowed({ action: 's3:PutObject', resource, policies: { identity } });
  assert.equal(put('arn:aws:s3:::carlossalazar/a.txt'), true);
  assert.equal(put('arn:aws:s3:::carlossalazar-logs/a.txt'), false);
  assert.equal(put('arn:aws:s3:::carlossalazar/catalog'), false);
  const bucket = policy({ Effect: 'Allow', Principal: { AWS: bob.arn }, Action: 's3:*', Resource: own }, 'resource');
  const logs = { action: 's3:PutObject', resource: 'arn:aws:s3:::carlossalazar-logs/a.txt', resourcePolicy: bucket };
  assert.match(messageOf({ ...logs, policies: { identity } }), /with an explicit deny in an identity-based policy$/);
});

test('actions are not case-sensitive, variables resolve, old documents have none', () => {
  const allow = (Action: string, Resource: string, Version = '2012-10-17') =>
    parsePolicy(JSON.stringify({ Version, Statement: { Effect: 'Allow', Action, Resource } }), 'identity');
  const context = (key: string) => (key === 'aws:username' ? 'jobs' : undefined);
  const by = (identity: CompiledPolicy): boolean => isAllowed({ policies: { identity: [identity] }, context });
  assert.equal(by(allow('SQS:sendMESSAGE', '*')), true);
  assert.equal(by(allow('s*:*Message', '*')), true);
  assert.equal(by(allow('sqs:*', 'arn:aws:sqs:*:*:${aws:username}')), true);
  assert.equal(by(allow('sqs:*', 'arn:aws:sqs:*:*:${aws:userid}*')), false);
  assert.equal(by(allow('sqs:*', 'arn:aws:sqs:*:*:${aws:username}', '2008-10-17')), false);
});

test('a root user opens what a policy of its own account’s resource locks', () => {
  const lock = policy({ Effect: 'Deny', Action: '*', Resource: '*', Principal: '*' }, 'resource');
  const locked = (action: string, given: Case = {}) =>
    isAllowed({ principal: root, action, resourcePolicy: lock, ...given });
  assert.equal(locked('s3:PutBucketPolicy'), true);
  assert.equal(locked('sqs:SetQueueAttributes'), true);
  assert.equal(locked('sqs:SendMessage'), false);
  assert.equal(locked('sqs:SetQueueAttributes', { resourceAccount: OTHER }), false);
  assert.equal(locked('sqs:SetQueueAttributes', { principal: bob, policies: { identity: [ALLOW] } }), false);
  assert.equal(locked('sqs:SetQueueAttributes', { policies: { identity: [DENY] } }), false);
});

test('the words of a refusal', () => {
  const refusal = `User: arn:aws:iam::${OWN}:user/bob is not authorized to perform: sqs:SendMessage on resource: ${QUEUE}`;
  const because = (type: string): string => `${refusal} because no ${type} allows the sqs:SendMessage action`;
  const identity = [ALLOW];
  const denyAll = policy({ Effect: 'Deny', Action: '*', Resource: '*', Principal: '*' }, 'resource');
  const table: readonly (readonly [Case, string])[] = [
    [{}, because('identity-based policy')],
    [{ policies: { identity, boundary: ELSE } }, because('permissions boundary')],
    [{ policies: { identity, session: [ELSE] } }, because('session policy')],
    [{ policies: { identity, serviceControl: [[ELSE]] } }, because('service control policy')],
    [{ policies: { identity }, resourceControl: [[grant({ AWS: OTHER })]] }, because('resource control policy')],
    [{ policies: { identity }, endpointPolicy: grant({ AWS: OTHER }) }, because('VPC endpoint policy')],
    [{ policies: { identity }, resourceAccount: OTHER }, because('resource-based policy')],
    [{ policies: { identity: [ALLOW, DENY] } }, `${refusal} with an explicit deny in an identity-based policy`],
    [{ policies: { boundary: DENY } }, `${refusal} with an explicit deny in a permissions boundary`],
    [{ policies: { session: [DENY] } }, `${refusal} with an explicit deny in a session policy`],
    [{ policies: { serviceControl: [[DENY]] } }, `${refusal} with an explicit deny in a service control policy`],
    [{ resourceControl: [[denyAll]] }, `${refusal} with an explicit deny in a resource control policy`],
    [{ endpointPolicy: denyAll }, `${refusal} with an explicit deny in a VPC endpoint policy`],
    [{ resourcePolicy: denyAll }, `${refusal} with an explicit deny in a resource-based policy`],
  ];
  for (const [given, expected] of table) assert.equal(messageOf(given), expected);
  assert.match(
    messageOf({ principal: anonymous }),
    /^User: anonymous is not .* because no resource-based policy allows/,
  );
  assert.match(messageOf({ principal: worker }), /^User: arn:aws:sts::123456789012:assumed-role\/work\/monday is not/);
  const trust = policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: OTHER } }, 'trust');
  assert.match(messageOf({ resourcePolicy: trust }), /because no role trust policy allows/);
});

test('an explanation names the statements and where they stand', () => {
  const source = `{
  "Statement": [
    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    {"Sid": "Mine", "Effect": "Allow",
     "Action": "sqs:*", "Resource": "*"}]
}`;
  const identity = [parsePolicy(source, 'identity')];
  const { decision, matches } = explain(requestOf({ policies: { identity, boundary: DENY } }));
  assert.equal(decision.allowed, false);
  const places = matches.map(({ type, statement, start, end }) => [type, statement.sid, start, end]);
  assert.deepEqual(places, [
    ['identity', 'Mine', { line: 3, column: 59 }, { line: 5, column: 41 }],
    ['boundary', undefined, { line: 1, column: 38 }, { line: 1, column: 86 }],
  ]);
});

test('a grant stands in for what policies lack, and never against a refusal', () => {
  const role = `arn:aws:iam::${OWN}:role/work`;
  // Columns: no policy at all; boundary says nothing; session policy says nothing; an identity policy denies.
  const limits: readonly Partial<PrincipalPolicies>[] = [
    {},
    { boundary: ELSE },
    { session: [ELSE] },
    { identity: [DENY] },
  ];
  const table: readonly (readonly [Principal, string, readonly boolean[]])[] = [
    [bob, bob.arn, [true, true, true, false]],
    [worker, worker.arn, [true, true, true, false]],
    [worker, role, [true, false, false, false]],
    [fed, fed.arn, [true, true, true, false]],
    [bob, `arn:aws:iam::${OWN}:root`, [false, false, false, false]],
    [root, `arn:aws:iam::${OWN}:root`, [true, true, true, false]],
    [sns, 'sns.amazonaws.com', [true, true, true, false]],
    [sns, 'sqs.amazonaws.com', [false, false, false, false]],
    [anonymous, bob.arn, [false, false, false, false]],
  ];
  for (const resourceAccount of [OWN, OTHER]) {
    for (const [principal, grantee, expected] of table) {
      const results = limits.map((policies) =>
        isAllowed({
          ...{ principal, policies, resourceAccount, resourcePolicyRequired: true },
          resourcePolicy: grant({ AWS: `arn:aws:iam::${OTHER}:user/somebody` }),
          grants: () => [resourceGrant(grantee, ['sqs:SendMessage'])],
        }),
      );
      assert.deepEqual(results, expected, `${principal.kind} in ${resourceAccount} by ${grantee}`);
    }
  }
});

test('a grant gives the actions that it names, under the organization and the resource policy', () => {
  const grants = () => [resourceGrant(bob.arn, ['sqs:SendMessage'])];
  assert.equal(isAllowed({ grants }), true);
  assert.equal(isAllowed({ grants, action: 'sqs:ReceiveMessage' }), false);
  assert.equal(isAllowed({ grants, policies: { serviceControl: [[ELSE]] } }), false);
  assert.equal(isAllowed({ grants, resourceControl: [[ELSE]] }), false);
  assert.equal(isAllowed({ grants, endpointPolicy: grant({ AWS: OTHER }) }), false);
  const deny = policy({ Effect: 'Deny', Action: 'sqs:*', Resource: '*', Principal: '*' }, 'resource');
  assert.equal(isAllowed({ grants, resourcePolicy: deny }), false);
  // Within the account's reach: the account hands on what its identity policies grant.
  const toAccount = () => [resourceGrant(`arn:aws:iam::${OWN}:root`, ['sqs:SendMessage'])];
  const asked = { grants: toAccount, policies: { identity: [ALLOW] } };
  assert.equal(isAllowed({ ...asked, resourceAccount: OTHER }), true);
  assert.equal(isAllowed({ ...asked, resourceAccount: OTHER, policies: { identity: [ELSE] } }), false);
});

test('grants are asked for only where the policies do not allow', () => {
  const grants = () => assert.fail('asked for');
  assert.equal(isAllowed({ grants, policies: { identity: [ALLOW] } }), true);
  assert.equal(isAllowed({ grants, policies: { identity: [DENY] } }), false);
});
