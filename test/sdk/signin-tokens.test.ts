/** AWS Sign-In as `aws login` and the SDKs' login provider use it; the browser's step is the signed call that the console makes. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromLoginCredentials } from '@aws-sdk/credential-provider-login';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import { hours, minutes } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newUser, operate } from '#test/sdk/people.ts';
import { sendRaw, unsigned } from '#test/sdk/raw-request.ts';
import {
  ask,
  authorizedCode,
  authorizeQuery,
  type CommandLine,
  CROSS_DEVICE,
  commandLine,
  credentialsOf,
  exchange,
  proofOf,
  refresh,
  tokenRequest,
} from '#test/sdk/sign-in.ts';

const PASSWORD = 'Correct-Horse-1';

/** What AWS's managed policy SignInLocalDevelopmentAccess allows. */
const MAY_LOG_IN = {
  Effect: 'Allow',
  Action: ['signin:AuthorizeOAuth2Access', 'signin:CreateOAuth2Token'],
  Resource: 'arn:aws:signin:*:*:oauth2/public-client/*',
};

/** A user who may use a command line, signed in at the console. */
async function person(c: TestCloud, UserName = 'ann') {
  const user = await newUser(c, UserName);
  const PolicyArn = 'arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess';
  await c.client(iam.IAMClient).send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
  await c.client(iam.IAMClient).send(new iam.CreateLoginProfileCommand({ UserName, Password: PASSWORD }));
  const entered = await ask(c, 'SignIn', { Account: c.account, UserName, Password: PASSWORD });
  return { ...user, arn: `arn:aws:iam::${c.account}:user/${UserName}`, session: credentialsOf(entered) };
}

const who = async (c: TestCloud, credentials: Credentials) =>
  (await c.client(STSClient, { credentials }).send(new GetCallerIdentityCommand({}))).Arn;

const refused = (name: string, code: string) => (error: Error & { error?: string }) =>
  error.name === name && error.error === code;
const denied = (code: string) => refused('AccessDeniedException', code);
const invalid = refused('ValidationException', 'INVALID_REQUEST');

const claimsOf = (token = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

test('a command line on the same machine, and one on another, log in and stay in for as long as the console', async (t) => {
  const c = await cloud(t);
  const ann = await person(c);
  for (const clientId of [commandLine(c).clientId, CROSS_DEVICE]) {
    const cli = commandLine(c, clientId);
    const first = await exchange(c, cli, await authorizedCode(c, cli, ann.session));
    assert.equal(first.expiresIn, 900);
    assert.match(first.refreshToken, /^ASOR[A-Za-z0-9_-]+$/);
    const claims = claimsOf(first.idToken);
    assert.deepEqual([claims['sub'], claims['aud']], [ann.arn, clientId]);
    assert.equal(await who(c, first.credentials), ann.arn);
    c.advance(minutes(14));
    const second = await refresh(c, cli, first.refreshToken);
    assert.deepEqual([second.refreshToken, second.idToken], [first.refreshToken, undefined]);
    assert.notEqual(second.credentials.accessKeyId, first.credentials.accessKeyId);
    c.advance(minutes(2));
    await assert.rejects(who(c, first.credentials), { name: 'ExpiredToken' });
    assert.equal(await who(c, second.credentials), ann.arn);
  }
  const cli = commandLine(c);
  const { refreshToken } = await exchange(c, cli, await authorizedCode(c, cli, ann.session));
  const again = await c.restart();
  c.advance(hours(11));
  const last = await refresh(again, cli, refreshToken);
  assert.ok(last.expiresIn <= 900);
  c.advance(hours(1));
  await assert.rejects(refresh(again, cli, refreshToken), denied('TOKEN_EXPIRED'));
});

test('a code is good once, for ten minutes, for the client that knows the verifier', async (t) => {
  const c = await cloud(t);
  const ann = await person(c);
  const cli = commandLine(c);
  const code = () => authorizedCode(c, cli, ann.session);
  const used = await code();
  const { refreshToken } = await exchange(c, cli, used);
  await refresh(c, cli, refreshToken);
  await assert.rejects(exchange(c, cli, used), denied('AUTHCODE_EXPIRED'));
  await assert.rejects(
    refresh(c, cli, refreshToken),
    denied('TOKEN_EXPIRED'),
    'a code that comes again ends what it gave',
  );

  const wrong: Record<string, object> = {
    'another verifier': { codeVerifier: 'x'.repeat(43) },
    'no verifier': { codeVerifier: undefined },
    'another client': { clientId: CROSS_DEVICE },
    'another address': { redirectUri: 'http://127.0.0.1:1/oauth/callback' },
  };
  for (const [name, other] of Object.entries(wrong)) {
    const fresh = await code();
    await assert.rejects(exchange(c, cli, fresh, other), invalid, name);
    if (name !== 'no verifier') await assert.rejects(exchange(c, cli, fresh), denied('AUTHCODE_EXPIRED'), name);
  }
  const late = await code();
  c.advance(minutes(10));
  await assert.rejects(exchange(c, cli, late), denied('AUTHCODE_EXPIRED'));
  await assert.rejects(exchange(c, cli, 'made-up'), denied('AUTHCODE_EXPIRED'));
  const altered = `${late.slice(0, -1)}${late.endsWith('A') ? 'B' : 'A'}`;
  await assert.rejects(exchange(c, cli, altered), denied('AUTHCODE_EXPIRED'));
});

test('codes go to the person’s own machine only, and to those who may', async (t) => {
  const c = await cloud(t);
  const ann = await person(c);
  const eve = await newUser(c, 'eve');
  const authorize = (cli: CommandLine, other: object = {}, as = ann.session) =>
    ask(c, 'AuthorizeOAuth2Access', { ...authorizeQuery(cli), ...other }, as);
  for (const RedirectUri of [
    'http://evil.example/oauth/callback',
    'https://127.0.0.1/oauth/callback',
    'http://127.0.0.1/else',
    'http://127.0.0.1@evil.example/oauth/callback',
    'http://user@127.0.0.1/oauth/callback',
    'http://127.0.0.1.evil.example/oauth/callback',
    'http://127.0.0.1/oauth/callback?x=1',
    'nonsense',
  ]) {
    assert.equal((await authorize(commandLine(c), { RedirectUri })).code, 'ValidationException', RedirectUri);
  }
  const remote = await authorize(commandLine(c, CROSS_DEVICE));
  assert.deepEqual(Object.keys(remote.body), ['VerificationCode'], 'nobody is sent anywhere');
  assert.equal((await authorize(commandLine(c), { CodeChallengeMethod: 'plain' })).code, 'ValidationException');
  assert.equal((await authorize(commandLine(c), {}, eve.credentials)).code, 'AccessDeniedException');
  assert.equal(
    (await ask(c, 'AuthorizeOAuth2Access', authorizeQuery(commandLine(c)))).code,
    'MissingAuthenticationTokenException',
  );

  // Who may ask for a code need not be allowed to exchange it.
  await ann.allow({ ...MAY_LOG_IN, Effect: 'Deny', Action: 'signin:CreateOAuth2Token' });
  const cli = commandLine(c);
  await assert.rejects(exchange(c, cli, await authorizedCode(c, cli, ann.session)), denied('INSUFFICIENT_PERMISSIONS'));
});

test('a refresh token is worth nothing without its key', async (t) => {
  const c = await cloud(t);
  const ann = await person(c);
  const cli = commandLine(c);
  const { refreshToken } = await exchange(c, cli, await authorizedCode(c, cli, ann.session));
  const thief = { ...cli, key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey };
  await assert.rejects(refresh(c, thief, refreshToken), invalid);
  await assert.rejects(refresh(c, { ...cli, clientId: CROSS_DEVICE }, refreshToken), invalid);
  await assert.rejects(refresh(c, cli, `${refreshToken}A`), denied('TOKEN_EXPIRED'));
  const tokenInput = { clientId: cli.clientId, grantType: 'refresh_token', refreshToken };
  const send = (headers: Record<string, string>, other: object = {}) =>
    sendRaw(
      c,
      unsigned(c, {
        path: '/v1/token',
        headers: { 'content-type': 'application/json', ...headers },
        body: Buffer.from(JSON.stringify({ ...tokenInput, ...other })),
      }),
    );
  const elsewhere = await send({ dpop: proofOf(c, cli.key, 'http://else/v1/token') });
  assert.deepEqual([elsewhere.status, JSON.parse(elsewhere.body).error], [400, 'INVALID_REQUEST']);
  const host = `localhost:${c.port}`;
  const good = await send({ host, dpop: proofOf(c, cli.key, `http://${host}/v1/token`) });
  assert.equal(good.status, 200, good.body);
  // A copy of the request gets no second answer; an error does not use a proof up.
  const dpop = proofOf(c, cli.key, `http://${host}/v1/token`);
  const early = await send({ host, dpop }, { refreshToken: `${refreshToken}A` });
  assert.equal(JSON.parse(early.body).error, 'TOKEN_EXPIRED');
  assert.equal((await send({ host, dpop })).status, 200);
  const again = await send({ host, dpop });
  assert.deepEqual([again.status, JSON.parse(again.body).error], [400, 'INVALID_REQUEST']);
  // Without a proof it is not even known whose request it is.
  assert.notEqual((await send({})).status, 200);
  assert.equal((await send({ host: `signin.us-east-1.localhost:${c.port}` })).status, 400);
});

test('a new password, a lost permission or a deleted user ends the session', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await person(c);
  const login = async () => {
    const cli = commandLine(c);
    const { refreshToken } = await exchange(c, cli, await authorizedCode(c, cli, ann.session));
    return () => refresh(c, cli, refreshToken);
  };
  const first = await login();
  await ann.allow({ ...MAY_LOG_IN, Effect: 'Deny' });
  await assert.rejects(first(), denied('INSUFFICIENT_PERMISSIONS'));
  await ann.allow(MAY_LOG_IN);
  await first();
  await admin.send(new iam.UpdateLoginProfileCommand({ UserName: 'ann', Password: 'Correct-Horse-2' }));
  await assert.rejects(first(), denied('USER_CREDENTIALS_CHANGED'));
  const second = await login();
  await admin.send(new iam.DeleteLoginProfileCommand({ UserName: 'ann' }));
  await assert.rejects(second(), denied('USER_CREDENTIALS_CHANGED'));
});

test('the audit knows of each exchange, and nothing that opens anything', async (t) => {
  const c = await cloud(t);
  const ann = await person(c);
  const cli = commandLine(c);
  const code = await authorizedCode(c, cli, ann.session);
  const { refreshToken, credentials, idToken = '' } = await exchange(c, cli, code);
  await refresh(c, cli, refreshToken);
  const audit = (service: string) =>
    c.running.cloud.store
      .partition({ service, account: c.account as AccountId, region: GLOBAL_REGION })
      .read(waitingRecords);
  const names = audit('signin').map(({ eventName }) => eventName);
  assert.deepEqual(names, ['CreateOAuth2Token', 'CreateOAuth2Token', 'ConsoleLogin']);
  assert.deepEqual(
    audit('makonis').map(({ eventName }) => eventName),
    ['AuthorizeOAuth2Access'],
  );
  const text = JSON.stringify([audit('signin'), audit('makonis'), audit('iam')]);
  const secrets = [
    PASSWORD,
    code,
    refreshToken,
    idToken,
    cli.verifier,
    credentials.secretAccessKey,
    credentials.sessionToken,
  ];
  for (const secret of [...secrets, ann.session.sessionToken]) assert.ok(secret && !text.includes(secret), secret);
});

test('root logs in without a policy; a role’s session for no longer than itself', async (t) => {
  const c = await cloud(t);
  await operate(c, 'SetRootPassword', { AccountId: c.account, Password: PASSWORD });
  const root = credentialsOf(await ask(c, 'SignIn', { Account: c.account, Password: PASSWORD }));
  const cli = commandLine(c);
  const { credentials, refreshToken } = await exchange(c, cli, await authorizedCode(c, cli, root));
  assert.equal(await who(c, credentials), `arn:aws:iam::${c.account}:root`);
  c.advance(hours(1));
  await assert.rejects(refresh(c, cli, refreshToken), denied('TOKEN_EXPIRED'), 'as short as the sign-in');
});

test('a session is introspected and revoked by who may, and a policy can close it at once', async (t) => {
  const c = await cloud(t);
  const ann = await person(c);
  const cli = commandLine(c);
  const { refreshToken, credentials } = await exchange(c, cli, await authorizedCode(c, cli, ann.session));
  const introspect = async (token: string) => (await tokenRequest(c, 'IntrospectOAuth2TokenWithIAM', token)).body;
  const known = await introspect(refreshToken);
  assert.deepEqual(
    ['active', 'client_id', 'token_type', 'sub', 'account_id'].map((name) => known[name]),
    [true, cli.clientId, 'refresh_token', ann.arn, c.account],
  );
  assert.match(String(known['signin_session']), /^arn:aws:signin:us-east-1:\d{12}:session\//);
  assert.deepEqual(await introspect('ASORmade-up'), { active: false });
  assert.equal((await tokenRequest(c, 'IntrospectOAuth2TokenWithIAM', refreshToken, ann.credentials)).status, 403);
  assert.equal((await tokenRequest(c, 'RevokeOAuth2TokenWithIAM', refreshToken, ann.credentials)).status, 403);

  const queues = () => c.client(SQSClient, { credentials }).send(new ListQueuesCommand({}));
  const any = { Effect: 'Allow', Action: '*', Resource: '*' };
  await ann.allow(any);
  await queues();
  const closed = { StringEquals: { 'aws:SignInSessionArn': known['signin_session'] } };
  await ann.allow(any, { Effect: 'Deny', Action: '*', Resource: '*', Condition: closed });
  await assert.rejects(queues(), { name: 'AccessDenied' });
  await ann.allow(any);

  assert.deepEqual((await tokenRequest(c, 'RevokeOAuth2TokenWithIAM', refreshToken)).body, {});
  assert.equal((await tokenRequest(c, 'RevokeOAuth2TokenWithIAM', refreshToken)).status, 200, 'again');
  assert.deepEqual(await introspect(refreshToken), { active: false });
  await assert.rejects(refresh(c, cli, refreshToken), denied('TOKEN_EXPIRED'));
  await queues();
});

test('the SDK’s login provider refreshes what a command line has stored', async (t) => {
  const c = await cloud(t);
  const ann = await person(c);
  const cli = commandLine(c);
  const first = await exchange(c, cli, await authorizedCode(c, cli, ann.session));
  const home = mkdtempSync(join(tmpdir(), 'makonis-login-'));
  const before = process.env['AWS_LOGIN_CACHE_DIRECTORY'];
  process.env['AWS_LOGIN_CACHE_DIRECTORY'] = home;
  t.after(() => {
    if (before === undefined) delete process.env['AWS_LOGIN_CACHE_DIRECTORY'];
    else process.env['AWS_LOGIN_CACHE_DIRECTORY'] = before;
    rmSync(home, { recursive: true });
  });
  // What awscli 2 writes; its credentials end in a minute, so they have to be renewed.
  const { accessKeyId, secretAccessKey, sessionToken } = first.credentials;
  const expiresAt = new Date(c.clock.now() + minutes(1)).toISOString();
  const stored = {
    accessToken: { accessKeyId, secretAccessKey, sessionToken, accountId: c.account, expiresAt },
    tokenType: 'aws_sigv4',
    clientId: cli.clientId,
    refreshToken: first.refreshToken,
    idToken: first.idToken,
    dpopKey: cli.key.export({ format: 'pem', type: 'sec1' }),
  };
  const file = join(home, `${createHash('sha256').update(ann.arn).digest('hex')}.json`);
  writeFileSync(file, JSON.stringify(stored));
  const config = join(home, 'config');
  writeFileSync(config, `[profile login]\nlogin_session = ${ann.arn}\nregion = us-east-1\n`);
  const provider = fromLoginCredentials({
    profile: 'login',
    configFilepath: config,
    filepath: join(home, 'none'),
    clientConfig: { endpoint: c.url },
  });
  const renewed = await provider();
  assert.notEqual(renewed.accessKeyId, accessKeyId);
  assert.equal(await who(c, renewed as Credentials), ann.arn);
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).accessToken.accessKeyId, renewed.accessKeyId);
});
