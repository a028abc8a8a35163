/**
 * What an auditor does, by AWS's command line alone: who did what, the credential report, the access advisor, and simulations, held
 * against what really happens.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  allow,
  type Client,
  type CommandLine,
  commandLine,
  newPolicy,
  type Texts,
  testClients,
} from '#test/clients/command-line.ts';
import { document } from '#test/policy-document.ts';
import { until } from '#test/until.ts';

interface Event extends Texts {
  readonly CloudTrailEvent: string;
}

/** The events of a look-up, the newest first, with what each record says. */
async function eventsOf({ cli }: CommandLine, key: string, value: string) {
  const { Events } = await cli<{ Events: Event[] }>(
    `cloudtrail lookup-events --lookup-attributes AttributeKey=${key},AttributeValue=${value}`,
  );
  return Events.map((event) => ({ name: event['EventName'], record: JSON.parse(event.CloudTrailEvent) }));
}

async function readReports(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, newUser } = line;
  const before = (await cli<{ SummaryMap: Record<string, number> }>('iam get-account-summary')).SummaryMap;
  await newUser('ann');
  await newUser('eve');
  await cli('iam attach-user-policy --user-name ann --policy-arn arn:aws:iam::aws:policy/AmazonSQSFullAccess');
  await cli('iam create-login-profile --user-name ann --password Correct-Horse-1');
  await cli('sqs create-queue --queue-name orders', { as: 'ann' });
  await refused('sqs create-queue --queue-name stolen', 'eve');

  const did = await eventsOf(line, 'Username', 'ann');
  assert.deepEqual(
    did.map(({ name, record }) => [name, record.requestParameters.queueName, record.errorCode]),
    [['CreateQueue', 'orders', undefined]],
  );
  const [refusal] = await eventsOf(line, 'Username', 'eve');
  assert.deepEqual([refusal?.name, refusal?.record.errorCode], ['CreateQueue', 'AccessDenied']);
  assert.match(refusal?.record.errorMessage, /user\/eve is not authorized to perform: sqs:CreateQueue/);
  assert.equal(refusal?.record.userIdentity.arn, `arn:aws:iam::${c.account}:user/eve`);
  const [password] = await eventsOf(line, 'EventName', 'CreateLoginProfile');
  assert.equal(password?.record.userIdentity.userName, 'administrator');
  assert.equal(JSON.stringify(password).includes('Correct-Horse'), false);
  const made = await eventsOf(line, 'ResourceName', 'ann');
  assert.ok(made.some(({ name }) => name === 'CreateUser'));
  const keyId = did[0]?.record.userIdentity.accessKeyId;
  assert.equal((await eventsOf(line, 'AccessKeyId', keyId)).length, 1);

  await until(async () => (await cli('iam generate-credential-report'))['State'] === 'COMPLETE', 'the report');
  const { Content } = await cli('iam get-credential-report');
  const [heads = [], ...rows] = Buffer.from(Content ?? '', 'base64')
    .toString()
    .trim()
    .split('\n')
    .map((row) => row.split(','));
  const reported = rows.map((row) => Object.fromEntries(row.map((value, at) => [heads[at], value])));
  const columns = ['user', 'password_enabled', 'mfa_active', 'access_key_1_active', 'access_key_1_last_used_service'];
  assert.deepEqual(
    reported.filter(({ user }) => user === 'ann' || user === 'eve').map((row) => columns.map((column) => row[column])),
    [
      ['ann', 'true', 'false', 'true', 'sqs'],
      ['eve', 'false', 'false', 'true', 'sqs'],
    ],
  );

  const { JobId } = await cli(
    `iam generate-service-last-accessed-details --arn arn:aws:iam::${c.account}:user/ann --granularity ACTION_LEVEL`,
  );
  interface Accessed {
    readonly JobStatus: string;
    readonly ServicesLastAccessed: (Texts & { TrackedActionsLastAccessed?: Texts[] })[];
  }
  const get = () => cli<Accessed>(`iam get-service-last-accessed-details --job-id ${JobId}`);
  await until(async () => (await get()).JobStatus === 'COMPLETED', 'the access advisor');
  const [sqs] = (await get()).ServicesLastAccessed.filter((each) => each['ServiceNamespace'] === 'sqs');
  assert.equal(sqs?.['LastAuthenticatedEntity'], `arn:aws:iam::${c.account}:user/ann`);
  const actions = sqs?.TrackedActionsLastAccessed?.filter((each) => each['LastAccessedTime'] !== undefined);
  assert.deepEqual(
    actions?.map((each) => each['ActionName']),
    ['CreateQueue'],
  );

  const { SummaryMap: after } = await cli<{ SummaryMap: Record<string, number> }>('iam get-account-summary');
  assert.equal((after['Users'] ?? 0) - (before['Users'] ?? 0), 2);
}

async function simulate(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, newUser } = line;
  const boundary = await newPolicy(line, 'boundary', allow('sqs:*'));
  await newUser('ann', '--permissions-boundary', boundary);
  const own = document(allow(['sqs:CreateQueue', 'iam:ListUsers'], '*'), {
    Effect: 'Deny',
    Action: 'sqs:*',
    Resource: `arn:aws:sqs:*:*:secret`,
  });
  await cli(`iam put-user-policy --user-name ann --policy-name own --policy-document ${own}`);
  const queue = (name: string): string => `arn:aws:sqs:us-east-1:${c.account}:${name}`;
  const decisions = [
    ['sqs:CreateQueue', queue('open'), 'allowed', 'sqs create-queue --queue-name open'],
    ['sqs:CreateQueue', queue('secret'), 'explicitDeny', 'sqs create-queue --queue-name secret'],
    ['sqs:ListQueues', '*', 'implicitDeny', 'sqs list-queues'],
    ['iam:ListUsers', '*', 'implicitDeny', 'iam list-users'],
  ] as const;
  for (const [action, resource, decision, command] of decisions) {
    const { EvaluationResults } = await cli<{ EvaluationResults: Texts[] }>(
      `iam simulate-principal-policy --policy-source-arn arn:aws:iam::${c.account}:user/ann --action-names ${action} --resource-arns ${resource}`,
    );
    assert.deepEqual(
      EvaluationResults.map((each) => each['EvalDecision']),
      [decision],
      action,
    );
    if (decision === 'allowed') await cli(command, { as: 'ann' });
    else assert.match(await refused(command, 'ann'), /AccessDenied/, command);
  }
}

testClients('who did what, and the reports on it', readReports);
testClients('a simulation agrees with what happens', simulate);
