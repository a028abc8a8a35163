/** AssumeRoleWithSAML: into a role by a signed assertion of a SAML provider, without AWS credentials. */
import { fail } from '#platform/error.ts';
import type { AssumeRoleWithSAMLRequest, AssumeRoleWithSAMLResponse } from '#platform/model/generated/sts.ts';
import type { OperationDeclaration } from '#platform/service.ts';
import type { SessionsApi } from '#services/iam/api.ts';
import {
  externalDeclaration,
  externalOf,
  PER_PROVIDER,
  roleAccount,
  startExternalSession,
} from '#services/sts/external.ts';
import { notAuthorized, principalOfAssertion } from '#services/sts/saml/assertion.ts';
import { signedAssertion } from '#services/sts/saml/response.ts';

type Input = AssumeRoleWithSAMLRequest;

/** "SAML role permissions policies": what policies may ask of a session, beside what its trust policy asked. */
const KEPT = ['saml:namequalifier', 'saml:sub', 'saml:sub_type'];

export const assumeRoleWithSaml = (sessions: SessionsApi): OperationDeclaration<Input, AssumeRoleWithSAMLResponse> => ({
  ...externalDeclaration<Input>(sessions, 'AssumeRoleWithSAML'),
  identify: async ({ RoleArn, PrincipalArn, SAMLAssertion }, { now, admit }) => {
    const provider = sessions.samlProvider(PrincipalArn);
    if (provider === undefined) return fail('InvalidIdentityToken', "Specified provider doesn't exist");
    // Each account trusts providers of its own, as with OpenID Connect: whoever can make a provider elsewhere is nobody here.
    if (provider.account !== roleAccount(RoleArn)) notAuthorized();
    admit(provider.arn, PER_PROVIDER.AssumeRoleWithSAML);
    return principalOfAssertion(await signedAssertion(SAMLAssertion, provider), provider, RoleArn, now);
  },
  handler: async (input, call) => {
    const { userName, claims } = externalOf(call.principal);
    const { keys, sessionName = '' } = claims;
    const kept = Object.fromEntries(Object.entries(keys).filter(([key]) => KEPT.includes(key)));
    return {
      ...(await startExternalSession(sessions, call, input, sessionName, kept)),
      Subject: userName,
      SubjectType: String(keys['saml:sub_type']),
      Issuer: String(keys['saml:iss']),
      Audience: String(keys['saml:aud']),
      NameQualifier: String(keys['saml:namequalifier']),
    };
  },
});
