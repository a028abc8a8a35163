/** How people come in, by AWS's command line alone: from an issuer of their own, and with MFA where a policy wants it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import {
  allow,
  type Client,
  commandLine,
  newPolicy,
  newRole,
  type Texts,
  testClients,
} from '#test/clients/command-line.ts';
import { codesOf, ENFORCE_MFA } from '#test/sdk/authenticator.ts';
import { signingKey, tokenIssuer } from '#test/token-issuer.ts';

const EXPLICIT = /AccessDenied.*with an explicit deny in an identity-based policy/;
const NO_POLICY = /AccessDenied.*because no identity-based policy allows the \S+ action/;

interface Made {
  readonly Credentials?: Texts;
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

testClients('people of a local OpenID Connect issuer come into a role', federate);
testClients('MFA is enforced', enforceMfa);
