import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { hours, seconds } from '#platform/base/clock.ts';
import { document } from '#test/policy-document.ts';
import { credentialsOf, federation, lists, minutesLeft, named } from '#test/sdk/federation.ts';
import { formDraft, sendRaw, unsigned } from '#test/sdk/raw-request.ts';
import { publicJwk, signingKey, type TokenIssuer } from '#test/token-issuer.ts';

test('a token of RSA or of elliptic curves leads into a role', async (t) => {
  const { c, issuer, key, provider, assume, RoleArn } = await federation(t);
  const keys = [key, signingKey('ec', 'ES256'), signingKey('ec-384', 'ES384'), signingKey('rsa-512', 'RS512')];
  issuer.shown = keys;
  for (const each of keys) {
    const made = await assume(issuer.token(each));
    assert.equal(made.SubjectFromWebIdentityToken, 'ann', each.alg);
    assert.equal(made.Audience, 'client');
    assert.equal(made.Provider, `arn:aws:iam::${c.account}:oidc-provider/${provider}`);
    assert.equal(made.AssumedRoleUser?.Arn, `arn:aws:sts::${c.account}:assumed-role/guest/session`);
    assert.equal(made.PackedPolicySize, undefined);
    await lists(c, credentialsOf(made.Credentials));
  }
  assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', '/keys'], 'asked once');
  // Whoever sends it: a signature changes nothing.
  const input = { RoleArn, RoleSessionName: 'session', WebIdentityToken: await issuer.token(key) };
  await c.client(sts.STSClient).send(new sts.AssumeRoleWithWebIdentityCommand(input));

  const audience = await assume(issuer.token(key, { aud: ['nobody', 'another'] }), { DurationSeconds: 900 });
  assert.equal(audience.Audience, 'another');
  assert.equal(minutesLeft(c, audience.Credentials), 15);
  await assert.rejects(
    assume(issuer.token(key), { DurationSeconds: 7200 }),
    named('ValidationError', /exceeds the MaxSessionDuration/),
  );
  const limited = await assume(issuer.token(key), {
    Policy: document({ Effect: 'Allow', Action: 'sqs:GetQueueUrl', Resource: '*' }),
  });
  assert.ok((limited.PackedPolicySize ?? 0) > 0);
  await assert.rejects(lists(c, credentialsOf(limited.Credentials)), named('AccessDenied'));

  // Sessions of a provider may assume further roles, for an hour, but get no tokens of their own kind.
  const session = credentialsOf(audience.Credentials);
  const asSession = c.client(sts.STSClient, { credentials: session });
  await assert.rejects(asSession.send(new sts.GetSessionTokenCommand({})), named('AccessDenied'));
  await assert.rejects(asSession.send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'again' })));
});

test('what a token must be', async (t) => {
  const { c, issuer, key, provider, assume } = await federation(t);
  const now = Math.floor(c.clock.now() / 1000);
  const rejects = async (claims: Record<string, unknown>, error: ReturnType<typeof named>) =>
    assert.rejects(assume(issuer.token(key, claims)), error, JSON.stringify(claims));
  await rejects(
    { exp: now - 1 },
    named('ExpiredTokenException', /^Token expired: current date\/time \d+ must be before/),
  );
  await rejects({ exp: undefined }, named('InvalidIdentityTokenException', /^Missing a required claim: exp$/));
  await rejects({ sub: undefined }, named('InvalidIdentityTokenException', /^Missing a required claim: sub$/));
  await rejects({ aud: undefined }, named('InvalidIdentityTokenException', /^Missing a required claim: aud$/));
  await rejects({ exp: now + 600.5 }, named('InvalidIdentityTokenException', /integer/));
  await rejects({ aud: 'stranger' }, named('InvalidIdentityTokenException', /^Incorrect token audience$/));
  await rejects({ azp: 'stranger' }, named('InvalidIdentityTokenException', /^Incorrect token audience$/));
  await rejects({ nbf: now + 600 }, named('IDPRejectedClaimException'));
  await rejects({ iat: now + 600 }, named('IDPRejectedClaimException'));
  await rejects({ sub: 'x'.repeat(256) }, named('InvalidIdentityTokenException'));
  const elsewhere = named('InvalidIdentityTokenException', /^No OpenIDConnect provider found in your account for/);
  for (const iss of ['https://evil.example', `https://${provider}/`, `https://${provider.toUpperCase()}`]) {
    await rejects({ iss }, elsewhere);
  }
  await rejects({ iss: provider }, named('InvalidIdentityTokenException'));

  const refused = (token: string, why: string) =>
    assert.rejects(assume(token), named('InvalidIdentityTokenException'), why);
  const good = await issuer.token(key);
  const [head = '', body = '', signature = ''] = good.split('.');
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  await refused(`${head}.${body}.${'A'.repeat(signature.length)}`, 'a made-up signature');
  await refused(
    `${head}.${part({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'root' })}.${signature}`,
    'altered',
  );
  await refused(`${part({ alg: 'none' })}.${body}.`, 'no signature');
  // The public key as the secret of an HMAC.
  const hmacHead = `${part({ alg: 'HS256', kid: 'first' })}.${body}`;
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' });
  await refused(`${hmacHead}.${createHmac('sha256', pem).update(hmacHead).digest('base64url')}`, 'confused algorithm');
  await refused(await issuer.token(signingKey('first', 'RS256')), 'another key of the same name');
  await refused(await issuer.token({ ...signingKey('x', 'ES256'), kid: 'first' }), 'a key of another type');
  await refused('not.a.token', 'no token');
  await refused('gibberish', 'an access token');
  // Keys inside the token are nobody's.
  const own = signingKey('own', 'RS256');
  await refused(await issuer.token(own, {}, { jwk: publicJwk(own), kid: 'first' }), 'a key that it brings along');
  await refused(await issuer.token(own, {}, { jku: `${issuer.url}/keys`, kid: 'unknown' }), 'a key set that it names');
  await assume(good);
});

test('keys come and go, and nobody makes us ask for them all the time', async (t) => {
  const { c, issuer, key, assume } = await federation(t);
  const next = signingKey('second', 'RS256');
  await assume(issuer.token(key));
  const invalid = named('InvalidIdentityTokenException');
  issuer.shown = [key, next];
  await assert.rejects(assume(issuer.token(next)), invalid, 'within half a minute of the last time');
  c.advance(seconds(31));
  await assume(issuer.token(next));
  assert.equal(issuer.asked.length, 4);
  for (const _ of [1, 2, 3]) await assert.rejects(assume(issuer.token(signingKey('made-up', 'RS256'))), invalid);
  assert.equal(issuer.asked.length, 4, 'made-up key ids do not lead to requests');
  // An issuer that is out of order when a new key is asked for takes nothing from those that are known.
  c.advance(seconds(31));
  issuer.broken = () => ({ status: 500 });
  await assert.rejects(assume(issuer.token(signingKey('made-up', 'RS256'))), named('IDPCommunicationErrorException'));
  await assume(issuer.token(next));
  issuer.broken = undefined;
  // A key that the issuer withdraws is good for an hour at most.
  issuer.shown = [next];
  await assume(issuer.token(key));
  c.advance(hours(1));
  await assert.rejects(assume(issuer.token(key)), invalid);
  await assume(issuer.token(next));
  // A token without a key id, where only one key can be meant, and where two can.
  await assume(issuer.token(next, {}, { kid: undefined }));
  issuer.shown = [key, next];
  c.advance(hours(1));
  await assert.rejects(assume(issuer.token(next, {}, { kid: undefined })), invalid);
});

test('a provider that does not give its keys', async (t) => {
  const { c, issuer, key, assume } = await federation(t);
  const failsWith = async (broken: TokenIssuer['broken'], error: ReturnType<typeof named>, why: string) => {
    issuer.broken = broken;
    c.advance(seconds(6));
    await assert.rejects(assume(issuer.token(key)), error, why);
  };
  const noKeys = named(
    'InvalidIdentityTokenException',
    /^Couldn't retrieve verification key from your identity provider/,
  );
  const unreachable = named('IDPCommunicationErrorException');
  const onlyKeys = (answer: { status?: number; body?: string }) => (path: string) =>
    path === '/keys' ? answer : undefined;
  await failsWith(() => ({ status: 503 }), unreachable, 'out of order');
  await failsWith(() => ({ status: 404 }), noKeys, 'nothing there');
  await failsWith(() => ({ body: '<html>' }), noKeys, 'no JSON');
  await failsWith(() => ({ body: '[]' }), noKeys, 'no object');
  await failsWith(
    () => ({ body: JSON.stringify({ issuer: 'https://else', jwks_uri: `${issuer.url}/keys` }) }),
    noKeys,
    'of another',
  );
  await failsWith(
    () => ({ body: JSON.stringify({ issuer: issuer.url, jwks_uri: issuer.url.replace('https', 'http') }) }),
    noKeys,
    'keys in the clear',
  );
  await failsWith(
    () => ({ body: JSON.stringify({ issuer: issuer.url, jwks_uri: 'https://169.254.169.254/keys' }) }),
    noKeys,
    'keys at the metadata address',
  );
  await failsWith(onlyKeys({ body: '{}' }), noKeys, 'no set');
  await failsWith(onlyKeys({ body: `{"keys":["${'x'.repeat(300_000)}"]}` }), noKeys, 'too large');
  const many = Array.from({ length: 101 }, (_, n) => ({ ...publicJwk(key), kid: `k${n}` }));
  await failsWith(onlyKeys({ body: JSON.stringify({ keys: many }) }), noKeys, 'too many');
  const weak = signingKey('first', 'RS256', 1024);
  await failsWith(
    onlyKeys({ body: JSON.stringify({ keys: [publicJwk(weak)] }) }),
    named('InvalidIdentityTokenException'),
    'too short a key',
  );
  c.advance(hours(1));
  issuer.broken = () => 'silence';
  const asked = issuer.asked.length;
  const call = assume(issuer.token(key));
  while (issuer.asked.length === asked) await new Promise((resolve) => setImmediate(resolve));
  c.advance(seconds(5));
  await assert.rejects(call, unreachable, 'silent');
  issuer.broken = undefined;
  await assert.rejects(assume(issuer.token(key)), unreachable, 'a failure is remembered for some seconds');
  c.advance(seconds(5));
  await assume(issuer.token(key));
});

test('a provider is known by its thumbprints, and gone when it is deleted', async (t) => {
  const { c, issuer, key, assume } = await federation(t);
  const admin = c.client(iam.IAMClient);
  const [{ Arn: OpenIDConnectProviderArn } = {}] =
    (await admin.send(new iam.ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList ?? [];
  await admin.send(
    new iam.UpdateOpenIDConnectProviderThumbprintCommand({
      OpenIDConnectProviderArn,
      ThumbprintList: ['0'.repeat(40)],
    }),
  );
  await assert.rejects(
    assume(issuer.token(key)),
    named('InvalidIdentityTokenException', /HTTPS certificate doesn't match configured thumbprint/),
  );
  await admin.send(new iam.DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
  await assert.rejects(assume(issuer.token(key)), named('InvalidIdentityTokenException', /^No OpenIDConnect provider/));
});

test('unsigned requests reach nothing else', async (t) => {
  const { c, RoleArn } = await federation(t);
  for (const operation of ['AssumeRole', 'GetCallerIdentity', 'GetSessionToken']) {
    const draft = formDraft('2011-06-15', operation, { RoleArn, RoleSessionName: 'session' });
    const answer = await sendRaw(c, unsigned(c, draft));
    assert.deepEqual([answer.status, answer.code], [403, 'MissingAuthenticationToken'], operation);
  }
});
