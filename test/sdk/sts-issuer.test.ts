/** This cloud as an OpenID Connect issuer, seen by a service elsewhere that knows nothing but the issuer's URL. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { createRemoteJWKSet, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { days, hours } from '#platform/base/clock.ts';
import { document } from '#test/policy-document.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { credentialsOf, named } from '#test/sdk/federation.ts';
import { newUser } from '#test/sdk/people.ts';
import { sendRaw, signedRequest } from '#test/sdk/raw-request.ts';

/** The clock moves: a connection that was kept would be found closed. */
const ONCE = { headers: { connection: 'close' } };
const NAMESPACE = 'https://sts.amazonaws.com/';

interface Elsewhere {
  readonly c: TestCloud;
  readonly issuer: string;
  token(input?: Partial<sts.GetWebIdentityTokenCommandInput>, credentials?: Credentials): Promise<string>;
  /** Finds the keys by discovery, each time anew. */
  verify(token: string): Promise<JWTPayload>;
}

async function elsewhere(t: TestContext): Promise<Elsewhere> {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const { IssuerIdentifier: issuer = '' } = await admin.send(new iam.EnableOutboundWebIdentityFederationCommand({}));
  return {
    c,
    issuer,
    token: async (input = {}, credentials = c.administrator) => {
      const command = new sts.GetWebIdentityTokenCommand({
        Audience: ['https://api.example'],
        SigningAlgorithm: 'RS256',
        ...input,
      });
      return (await c.client(sts.STSClient, { credentials }).send(command)).WebIdentityToken ?? '';
    },
    verify: async (token) => {
      const discovery = await fetch(`${issuer}/.well-known/openid-configuration`, ONCE);
      const { jwks_uri: place, issuer: said } = (await discovery.json()) as Record<string, string>;
      assert.equal(said, issuer);
      const keys = createRemoteJWKSet(new URL(place ?? ''), ONCE);
      const options = { issuer, audience: 'https://api.example', currentDate: new Date(c.clock.now()) };
      return (await jwtVerify(token, keys, options)).payload;
    },
  };
}

test('others verify who the caller is', async (t) => {
  const { c, issuer, token, verify } = await elsewhere(t);
  assert.ok(issuer.startsWith(`${c.url}/~sts/issuers/${c.account}/`));
  const administrator = `arn:aws:iam::${c.account}:user/administrator`;
  const now = Math.floor(c.clock.now() / 1000);
  for (const SigningAlgorithm of ['RS256', 'ES384']) {
    const jwt = await token({ SigningAlgorithm });
    assert.equal(decodeProtectedHeader(jwt).alg, SigningAlgorithm);
    const { sub, iat = 0, exp, jti, aud, [NAMESPACE]: own } = await verify(jwt);
    assert.deepEqual([sub, aud], [administrator, 'https://api.example']);
    assert.ok(iat >= now && iat <= now + 5);
    assert.equal(exp, iat + 300);
    assert.match(jti ?? '', /^[0-9a-f-]{36}$/);
    assert.deepEqual(own, { aws_account: c.account, source_region: 'us-east-1', principal_id: administrator });
  }
  const Tags = [{ Key: 'job', Value: '7' }];
  const long = await token({ Audience: ['https://api.example', 'b'], DurationSeconds: 3600, Tags });
  const { aud, iat = 0, exp, [NAMESPACE]: own } = await verify(long);
  assert.deepEqual([aud, exp], [['https://api.example', 'b'], iat + 3600]);
  assert.deepEqual((own as Record<string, unknown>)['request_tags'], { job: '7' });
  c.advance(hours(1));
  await assert.rejects(verify(long), errors.JWTExpired);
});

test('a role session is its role, with its tags, and its tokens end with it', async (t) => {
  const { c, token, verify } = await elsewhere(t);
  const admin = c.client(iam.IAMClient);
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${c.account}:root` },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
  };
  const Tags = [
    { Key: 'team', Value: 'red' },
    { Key: 'cost', Value: '1' },
  ];
  const role = { RoleName: 'worker', AssumeRolePolicyDocument: document(statement), Tags };
  const { Role } = await admin.send(new iam.CreateRoleCommand(role));
  const PolicyDocument = document({ Effect: 'Allow', Action: 'sts:*', Resource: '*' });
  await admin.send(new iam.PutRolePolicyCommand({ RoleName: 'worker', PolicyName: 'own', PolicyDocument }));
  const { Credentials: given } = await c.client(sts.STSClient).send(
    new sts.AssumeRoleCommand({
      RoleArn: Role?.Arn,
      RoleSessionName: 'monday',
      DurationSeconds: 900,
      Tags: [{ Key: 'Team', Value: 'blue' }],
    }),
  );
  const session = credentialsOf(given);
  const { sub, [NAMESPACE]: own } = await verify(await token({}, session));
  assert.equal(sub, Role?.Arn);
  assert.deepEqual((own as Record<string, unknown>)['principal_tags'], { cost: '1', Team: 'blue' });
  await assert.rejects(token({ DurationSeconds: 901 }, session), named('SessionDurationEscalationException'));
});

test('what is refused', async (t) => {
  const { c, issuer, token, verify } = await elsewhere(t);
  const admin = c.client(iam.IAMClient);
  await assert.rejects(
    admin.send(new iam.EnableOutboundWebIdentityFederationCommand({})),
    named('FeatureEnabledException'),
  );
  const { IssuerIdentifier, JwtVendingEnabled } = await admin.send(
    new iam.GetOutboundWebIdentityFederationInfoCommand({}),
  );
  assert.deepEqual([IssuerIdentifier, JwtVendingEnabled], [issuer, true]);
  await assert.rejects(token({ SigningAlgorithm: 'HS256' }), named('ValidationError'));
  const tag = (n: number) => ({ Key: `key-${n}-${'k'.repeat(100)}`, Value: 'v'.repeat(256) });
  const many = Array.from({ length: 50 }, (_, n) => tag(n));
  await assert.rejects(token({ Tags: many }), named('JWTPayloadSizeExceededException'));
  await assert.rejects(token({ Tags: ['a', 'A'].map((Key) => ({ Key, Value: '' })) }), named('InvalidParameterValue'));

  const bob = await newUser(c, 'bob');
  await assert.rejects(token({}, bob.credentials), named('AccessDenied'));
  const limits = (Condition: object) =>
    bob.allow({ Effect: 'Allow', Action: 'sts:GetWebIdentityToken', Resource: '*', Condition });
  await limits({
    'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': ['https://api.example'] },
    NumericLessThanEquals: { 'sts:DurationSeconds': 600 },
    StringEquals: { 'sts:SigningAlgorithm': 'ES384' },
  });
  const allowed = { SigningAlgorithm: 'ES384', DurationSeconds: 600 };
  await token(allowed, bob.credentials);
  for (const more of [
    { Audience: ['https://evil.example'] },
    { DurationSeconds: 601 },
    { SigningAlgorithm: 'RS256' },
    { Tags: [{ Key: 'a', Value: 'b' }] },
  ]) {
    await assert.rejects(token({ ...allowed, ...more }, bob.credentials), named('AccessDenied'), JSON.stringify(more));
  }

  const old = await token();
  await admin.send(new iam.DisableOutboundWebIdentityFederationCommand({}));
  await assert.rejects(token(), named('OutboundWebIdentityFederationDisabledException'));
  for (const command of [
    new iam.DisableOutboundWebIdentityFederationCommand({}),
    new iam.GetOutboundWebIdentityFederationInfoCommand({}),
  ]) {
    await assert.rejects(admin.send(command), named('FeatureDisabledException'));
  }
  assert.equal((await verify(old)).iss, issuer, 'tokens from before can be verified');
  const again = await admin.send(new iam.EnableOutboundWebIdentityFederationCommand({}));
  assert.equal(again.IssuerIdentifier, issuer);
});

test('keys change every month, and verifiers never meet one that they could not know', async (t) => {
  const { c, issuer, token, verify } = await elsewhere(t);
  const shown = async (): Promise<string[]> => {
    const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`, ONCE)).json()) as {
      keys: Record<string, string>[];
    };
    for (const key of keys) assert.equal(key['d'], undefined, 'no private part');
    return keys.filter(({ alg }) => alg === 'RS256').map(({ kid = '' }) => kid);
  };
  const signs = async (): Promise<string> => {
    const jwt = await token();
    await verify(jwt);
    return decodeProtectedHeader(jwt).kid ?? '';
  };
  const first = await signs();
  assert.deepEqual(await shown(), [first]);
  c.advance(days(30));
  assert.equal(await signs(), first, 'the next key is shown, but does not sign yet');
  const [second = ''] = (await shown()).filter((kid) => kid !== first);
  assert.notEqual(second, '');
  c.advance(days(1));
  assert.equal(await signs(), second);
  assert.equal((await shown()).length, 2);
  c.advance(days(29));
  await signs();
  assert.ok(!(await shown()).includes(first));
  // All of it outlives a restart; the port is new, and with it the issuer.
  const later = await c.restart();
  const { IssuerIdentifier = '' } = await later
    .client(iam.IAMClient)
    .send(new iam.GetOutboundWebIdentityFederationInfoCommand({}));
  assert.equal(IssuerIdentifier.replace(later.url, ''), issuer.replace(c.url, ''));
  assert.equal((await fetch(`${IssuerIdentifier}/.well-known/jwks.json`)).status, 200);
});

test('the documents hide no bucket, and no bucket hides them', async (t) => {
  const { c, issuer } = await elsewhere(t);
  const path = `${new URL(issuer).pathname}/.well-known/jwks.json`;
  const ask = (method: string, to: string, host = `localhost:${c.port}`) =>
    sendRaw(c, { method, path: to, query: '', headers: { host }, body: Buffer.alloc(0) });
  const answer = await ask('GET', path);
  assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/json']);
  assert.match(String(answer.headers['cache-control']), /^public, max-age=\d+$/);
  const signed = await signedRequest(c, { method: 'GET', path, headers: {} });
  assert.equal((await sendRaw(c, signed)).status, 200, 'signed, as any client may');
  for (const to of [
    path.replace(c.account, '999999999999'),
    path.replace(/[0-9a-f-]{36}/, '00000000-0000-4000-8000-000000000000'),
    `${path}/more`,
    '/~sts/',
    '/~nothing/here',
    '/~constructor/x',
  ]) {
    assert.notEqual((await ask('GET', to)).status, 200, to);
  }
  assert.notEqual((await ask('PUT', path)).status, 200);
  assert.equal((await ask('GET', path, 'evil.example')).status, 400, 'a host that is not ours');
  // The operation is of a region: by the global endpoint's name it is not there.
  const global = await signedRequest(
    c,
    {
      headers: { host: 'sts.amazonaws.com', 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from('Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=RS256'),
    },
    { service: 'sts' },
  );
  assert.equal((await sendRaw(c, global)).code, 'InvalidAction');
});
