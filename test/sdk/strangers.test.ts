/** What callers without credentials may cost: how often one of them is listened to, and that the others are meanwhile. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import {
  CreateAccountAliasCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { seconds } from '#platform/base/clock.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { federation, named } from '#test/sdk/federation.ts';
import { formDraft, jsonDraft, unsigned } from '#test/sdk/raw-request.ts';
import { ask } from '#test/sdk/sign-in.ts';

type Draft = ReturnType<typeof jsonDraft>;

/** The code of an unsigned call's refusal, or nothing. */
function codeFrom(c: TestCloud, localAddress: string, draft: Draft): Promise<string> {
  const { method, path, headers, body } = unsigned(c, draft);
  return new Promise((done, failed) => {
    const call = httpRequest({ host: '127.0.0.1', port: c.port, localAddress, method, path, headers, agent: false });
    call.on('error', failed);
    call.on('response', async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString();
      done(/<Code>(\w+)/.exec(text)?.[1] ?? /"__type":"(?:[^"]*#)?(\w+)/.exec(text)?.[1] ?? '');
    });
    call.end(body);
  });
}

/** How many calls are listened to: many at once, as time goes on and gives new ones meanwhile. */
async function untilThrottled(c: TestCloud, draft: Draft, usual: string): Promise<number> {
  for (let heard = 0; heard < 3000; ) {
    const codes = await Promise.all(Array.from({ length: 25 }, () => codeFrom(c, '127.0.0.1', draft)));
    const throttled = codes.filter((code) => code.startsWith('Throttling')).length;
    assert.equal(codes.filter((code) => code === usual).length, codes.length - throttled);
    heard += codes.length - throttled;
    if (throttled > 0) return heard;
  }
  return assert.fail('three thousand calls were listened to');
}

test('who assumes roles without a signature is throttled by where it calls from', async (t) => {
  const c = await cloud(t);
  const RoleArn = `arn:aws:iam::${c.account}:role/guest`;
  const token = { RoleArn, RoleSessionName: 'session', WebIdentityToken: 'a.b.c' };
  const byToken = formDraft('2011-06-15', 'AssumeRoleWithWebIdentity', token);
  const assertion = { RoleArn, PrincipalArn: `arn:aws:iam::${c.account}:saml-provider/idp`, SAMLAssertion: 'abcd' };
  const byAssertion = formDraft('2011-06-15', 'AssumeRoleWithSAML', assertion);
  for (const [draft, burst] of [[byToken, 500] as const, [byAssertion, 100] as const]) {
    assert.ok((await untilThrottled(c, draft, 'InvalidIdentityToken')) >= burst);
    assert.equal(await codeFrom(c, '127.0.0.2', draft), 'InvalidIdentityToken');
    c.advance(seconds(1));
    assert.equal(await codeFrom(c, '127.0.0.1', draft), 'InvalidIdentityToken');
  }
});

test('a provider’s tokens are throttled from all addresses together', async (t) => {
  const { c, issuer, key, assume } = await federation(t);
  await assume(issuer.token(key));
  const { admit } = c.running.cloud.throttle;
  t.mock.method(c.running.cloud.throttle, 'admit', function (this: object, ...args: Parameters<typeof admit>) {
    return args[0].includes(':oidc-provider/') ? false : admit.apply(c.running.cloud.throttle, args);
  });
  await assert.rejects(assume(issuer.token(key)), named('Throttling'));
});

test('who guesses passwords is heard less often than all are, and an alias is no second way to guess', async (t) => {
  const c = await cloud(t);
  const iam = c.client(IAMClient);
  await iam.send(new CreateAccountAliasCommand({ AccountAlias: 'our-company' }));
  await iam.send(new CreateUserCommand({ UserName: 'ann' }));
  await iam.send(new CreateLoginProfileCommand({ UserName: 'ann', Password: 'correct-Horse-7' }));
  const guess = (Account: string) => ask(c, 'SignIn', { Account, UserName: 'ann', Password: 'wrong' });
  for (const account of [c.account, 'our-company', c.account, 'our-company', c.account]) {
    assert.equal((await guess(account)).code, 'AuthenticationFailedException');
  }
  await guess('our-company');
  for (const account of [c.account, 'our-company']) {
    assert.equal((await guess(account)).code, 'TooManyFailedAttemptsException');
  }
  const draft = jsonDraft('SignIn', { Account: c.account, UserName: 'ann', Password: 'wrong' }, 'Makonis');
  assert.ok((await untilThrottled(c, draft, 'TooManyFailedAttemptsException')) > 50);
  assert.equal(await codeFrom(c, '127.0.0.2', draft), 'TooManyFailedAttemptsException');
});
