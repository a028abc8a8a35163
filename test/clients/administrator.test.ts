/**
 * What an administrator does, by AWS's command line alone: people and roles with boundaries, federation, MFA, a guarded key, who did
 * what, and what the reports and the simulation say of it. Each step looks at what then really happens.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import {
  type Client,
  type CommandLine,
  commandLine,
  policyOf,
  type Texts,
  testClients,
} from '#test/clients/command-line.ts';
import { codesOf, ENFORCE_MFA } from '#test/sdk/authenticator.ts';
import { signingKey, tokenIssuer } from '#test/token-issuer.ts';
import { until } from '#test/until.ts';

const EXPLICIT = /AccessDenied.*with an explicit deny in an identity-based policy/;
const NO_POLICY = /AccessDenied.*because no identity-based policy allows the \S+ action/;
const BOUNDARY = /AccessDenied.*because no permissions boundary allows the \S+ action/;

interface Made {
  readonly Policy?: Texts;
  readonly Role?: Texts;
  readonly Credentials?: Texts;
}

const allow = (Action: string | string[], Resource: string | string[] = '*') => ({ Effect: 'Allow', Action, Resource });

async function newPolicy({ cli }: CommandLine, name: string, ...statements: object[]): Promise<string> {
  const create = `iam create-policy --policy-name ${name} --policy-document ${policyOf(...statements)}`;
  return (await cli<Made>(create)).Policy?.['Arn'] ?? '';
}

async function newRole({ cli }: CommandLine, name: string, trust: object, ...options: string[]): Promise<string> {
  const document = policyOf({ Effect: 'Allow', Action: 'sts:AssumeRole', ...trust });
  const create = ['iam', 'create-role', '--role-name', name, '--assume-role-policy-document', document, ...options];
  return (await cli<Made>(create)).Role?.['Arn'] ?? '';
}

async function manageAccount(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, newUser, session } = line;
  const team = `arn:aws:sqs:us-east-1:${c.account}:team-*`;
  const queues = await newPolicy(line, 'queues', allow('sqs:*', team));
  const boundary = await newPolicy(line, 'boundary', allow(['sqs:CreateQueue', 'sqs:GetQueueUrl']));
  await cli('iam create-group --group-name developers --path /team/');
  await cli(`iam attach-group-policy --group-name developers --policy-arn ${queues}`);
  await newUser('ann', '--permissions-boundary', boundary, '--tags', 'Key=team,Value=blue');
  await newUser('bob');
  assert.match(await refused('sqs create-queue --queue-name team-a', 'ann'), NO_POLICY);
  await cli('iam add-user-to-group --group-name developers --user-name ann');
  const { QueueUrl: url } = await cli('sqs create-queue --queue-name team-a', { as: 'ann' });
  assert.match(await refused('sqs create-queue --queue-name other', 'ann'), NO_POLICY);
  assert.match(await refused(`sqs delete-queue --queue-url ${url}`, 'ann'), BOUNDARY);

  // A role that one of them may take, and that can do what the boundary leaves of its policy.
  const trusted = { Principal: { AWS: `arn:aws:iam::${c.account}:user/ann` } };
  const role = await newRole(line, 'deployer', trusted, '--permissions-boundary', boundary);
  await cli(`iam put-role-policy --role-name deployer --policy-name all --policy-document ${policyOf(allow('sqs:*'))}`);
  const assume = `sts assume-role --role-arn ${role} --role-session-name release`;
  assert.match(await refused(assume, 'bob'), /AccessDenied.*sts:AssumeRole/);
  session('deployer', (await cli<Made>(assume, { as: 'ann' })).Credentials);
  const { Arn } = await cli('sts get-caller-identity', { as: 'deployer' });
  assert.equal(Arn, `arn:aws:sts::${c.account}:assumed-role/deployer/release`);
  await cli('sqs create-queue --queue-name other', { as: 'deployer' });
  assert.match(await refused(`sqs delete-queue --queue-url ${url}`, 'deployer'), BOUNDARY);
  await cli('iam delete-role-permissions-boundary --role-name deployer');
  await cli(`sqs delete-queue --queue-url ${url}`, { as: 'deployer' });

  // Versions are in force from the next request on, and so is taking them back.
  const stricter = policyOf({ Effect: 'Deny', Action: 'sqs:CreateQueue', Resource: '*' });
  await cli(`iam create-policy-version --policy-arn ${queues} --set-as-default --policy-document ${stricter}`);
  assert.match(await refused('sqs create-queue --queue-name team-b', 'ann'), EXPLICIT);
  await cli(`iam set-default-policy-version --policy-arn ${queues} --version-id v1`);
  await cli('sqs create-queue --queue-name team-b', { as: 'ann' });

  // What is in use is not deleted; who is deleted is nobody.
  assert.match(await refused('iam delete-user --user-name ann', 'admin'), /DeleteConflict/);
  const { AccessKeyMetadata: keys } = await cli<{ AccessKeyMetadata: Texts[] }>('iam list-access-keys --user-name ann');
  await cli(`iam delete-access-key --user-name ann --access-key-id ${keys[0]?.['AccessKeyId']}`);
  assert.match(await refused('sts get-caller-identity', 'ann'), /InvalidClientTokenId/);
  await cli('iam remove-user-from-group --group-name developers --user-name ann');
  await cli('iam delete-user --user-name ann');
  assert.match(await refused('iam get-user --user-name ann', 'admin'), /NoSuchEntity/);
}

async function federate(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, session, file } = line;
  const issuer = await tokenIssuer(t, () => c.clock.now());
  const key = signingKey('1', 'ES256');
  issuer.shown = [key];
  // Without a thumbprint IAM asks the issuer for its certificate. Version 2.9 insists on one.
  const thumbprint = client.version[0] === 1 ? '' : ` --thumbprint-list ${issuer.thumbprint}`;
  const { OpenIDConnectProviderArn: provider } = await cli(
    `iam create-open-id-connect-provider --url ${issuer.url} --client-id-list client${thumbprint}`,
  );
  const name = `localhost:${issuer.port}`;
  const role = await newRole(line, 'guest', {
    Action: 'sts:AssumeRoleWithWebIdentity',
    Principal: { Federated: provider },
    Condition: { StringEquals: { [`${name}:sub`]: 'ann', [`${name}:aud`]: 'client' } },
  });
  await cli('iam attach-role-policy --role-name guest --policy-arn arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess');
  const assume = async (token: Promise<string>): Promise<string> => {
    const path = file('token', await token);
    return `sts assume-role-with-web-identity --role-arn ${role} --role-session-name ann --web-identity-token file://${path} --no-sign-request`;
  };
  const made = await cli<Made & Texts>(await assume(issuer.token(key)));
  assert.deepEqual([made['SubjectFromWebIdentityToken'], made['Provider']], ['ann', provider]);
  session('guest', made.Credentials);
  const { Arn } = await cli('sts get-caller-identity', { as: 'guest' });
  assert.equal(Arn, `arn:aws:sts::${c.account}:assumed-role/guest/ann`);
  await cli('sqs list-queues', { as: 'guest' });
  assert.match(await refused('sqs create-queue --queue-name orders', 'guest'), NO_POLICY);

  const strangers = [
    [{ sub: 'eve' }, /AccessDenied.*sts:AssumeRoleWithWebIdentity/],
    [{ aud: 'another' }, /InvalidIdentityToken.*Incorrect token audience/],
    [{ iss: 'https://elsewhere.example' }, /InvalidIdentityToken.*No OpenIDConnect provider found/],
    [{ exp: Math.floor(c.clock.now() / 1000) - 1 }, /ExpiredTokenException/],
  ] as const;
  for (const [claims, said] of strangers) {
    assert.match(await refused(await assume(issuer.token(key, claims)), 'admin'), said);
  }
  const forged = issuer.token(signingKey('1', 'ES256'));
  assert.match(await refused(await assume(forged), 'admin'), /InvalidIdentityToken/);
}

async function enforceMfa(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, newUser, session, file, read } = line;
  await newUser('ann');
  const statements = [...ENFORCE_MFA, allow('sqs:*')];
  const enforce = await newPolicy(line, 'enforce-mfa', ...statements);
  await cli(`iam attach-user-policy --user-name ann --policy-arn ${enforce}`);
  assert.match(await refused('sqs list-queues', 'ann'), EXPLICIT);
  assert.match(await refused('iam list-access-keys', 'ann'), EXPLICIT);

  // The user sets the device up alone.
  const { VirtualMFADevice: device } = await cli<{ VirtualMFADevice?: Texts }>(
    `iam create-virtual-mfa-device --virtual-mfa-device-name ann --bootstrap-method Base32StringSeed --outfile ${file('seed')}`,
    { as: 'ann' },
  );
  const serial = device?.['SerialNumber'];
  const code = codesOf(c, read('seed'));
  const enable = `iam enable-mfa-device --user-name ann --serial-number ${serial} --authentication-code1`;
  assert.match(
    await refused(`${enable} ${code(-1)} --authentication-code2 ${code(-1)}`, 'ann'),
    /InvalidAuthenticationCode/,
  );
  await cli(`${enable} ${code(-1)} --authentication-code2 ${code()}`, { as: 'ann' });
  assert.match(await refused('sqs list-queues', 'ann'), EXPLICIT, 'a device alone is no MFA');

  c.advance(seconds(60));
  const get = `sts get-session-token --serial-number ${serial} --token-code`;
  assert.match(await refused(`${get} 000000`, 'ann'), /AccessDenied.*invalid MFA one time pass code/);
  const used = code();
  session('strong', (await cli<Made>(`${get} ${used}`, { as: 'ann' })).Credentials);
  session('plain', (await cli<Made>('sts get-session-token', { as: 'ann' })).Credentials);
  assert.match(await refused(`${get} ${used}`, 'ann'), /AccessDenied.*invalid MFA one time pass code/);
  await cli('sqs list-queues', { as: 'strong' });
  await cli('iam list-access-keys', { as: 'strong' });
  assert.match(await refused('sqs list-queues', 'plain'), EXPLICIT, 'a session without a code');
}

async function guardKey(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, newUser, file } = line;
  const arn = (name: string): string => `arn:aws:iam::${c.account}:user/${name}`;
  for (const name of ['ann', 'bob']) await newUser(name);
  await cli('iam attach-user-policy --user-name bob --policy-arn arn:aws:iam::aws:policy/AdministratorAccess');
  const guard = (...names: string[]): string =>
    policyOf(
      {
        Principal: { AWS: arn('administrator') },
        ...allow(['kms:PutKeyPolicy', 'kms:DescribeKey', 'kms:ScheduleKeyDeletion', 'kms:CreateGrant']),
      },
      { Principal: { AWS: names.map(arn) }, ...allow(['kms:Encrypt', 'kms:Decrypt']) },
    );
  const { KeyMetadata: key } = await cli<{ KeyMetadata?: Texts }>(`kms create-key --policy ${guard('ann')}`);
  const id = key?.['KeyId'];
  const plain = file('order.txt', 'secret');
  const context = '--encryption-context tenant=blue';
  const { CiphertextBlob: blob } = await cli(`kms encrypt --key-id ${id} --plaintext fileb://${plain} ${context}`, {
    as: 'ann',
  });
  const sealed = file('order.enc', Buffer.from(blob ?? '', 'base64'));
  const decrypt = `kms decrypt --ciphertext-blob fileb://${sealed}`;
  const opens = async (as: string): Promise<void> => {
    assert.equal((await cli(`${decrypt} ${context}`, { as }))['Plaintext'], Buffer.from('secret').toString('base64'));
  };
  await opens('ann');
  assert.match(await refused(`${decrypt} --encryption-context tenant=red`, 'ann'), /InvalidCiphertextException/);
  // The key's policy leaves the decision to no policy of IAM: not even an administrator's counts.
  for (const as of ['bob', 'admin']) {
    assert.match(await refused(`${decrypt} ${context}`, as), /AccessDenied.*no resource-based policy allows/, as);
  }
  const grant = `kms create-grant --key-id ${id} --grantee-principal ${arn('bob')} --operations Decrypt`;
  const constrained = JSON.stringify({ EncryptionContextEquals: { tenant: 'red' } });
  await cli(`${grant} --constraints ${constrained}`);
  assert.match(await refused(`${decrypt} ${context}`, 'bob'), /AccessDenied/, 'a grant for another tenant');
  await cli(`kms put-key-policy --key-id ${id} --policy-name default --policy ${guard('ann', 'bob')}`);
  await opens('bob');
  await cli(`kms put-key-policy --key-id ${id} --policy-name default --policy ${guard('bob')}`);
  assert.match(await refused(`${decrypt} ${context}`, 'ann'), /AccessDenied/);
  await cli(`kms schedule-key-deletion --key-id ${id} --pending-window-in-days 7`);
  assert.match(await refused(`${decrypt} ${context}`, 'bob'), /KMSInvalidStateException.*pending deletion/);
}

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
  const own = policyOf(allow(['sqs:CreateQueue', 'iam:ListUsers'], '*'), {
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

testClients('users, groups and roles, with policies and boundaries', manageAccount);
testClients('people of a local OpenID Connect issuer come into a role', federate);
testClients('MFA is enforced', enforceMfa);
testClients('a key that its policy guards', guardKey);
testClients('who did what, and the reports on it', readReports);
testClients('a simulation agrees with what happens', simulate);
