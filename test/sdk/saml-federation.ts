/** An account with a SAML provider and a role for its people. */
import type { TestContext } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { document } from '#test/policy-document.ts';
import {
  type AssertionOptions,
  assertionText,
  base64,
  type IdpKey,
  idpKey,
  metadata,
  responseText,
  signedText,
} from '#test/saml-idp.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { named } from '#test/sdk/federation.ts';

export const AWS = 'https://aws.amazon.com/SAML/Attributes/';
export const ASSUME = 'sts:AssumeRoleWithSAML';
export const invalid = (message?: RegExp) => named('InvalidIdentityTokenException', message);
export const expired = named('ExpiredTokenException', /^Token must be redeemed within 5 minutes of issuance$/);
export const denied = named('AccessDenied', /^Not authorized to perform sts:AssumeRoleWithSAML$/);

interface Saml {
  readonly c: TestCloud;
  readonly key: IdpKey;
  readonly RoleArn: string;
  readonly PrincipalArn: string;
  trust(Condition?: object, Action?: string[]): Promise<void>;
  update(input: Partial<iam.UpdateSAMLProviderCommandInput>): Promise<void>;
  /** The assertion's text, now, for the role. */
  assertion(options?: Partial<AssertionOptions>): string;
  /** A good response with such an assertion, in base 64. */
  response(options?: Partial<AssertionOptions>): string;
  assume(
    SAMLAssertion: string,
    input?: Partial<sts.AssumeRoleWithSAMLCommandInput>,
  ): Promise<sts.AssumeRoleWithSAMLCommandOutput>;
}

export async function saml(t: TestContext): Promise<Saml> {
  const c = await cloud(t);
  const key = idpKey();
  const admin = c.client(iam.IAMClient);
  // Its second key signs, so the first one is tried in vain.
  const provider = { Name: 'corp', SAMLMetadataDocument: metadata([idpKey(), key]) };
  const { SAMLProviderArn: PrincipalArn = '' } = await admin.send(new iam.CreateSAMLProviderCommand(provider));
  const trustOf = (Condition?: object, Action: string[] = [ASSUME]) =>
    document({ Effect: 'Allow', Principal: { Federated: PrincipalArn }, Action, ...(Condition && { Condition }) });
  const guest = { RoleName: 'guest', AssumeRolePolicyDocument: trustOf() };
  const { Role } = await admin.send(new iam.CreateRoleCommand(guest));
  const RoleArn = Role?.Arn ?? '';
  const PolicyDocument = document({ Effect: 'Allow', Action: 'sqs:*', Resource: '*' });
  await admin.send(new iam.PutRolePolicyCommand({ RoleName: 'guest', PolicyName: 'own', PolicyDocument }));
  // On a connection of its own each time, as the clock moves.
  const nobody = () => c.client(sts.STSClient, { credentials: { accessKeyId: '', secretAccessKey: '' } });
  const assertion = (options: Partial<AssertionOptions> = {}): string =>
    assertionText({ now: c.clock.now(), role: RoleArn, provider: PrincipalArn, ...options });
  return {
    c,
    key,
    RoleArn,
    PrincipalArn,
    trust: async (Condition, Action) => {
      const policy = { RoleName: 'guest', PolicyDocument: trustOf(Condition, Action) };
      await admin.send(new iam.UpdateAssumeRolePolicyCommand(policy));
    },
    update: async (input) => {
      await admin.send(new iam.UpdateSAMLProviderCommand({ SAMLProviderArn: PrincipalArn, ...input }));
    },
    assertion,
    response: (options) => base64(signedText(responseText(assertion(options)), key)),
    assume: (SAMLAssertion, input = {}) =>
      nobody().send(new sts.AssumeRoleWithSAMLCommand({ RoleArn, PrincipalArn, SAMLAssertion, ...input })),
  };
}
