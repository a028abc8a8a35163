// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written like template strings
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { document } from '#test/policy-document.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';

const statement = (Effect: string, Action: string | string[], Resource = '*', more: object = {}) => ({
  Effect,
  Action,
  Resource,
  ...more,
});
const allow = (Action: string, Resource = '*', more: object = {}) =>
  document(statement('Allow', Action, Resource, more));
const failing = (name: string, message: RegExp) => (error: unknown) =>
  error instanceof Error && error.name === name && message.test(error.message);
const invalid = (message: RegExp) => failing('InvalidInputException', message);

const BUCKET = 'arn:aws:s3:::pail/file';
const BOB = 'arn:aws:iam::111122223333:user/bob';

async function simulator(t: TestContext) {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const custom = async (input: Partial<iam.SimulateCustomPolicyCommandInput>): Promise<iam.EvaluationResult> => {
    const whole = { PolicyInputList: [allow('s3:*')], ActionNames: ['s3:GetObject'], ...input };
    const { EvaluationResults } = await admin.send(new iam.SimulateCustomPolicyCommand(whole));
    const [result] = EvaluationResults ?? [];
    assert.ok(result);
    return result;
  };
  return { c, admin, custom };
}

// The policy, key and answer of the AWS CLI's example of simulate-custom-policy.
const AFTER_2018 =
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}';
const at = (time: string): iam.ContextEntry[] => [
  { ContextKeyName: 'aws:CurrentTime', ContextKeyValues: [time], ContextKeyType: 'date' },
];

test('the example of AWS’s own documentation', async (t) => {
  const { custom } = await simulator(t);
  const input = { PolicyInputList: [AFTER_2018], ActionNames: ['dynamodb:CreateBackup'] };
  const allowed = await custom({ ...input, ContextEntries: at('2019-04-25T11:00:00Z') });
  assert.deepEqual(allowed, {
    EvalActionName: 'dynamodb:CreateBackup',
    EvalResourceName: '*',
    EvalDecision: 'allowed',
    MatchedStatements: [
      {
        SourcePolicyId: 'PolicyInputList.1',
        SourcePolicyType: 'IAM Policy',
        StartPosition: { Line: 1, Column: 38 },
        EndPosition: { Line: 1, Column: 167 },
      },
    ],
    MissingContextValues: [],
  });
  const early = await custom({ ...input, ContextEntries: at('2014-04-25T11:00:00Z') });
  assert.deepEqual([early.EvalDecision, early.MatchedStatements], ['implicitDeny', []]);
  const unknown = await custom(input);
  assert.deepEqual([unknown.EvalDecision, unknown.MissingContextValues], ['implicitDeny', ['aws:CurrentTime']]);
});

test('one result an action, as strict as its strictest resource', async (t) => {
  const { custom } = await simulator(t);
  const secret = statement('Deny', 's3:*', 'arn:aws:s3:::pail/secret');
  const PolicyInputList = [
    document(statement('Allow', 's3:Get*', 'arn:aws:s3:::pail/*'), secret),
    allow('s3:GetObject', 'arn:aws:s3:::pail/${aws:username}/*', {
      Condition: { Bool: { 'aws:SecureTransport': 'true' } },
    }),
  ];
  const ResourceArns = [BUCKET, 'arn:aws:s3:::pail/secret', 'arn:aws:s3:::other/file'];
  const result = await custom({ PolicyInputList, ResourceArns });
  assert.equal(result.EvalDecision, 'explicitDeny');
  const by = result.ResourceSpecificResults ?? [];
  assert.deepEqual(
    by.map((each) => [each.EvalResourceName, each.EvalResourceDecision, each.MatchedStatements?.length]),
    [
      [BUCKET, 'allowed', 1],
      ['arn:aws:s3:::pail/secret', 'explicitDeny', 1],
      ['arn:aws:s3:::other/file', 'implicitDeny', 0],
    ],
  );
  assert.deepEqual(by[1]?.MatchedStatements, result.MatchedStatements);
  // The second policy might speak of a file of the user's, whoever that is.
  assert.deepEqual(by[0]?.MissingContextValues, []);
  const own = await custom({ PolicyInputList, ResourceArns: ['arn:aws:s3:::pail/bob/file'] });
  assert.deepEqual(own.MissingContextValues, ['aws:username', 'aws:SecureTransport']);
  assert.deepEqual(own.EvalDecisionDetails, {});
  assert.equal((await custom({})).EvalDecisionDetails, undefined);
});

test('boundaries, service control policies and keys of every type', async (t) => {
  const { custom } = await simulator(t);
  const bounded = await custom({ PermissionsBoundaryPolicyInputList: [allow('sqs:*')] });
  assert.equal(bounded.EvalDecision, 'implicitDeny');
  assert.deepEqual(bounded.PermissionsBoundaryDecisionDetail, { AllowedByPermissionsBoundary: false });
  const within = await custom({ PermissionsBoundaryPolicyInputList: [allow('*')] });
  assert.deepEqual(
    [within.EvalDecision, within.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary],
    ['allowed', true],
  );
  const level = (...ServiceControlPolicyInputList: string[]) => ({ ServiceControlPolicyInputList });
  const everything = level(allow('*'));
  const organised = await custom({ OrderedOrganizationPolicyInputList: [everything, level(allow('sqs:*'))] });
  assert.deepEqual(
    [organised.EvalDecision, organised.OrganizationsDecisionDetail],
    ['implicitDeny', { AllowedByOrganizations: false }],
  );
  const denied = document(statement('Allow', '*'), statement('Deny', 's3:*'));
  const refused = await custom({ OrderedOrganizationPolicyInputList: [everything, level(denied)] });
  // No statement of a service control policy is named.
  assert.deepEqual([refused.EvalDecision, refused.MatchedStatements], ['explicitDeny', []]);
  const free = await custom({ OrderedOrganizationPolicyInputList: [everything] });
  assert.deepEqual(free.OrganizationsDecisionDetail, { AllowedByOrganizations: true });

  const types: readonly [iam.ContextKeyTypeEnum, string[], object, string][] = [
    ['string', ['a'], { StringEquals: { 'test:key': 'a' } }, 'allowed'],
    ['stringList', ['a', 'b'], { 'ForAnyValue:StringEquals': { 'test:key': 'b' } }, 'allowed'],
    ['stringList', ['a', 'b'], { 'ForAllValues:StringEquals': { 'test:key': 'b' } }, 'implicitDeny'],
    ['numeric', ['5'], { NumericLessThan: { 'test:key': '10' } }, 'allowed'],
    ['numericList', ['5', '50'], { 'ForAllValues:NumericLessThan': { 'test:key': '10' } }, 'implicitDeny'],
    ['boolean', ['true'], { Bool: { 'test:key': 'true' } }, 'allowed'],
    ['booleanList', ['true', 'false'], { 'ForAllValues:Bool': { 'test:key': 'true' } }, 'implicitDeny'],
    ['ip', ['192.0.2.7'], { IpAddress: { 'test:key': '192.0.2.0/24' } }, 'allowed'],
    ['ipList', ['192.0.2.7', '::1'], { 'ForAnyValue:IpAddress': { 'test:key': '::/64' } }, 'allowed'],
    ['binary', ['Ym9i'], { BinaryEquals: { 'test:key': 'Ym9i' } }, 'allowed'],
    ['binaryList', ['Ym9i', 'YWJj'], { 'ForAnyValue:BinaryEquals': { 'test:key': 'YWJj' } }, 'allowed'],
    ['date', ['2020-01-01'], { DateLessThan: { 'test:key': '2019-01-01' } }, 'implicitDeny'],
    ['dateList', ['2018-01-01', '2020-01-01'], { 'ForAnyValue:DateLessThan': { 'test:key': '2019-01-01' } }, 'allowed'],
  ];
  for (const [ContextKeyType, ContextKeyValues, Condition, expected] of types) {
    const ContextEntries = [{ ContextKeyName: 'Test:Key', ContextKeyValues, ContextKeyType }];
    const result = await custom({ PolicyInputList: [allow('s3:*', '*', { Condition })], ContextEntries });
    assert.equal(result.EvalDecision, expected, ContextKeyType);
    assert.deepEqual(result.MissingContextValues, []);
  }
});

test('a resource’s policy, within an account and across', async (t) => {
  const { custom } = await simulator(t);
  const ResourcePolicy = document({ ...statement('Allow', 's3:*', 'arn:aws:s3:::pail/*'), Principal: { AWS: BOB } });
  const input = { PolicyInputList: [allow('sqs:*')], ResourceArns: [BUCKET], ResourcePolicy, CallerArn: BOB };
  const own = await custom(input);
  assert.deepEqual([own.EvalDecision, own.EvalDecisionDetails], ['allowed', {}]);
  assert.deepEqual(
    own.MatchedStatements?.map((each) => [each.SourcePolicyId, each.SourcePolicyType]),
    [['ResourcePolicy', 'Resource Policy']],
  );
  const across = { ...input, ResourceOwner: 'arn:aws:iam::444455556666:root' };
  const foreign = await custom(across);
  assert.deepEqual(
    [foreign.EvalDecision, foreign.EvalDecisionDetails],
    ['implicitDeny', { 'IAM Policy': 'implicitDeny', 'Resource Policy': 'allowed' }],
  );
  assert.deepEqual(foreign.ResourceSpecificResults?.[0]?.EvalDecisionDetails, foreign.EvalDecisionDetails);
  assert.equal((await custom({ ...across, PolicyInputList: [allow('s3:*')] })).EvalDecision, 'allowed');
  // The ARN of a service's resource names its account.
  const queue = await custom({
    ...input,
    ResourceArns: ['arn:aws:sqs:us-east-1:444455556666:q'],
    ResourcePolicy: undefined,
  });
  assert.deepEqual(queue.EvalDecisionDetails, { 'IAM Policy': 'implicitDeny', 'Resource Policy': 'implicitDeny' });
});

test('what a user, a group and a role may do, by their own policies', async (t) => {
  const { c, admin } = await simulator(t);
  const { credentials } = await newUser(c, 'bob');
  await admin.send(new iam.CreateGroupCommand({ GroupName: 'readers' }));
  await admin.send(new iam.AddUserToGroupCommand({ GroupName: 'readers', UserName: 'bob' }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess';
  await admin.send(new iam.AttachGroupPolicyCommand({ GroupName: 'readers', PolicyArn }));
  const own = { UserName: 'bob', PolicyName: 'own', PolicyDocument: allow('sqs:SendMessage') };
  await admin.send(new iam.PutUserPolicyCommand(own));
  const user = `arn:aws:iam::${c.account}:user/bob`;
  const decisions = async (input: Partial<iam.SimulatePrincipalPolicyCommandInput>) => {
    const whole = { PolicySourceArn: user, ActionNames: ['sqs:SendMessage', 'sqs:ListQueues'], ...input };
    const { EvaluationResults = [] } = await admin.send(new iam.SimulatePrincipalPolicyCommand(whole));
    return EvaluationResults.map((each) => [each.EvalDecision, each.MatchedStatements?.[0]?.SourcePolicyId]);
  };
  assert.deepEqual(await decisions({}), [
    ['allowed', 'own'],
    ['allowed', 'AmazonSQSReadOnlyAccess'],
  ]);
  const group = `arn:aws:iam::${c.account}:group/readers`;
  assert.deepEqual(await decisions({ PolicySourceArn: group }), [
    ['implicitDeny', undefined],
    ['allowed', 'AmazonSQSReadOnlyAccess'],
  ]);
  const without = async (...PolicyExclusionList: iam.PolicyIdentifier[]) =>
    (await decisions({ PolicyExclusionList })).map(([decision]) => decision);
  const inline = { PolicyName: 'own', AttachmentType: 'user', AttachmentName: 'b*' } as const;
  assert.deepEqual(await without({ InlinePolicyIdentifier: inline }), ['implicitDeny', 'allowed']);
  assert.deepEqual(await without({ PolicyType: 'inline' }), ['implicitDeny', 'allowed']);
  assert.deepEqual(await without({ PolicyType: 'aws-managed' }), ['allowed', 'implicitDeny']);
  assert.deepEqual(await without({ PolicyArn: 'arn:aws:iam::aws:policy/AmazonSQS*' }), ['allowed', 'implicitDeny']);
  assert.deepEqual(await without({ PolicyArn: 'arn:aws:iam::aws:policy/AmazonSNS*' }), ['allowed', 'allowed']);
  await assert.rejects(without({ PolicyArn: 'arn:aws:iam::aws:policy/A*S*' }), invalid(/not valid/));

  await admin.send(new iam.PutUserPermissionsBoundaryCommand({ UserName: 'bob', PermissionsBoundary: PolicyArn }));
  assert.deepEqual(await without(), ['implicitDeny', 'allowed']);
  assert.deepEqual(await without({ PolicyType: 'permission-boundary' }), ['allowed', 'allowed']);
  const opened = await decisions({ PermissionsBoundaryPolicyInputList: [allow('*')] });
  assert.deepEqual(opened[0], ['allowed', 'own']);

  const trust = document({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
  const role = { RoleName: 'worker', Path: '/team/', AssumeRolePolicyDocument: trust };
  const { Role } = await admin.send(new iam.CreateRoleCommand(role));
  const worker = await decisions({ PolicySourceArn: Role?.Arn ?? '', PolicyInputList: [allow('sqs:*')] });
  assert.deepEqual(worker[0], ['allowed', 'PolicyInputList.1']);

  // It tells of others' rights, so it needs a right of its own.
  const himself = c.client(iam.IAMClient, { credentials });
  const asked = himself.send(
    new iam.SimulatePrincipalPolicyCommand({ PolicySourceArn: user, ActionNames: ['s3:Get'] }),
  );
  await assert.rejects(asked, failing('AccessDenied', /iam:SimulatePrincipalPolicy on resource: .*user\/bob/));
});

test('results come in pages, and name the form of the ARN', async (t) => {
  const { admin, custom } = await simulator(t);
  const ActionNames = ['s3:GetObject', 's3:PutObject', 's3:ListBucket'];
  const input = { PolicyInputList: [allow('s3:*')], ActionNames };
  const names: (string | undefined)[] = [];
  for await (const page of iam.paginateSimulateCustomPolicy({ client: admin, pageSize: 2 }, input)) {
    assert.ok((page.EvaluationResults?.length ?? 0) <= 2);
    names.push(...(page.EvaluationResults ?? []).map((each) => each.EvalActionName));
  }
  assert.deepEqual(names, ActionNames);
  const queue = await custom({
    ActionNames: ['sqs:SendMessage'],
    ResourceArns: ['arn:aws:sqs:us-east-1:111122223333:q'],
  });
  assert.equal(queue.EvalResourceName, 'arn:${Partition}:sqs:${Region}:${Account}:${QueueName}');
});

test('the keys that policies ask for', async (t) => {
  const { c, admin } = await simulator(t);
  // Of the AWS CLI's example.
  const policy = allow('dynamodb:*', 'arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}', {
    Condition: { DateGreaterThan: { 'aws:CurrentTime': '2015-08-16T12:00:00Z' } },
  });
  const other = allow('s3:*', '*', { Condition: { StringEquals: { 'AWS:UserName': '${aws:PrincipalTag/team}' } } });
  const PolicyInputList = [policy, other];
  const custom = await admin.send(new iam.GetContextKeysForCustomPolicyCommand({ PolicyInputList }));
  assert.deepEqual(custom.ContextKeyNames, ['aws:username', 'aws:CurrentTime', 'aws:PrincipalTag/team']);
  await newUser(c, 'bob');
  const PolicyDocument = allow('s3:*', '*', { Condition: { Null: { 's3:prefix': 'true' } } });
  await admin.send(new iam.PutUserPolicyCommand({ UserName: 'bob', PolicyName: 'own', PolicyDocument }));
  const PolicySourceArn = `arn:aws:iam::${c.account}:user/bob`;
  const whole = { PolicySourceArn, PolicyInputList: [other] };
  const { ContextKeyNames } = await admin.send(new iam.GetContextKeysForPrincipalPolicyCommand(whole));
  assert.deepEqual(ContextKeyNames, ['s3:prefix', 'aws:PrincipalTag/team', 'AWS:UserName']);
  const bad = { PolicyInputList: ['{}'] };
  await assert.rejects(admin.send(new iam.GetContextKeysForCustomPolicyCommand(bad)), invalid(/Syntax/));
  const nobody = { PolicySourceArn: `${PolicySourceArn}by` };
  const missing = admin.send(new iam.GetContextKeysForPrincipalPolicyCommand(nobody));
  await assert.rejects(missing, failing('NoSuchEntityException', /bobby/));
});

const NOT_A_USER = /^Invalid caller - Caller must be an IAM user in this context\.$/;

test('what can’t be simulated', async (t) => {
  const { c, admin, custom } = await simulator(t);
  const ResourcePolicy = document({ ...statement('Allow', 's3:*', BUCKET), Principal: '*' });
  const pails = Array.from({ length: 1200 }, (_, at) => `arn:aws:s3:::pail-${at}/*`);
  const wide = document({ Effect: 'Allow', Action: 's3:*', Resource: pails });
  const cases: readonly [Partial<iam.SimulateCustomPolicyCommandInput>, RegExp][] = [
    [{ PolicyInputList: ['{"Version":'] }, /Syntax errors/],
    [{ ActionNames: ['s3:Get*'] }, /action name/],
    [{ ActionNames: ['GetObject'] }, /action name/],
    [{ ResourceArns: ['pail'] }, /resource ARN/],
    [{ PolicyInputList: [wide], ResourceArns: Array.from({ length: 1000 }, () => BUCKET) }, /too many/],
    [{ ResourceArns: Array.from({ length: 1001 }, () => '*') }, /At most 1000 resources/],
    [{ CallerArn: 'arn:aws:sts::111122223333:assumed-role/a/b' }, /does not clearly define entity type and name/],
    [{ ResourcePolicy, ResourceArns: [BUCKET] }, /CallerArn/],
    [{ CallerArn: 'arn:aws:iam::111122223333:role/bob' }, NOT_A_USER],
    [{ ResourcePolicy, ResourceArns: [BUCKET, 'arn:aws:s3:::other'], CallerArn: BOB }, /not applicable to .*other/],
    [{ ResourceOwner: 'somebody' }, /owner/],
    [{ PermissionsBoundaryPolicyInputList: [allow('*'), allow('*')] }, /one permissions boundary/],
    [{ ResourceHandlingOption: 'EC2-Classic' }, /handling option/],
    [{ ResourceHandlingOption: 'EC2-VPC-EBS', ResourceArns: ['arn:aws:ec2:us-east-1::image/i'] }, /type instance/],
    [{ ContextEntries: at('soon') }, /date value: soon/],
  ];
  for (const [input, message] of cases) await assert.rejects(custom(input), invalid(message), String(message));
  const launch = ['instance/i', 'image/i', 'security-group/s', 'network-interface/n', 'volume/v'];
  const ResourceArns = launch.map((resource) => `arn:aws:ec2:us-east-1:111122223333:${resource}`);
  assert.equal((await custom({ ResourceHandlingOption: 'EC2-VPC-EBS', ResourceArns })).EvalDecision, 'implicitDeny');

  const nobody = { PolicySourceArn: `arn:aws:iam::${c.account}:role/nobody`, ActionNames: ['s3:GetObject'] };
  const missing = admin.send(new iam.SimulatePrincipalPolicyCommand(nobody));
  await assert.rejects(missing, failing('NoSuchEntityException', /The role with name nobody cannot be found/));
  const elsewhere = { ...nobody, PolicySourceArn: 'arn:aws:iam::111122223333:role/nobody' };
  await assert.rejects(
    admin.send(new iam.SimulatePrincipalPolicyCommand(elsewhere)),
    invalid(
      /^Invalid Policy Source Arn: caller's account \d+ does not have access to policies in account 111122223333$/,
    ),
  );
  const trust = document({ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' });
  await admin.send(new iam.CreateRoleCommand({ RoleName: 'nobody', AssumeRolePolicyDocument: trust }));
  const ofRole = { ...nobody, ResourcePolicy, ResourceArns: [BUCKET] };
  await assert.rejects(admin.send(new iam.SimulatePrincipalPolicyCommand(ofRole)), invalid(NOT_A_USER));
  assert.equal((await admin.send(new iam.SimulatePrincipalPolicyCommand(nobody))).EvaluationResults?.length, 1);
  const root = { ...nobody, PolicySourceArn: `arn:aws:iam::${c.account}:root` };
  await assert.rejects(admin.send(new iam.SimulatePrincipalPolicyCommand(root)), invalid(/does not clearly define/));
  const both = { ...nobody, PolicyExclusionList: [{ PolicyType: 'inline', PolicyArn: 'arn:aws:iam::aws:policy/A' }] };
  await newUser(c, 'bob');
  const input = { ...both, PolicySourceArn: `arn:aws:iam::${c.account}:user/bob` };
  // The SDK's type allows one of a union's members; the wire does not know.
  const twice = admin.send(new iam.SimulatePrincipalPolicyCommand(input as iam.SimulatePrincipalPolicyCommandInput));
  await assert.rejects(twice, (error) => error instanceof Error);
});

test('whatever is simulated, others need not wait for long', async (t) => {
  const { admin } = await simulator(t);
  const ResourceArns = Array.from({ length: 1000 }, (_, n) => `arn:aws:s3:::${String(n).padStart(1900, 'x')}`);
  const ActionNames = Array.from({ length: 100 }, (_, n) => `s3:Action${n}`);
  const values = Array.from({ length: 8000 }, (_, n) => `*${n}?*`);
  const short = ResourceArns.map((_, n) => `arn:aws:s3:::${n}`);
  const wide = 'x'.repeat(20_000);
  const cases: Partial<iam.SimulateCustomPolicyCommandInput>[] = [
    // Conditions of many values, and values of many characters.
    {
      PolicyInputList: [allow('s3:*', '*', { Condition: { StringLike: { 'aws:UserAgent': values } } })],
      ResourceArns: short,
      ContextEntries: [{ ContextKeyName: 'aws:UserAgent', ContextKeyType: 'string', ContextKeyValues: [wide] }],
    },
    // A pattern that is long itself.
    { PolicyInputList: [allow('s3:*', `arn:aws:s3:::*${'?x'.repeat(40_000)}*`)], ResourceArns },
    // Statements that are found a thousand times in a long text.
    {
      PolicyInputList: [
        document(...Array.from({ length: 240 }, () => statement('Allow', 's3:*'))).replace(
          '{',
          `{${' '.repeat(100_000)}`,
        ),
      ],
      ResourceArns: short,
    },
  ];
  for (const [at, input] of cases.entries()) {
    const begun = performance.now();
    const whole = { PolicyInputList: [], ActionNames, ...input };
    const answer = admin.send(new iam.SimulateCustomPolicyCommand(whole));
    await answer.catch(invalid(/too many/));
    assert.ok(performance.now() - begun < 5000, `case ${at} took ${performance.now() - begun} ms`);
  }
});
