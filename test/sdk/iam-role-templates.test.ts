import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

const POWER = 'arn:aws:iam::aws:role-template/iam.amazonaws.com/PowerUserRoleTemplate:1';
const STREAM =
  'arn:aws:iam::aws:role-template/streams.metrics.cloudwatch.amazonaws.com/AmazonCloudWatchMetricStreamsFirehosePutRecordsRoleTemplate:1';
const POWER_USER = 'arn:aws:iam::aws:policy/PowerUserAccess';

const given = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { Values: [value] }]));
const forLambda = (RoleName: string) => given({ RoleName, AWSServiceName: 'lambda.amazonaws.com' });

test('a role is made as its template says, once', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const acquire = async (TemplateArn: string, ReplacementValues: Record<string, { Values: string[] }>) =>
    (await admin.send(new iam.AcquireRoleCommand({ TemplateArn, ReplacementValues }))).Role;
  const role = await acquire(POWER, forLambda('worker'));
  assert.equal(role?.Arn, `arn:aws:iam::${c.account}:role/worker`);
  assert.deepEqual(JSON.parse(decodeURIComponent(role?.AssumeRolePolicyDocument ?? '')).Statement[0].Principal, {
    Service: 'lambda.amazonaws.com',
  });
  const { AttachedPolicies } = await admin.send(new iam.ListAttachedRolePoliciesCommand({ RoleName: 'worker' }));
  assert.deepEqual(
    AttachedPolicies?.map((each) => each.PolicyArn),
    [POWER_USER],
  );
  const { Role } = await admin.send(new iam.GetRoleCommand({ RoleName: 'worker' }));
  assert.deepEqual(Role?.SourceRoleTemplate, { TemplateArn: POWER, TemplateMinorVersion: 1 });
  assert.equal((await acquire(POWER, forLambda('worker')))?.RoleId, role?.RoleId);

  const place = { region: 'eu-west-1', accountId: c.account, deliveryStreamName: 'metrics' };
  await acquire(STREAM, given({ RoleName: 'streams', ...place }));
  const PolicyName = 'MetricStreams-FirehosePutRecords';
  const inline = await admin.send(new iam.GetRolePolicyCommand({ RoleName: 'streams', PolicyName }));
  assert.equal(
    JSON.parse(decodeURIComponent(inline.PolicyDocument ?? '')).Statement[0].Resource,
    `arn:aws:firehose:eu-west-1:${c.account}:deliverystream/metrics`,
  );

  const invalid = refusal('InvalidInputException');
  await assert.rejects(acquire(POWER, given({ RoleName: 'x' })), refusal('InvalidInputException', /AWSServiceName/));
  await assert.rejects(acquire(POWER, { ...forLambda('x'), other: { Values: ['1'] } }), invalid);
  await assert.rejects(acquire(POWER, { ...forLambda('x'), RoleName: { Values: ['a', 'b'] } }), invalid);
  await assert.rejects(acquire(POWER, forLambda('no spaces')), invalid);
  const conflict = refusal('NameConflictException');
  await assert.rejects(acquire(POWER, forLambda('streams')), conflict);
  await assert.rejects(acquire(POWER, forLambda('Worker')), conflict);
  const malformed = refusal('MalformedPolicyDocumentException');
  await assert.rejects(acquire(POWER, given({ RoleName: 'x', AWSServiceName: 'not a service' })), malformed);
});

test('a template can be read', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const get = async (TemplateArn: string, MinorVersion?: number) =>
    (await admin.send(new iam.GetRoleTemplateVersionCommand({ TemplateArn, ...(MinorVersion && { MinorVersion }) })))
      .RoleTemplateVersion;
  const power = await get(POWER, 1);
  assert.equal(power?.TemplateName, 'PowerUserRoleTemplate');
  assert.deepEqual(power?.ManagedPolicyArns, [POWER_USER]);
  assert.deepEqual(
    power?.ParametersDefinition?.map((each) => each.Name),
    ['RoleName', 'AWSServiceName'],
  );
  assert.equal((await get(STREAM))?.InlinePolicyTemplates?.length, 1);
  await assert.rejects(get(POWER, 9), refusal('NoSuchEntityException'));
  await assert.rejects(get(POWER.replace(':1', ':2')), refusal('NoSuchEntityException'));
  await assert.rejects(get(`arn:aws:iam::${c.account}:role/worker`), refusal('InvalidInputException'));
});

test('who acquires a role needs the permissions of what is done', async (t) => {
  const c = await cloud(t);
  const ann = await newUser(c, 'ann');
  const as = c.client(iam.IAMClient, { credentials: ann.credentials });
  const acquire = () =>
    as.send(new iam.AcquireRoleCommand({ TemplateArn: POWER, ReplacementValues: forLambda('worker') }));
  const allow = (Action: string, Condition: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', Condition });
  const template = { ArnEquals: { 'iam:RoleTemplateARN': POWER } };
  await assert.rejects(acquire(), refusal('AccessDenied', /iam:CreateRole/));
  await ann.allow(allow('iam:CreateRole', template));
  await assert.rejects(acquire(), refusal('AccessDenied', /iam:AttachRolePolicy/));
  await ann.allow(
    allow('iam:CreateRole', template),
    allow('iam:AttachRolePolicy', { ArnEquals: { 'iam:PolicyARN': POWER_USER } }),
  );
  await acquire();
  await assert.rejects(acquire(), refusal('AccessDenied', /iam:GetRole/));
  await ann.allow(allow('iam:GetRole'));
  await acquire();
});
