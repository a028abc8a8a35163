/**
 * An account from nothing, by AWS's command line alone: a group whose people must use MFA, guests of an OpenID Connect issuer, a key
 * that is open to these two ways in and to nobody else, and the records that tell who used it, and how they had come in.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { seconds } from '#platform/base/clock.ts';
import {
  allow,
  type Client,
  type CommandLine,
  commandLine,
  newPolicy,
  newRole,
  type Texts,
  testClients,
} from '#test/clients/command-line.ts';
import { document } from '#test/policy-document.ts';
import { codesOf, ENFORCE_MFA } from '#test/sdk/authenticator.ts';
import { signingKey, tokenIssuer } from '#test/token-issuer.ts';

interface Made extends Texts {
  readonly Credentials: never;
}

/** A user of a group that enforces MFA, with a device, and the session that its code gives. */
async function userWithMfa(line: CommandLine): Promise<void> {
  const { c, cli, newUser, session, file, read } = line;
  const enforce = await newPolicy(line, 'enforce-mfa', ...ENFORCE_MFA);
  await cli('iam create-group --group-name staff');
  await cli(`iam attach-group-policy --group-name staff --policy-arn ${enforce}`);
  await newUser('ann');
  await cli('iam add-user-to-group --group-name staff --user-name ann');
  const { VirtualMFADevice: device } = await cli<{ VirtualMFADevice?: Texts }>(
    `iam create-virtual-mfa-device --virtual-mfa-device-name ann --bootstrap-method Base32StringSeed --outfile ${file('seed')}`,
    { as: 'ann' },
  );
  const serial = device?.['SerialNumber'];
  const code = codesOf(c, read('seed'));
  const codes = `--authentication-code1 ${code(-1)} --authentication-code2 ${code()}`;
  await cli(`iam enable-mfa-device --user-name ann --serial-number ${serial} ${codes}`, { as: 'ann' });
  c.advance(seconds(60));
  const get = `sts get-session-token --serial-number ${serial} --token-code ${code()}`;
  session('ann-mfa', (await cli<Made>(get, { as: 'ann' })).Credentials);
}

/** A role for one subject of a local issuer, its session, and the issuer's host. */
async function guestOfIssuer(t: TestContext, line: CommandLine, { version }: Client): Promise<string> {
  const { c, cli, session, file } = line;
  const issuer = await tokenIssuer(t, () => c.clock.now());
  const key = signingKey('1', 'RS256');
  issuer.shown = [key];
  const host = `localhost:${issuer.port}`;
  // Version 2.9 insists on a thumbprint.
  const thumbprint = version[0] === 1 ? '' : ` --thumbprint-list ${issuer.thumbprint}`;
  const { OpenIDConnectProviderArn: Federated } = await cli(
    `iam create-open-id-connect-provider --url ${issuer.url} --client-id-list client${thumbprint}`,
  );
  const role = await newRole(line, 'guest', {
    Action: 'sts:AssumeRoleWithWebIdentity',
    Principal: { Federated },
    Condition: { StringEquals: { [`${host}:sub`]: 'gus' } },
  });
  const token = file('token', await issuer.token(key, { sub: 'gus' }));
  const assume = `sts assume-role-with-web-identity --role-arn ${role} --role-session-name gus --no-sign-request`;
  session('guest', (await cli<Made>(`${assume} --web-identity-token file://${token}`)).Credentials);
  return host;
}

async function wholeAccount(t: TestContext, client: Client): Promise<void> {
  const line = await commandLine(t, client);
  const { c, cli, refused, newUser, file } = line;
  await userWithMfa(line);
  const host = await guestOfIssuer(t, line, client);
  await newUser('eve');
  await cli('iam attach-user-policy --user-name eve --policy-arn arn:aws:iam::aws:policy/AdministratorAccess');

  const iam = `arn:aws:iam::${c.account}:`;
  const guard = document(
    { Principal: { AWS: `${iam}user/administrator` }, ...allow(['kms:DescribeKey', 'kms:PutKeyPolicy']) },
    {
      Principal: { AWS: `${iam}user/ann` },
      ...allow('kms:Encrypt'),
      Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    },
    {
      Principal: { AWS: `${iam}role/guest` },
      ...allow('kms:Decrypt'),
      Condition: { StringEquals: { 'kms:EncryptionContext:tenant': 'blue' } },
    },
  );
  const { KeyMetadata: key } = await cli<{ KeyMetadata?: Texts }>(`kms create-key --policy ${guard}`);
  const encrypt = `kms encrypt --key-id ${key?.['KeyId']} --plaintext fileb://${file('plain', 'secret')} --encryption-context`;
  const { CiphertextBlob = '' } = await cli(`${encrypt} tenant=blue`, { as: 'ann-mfa' });
  const decrypt = `kms decrypt --ciphertext-blob fileb://${file('sealed', Buffer.from(CiphertextBlob, 'base64'))}`;
  const { Plaintext = '' } = await cli(`${decrypt} --encryption-context tenant=blue`, { as: 'guest' });
  assert.equal(Buffer.from(Plaintext, 'base64').toString(), 'secret');
  for (const [command, as] of [
    [`${encrypt} tenant=blue`, 'ann'],
    [`${encrypt} tenant=blue`, 'guest'],
    [`${decrypt} --encryption-context tenant=blue`, 'ann-mfa'],
    [`${decrypt} --encryption-context tenant=blue`, 'eve'],
    [`${decrypt} --encryption-context tenant=red`, 'guest'],
  ] as const) {
    assert.match(await refused(command, as), /AccessDenied/, `${as}: ${command}`);
  }

  // What the records tell: who, in which way, with what, and what came of it.
  const { Events } = await cli<{ Events: { CloudTrailEvent: string }[] }>(
    'cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=kms.amazonaws.com',
  );
  const told = Events.map(({ CloudTrailEvent }) => {
    const { userIdentity: who, eventName, errorCode, requestParameters: what } = JSON.parse(CloudTrailEvent);
    const { sessionContext: session = {} } = who;
    return [
      who.arn.slice(who.arn.lastIndexOf(':') + 1),
      session.attributes?.mfaAuthenticated,
      session.webIdFederationData?.federatedProvider,
      eventName,
      what?.encryptionContext?.tenant,
      errorCode,
    ];
  });
  const guest = ['assumed-role/guest/gus', 'false', `${iam}oidc-provider/${host}`];
  const denied = 'AccessDenied';
  assert.deepEqual(told.reverse(), [
    ['user/administrator', undefined, undefined, 'CreateKey', undefined, undefined],
    ['user/ann', 'true', undefined, 'Encrypt', 'blue', undefined],
    [...guest, 'Decrypt', 'blue', undefined],
    ['user/ann', undefined, undefined, 'Encrypt', 'blue', denied],
    [...guest, 'Encrypt', 'blue', denied],
    ['user/ann', 'true', undefined, 'Decrypt', 'blue', denied],
    ['user/eve', undefined, undefined, 'Decrypt', 'blue', denied],
    [...guest, 'Decrypt', 'red', denied],
  ]);
}

testClients('an account with groups, guests, MFA and a guarded key, and who did what in it', wholeAccount);
