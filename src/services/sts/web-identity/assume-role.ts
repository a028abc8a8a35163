/** AssumeRoleWithWebIdentity: into a role by a token of an OpenID Connect provider, without AWS credentials. */
import { fail } from '#platform/error.ts';
import type {
  AssumeRoleWithWebIdentityRequest,
  AssumeRoleWithWebIdentityResponse,
} from '#platform/model/generated/sts.ts';
import type { OperationDeclaration } from '#platform/service.ts';
import type { SessionsApi } from '#services/iam/api.ts';
import {
  externalDeclaration,
  externalOf,
  PER_PROVIDER,
  roleAccount,
  startExternalSession,
} from '#services/sts/external.ts';
import type { ProviderKeys } from '#services/sts/web-identity/provider-keys.ts';
import { principalOfToken } from '#services/sts/web-identity/token.ts';

type Input = AssumeRoleWithWebIdentityRequest;

export const assumeRoleWithWebIdentity = (
  sessions: SessionsApi,
  keys: ProviderKeys,
): OperationDeclaration<Input, AssumeRoleWithWebIdentityResponse> => ({
  ...externalDeclaration<Input>(sessions, 'AssumeRoleWithWebIdentity'),
  identify: async ({ RoleArn, WebIdentityToken, ProviderId }, { now, admit }) => {
    // OAuth 2.0 access tokens of Login with Amazon and Facebook, which only these two can verify.
    if (ProviderId !== undefined)
      fail('InvalidParameterValue', 'ProviderId must not be given for OpenID Connect tokens.');
    const account = roleAccount(RoleArn);
    const providerOf = (url: string) => {
      const provider = sessions.oidcProvider(account, url);
      if (provider !== undefined) admit(provider.arn, PER_PROVIDER.AssumeRoleWithWebIdentity);
      return provider;
    };
    return await principalOfToken(WebIdentityToken, now, { keys, providerOf });
  },
  handler: async (input, call) => {
    const { provider, userName, claims } = externalOf(call.principal);
    const url = provider.slice(provider.indexOf('/') + 1);
    const audience = claims.keys[`${url}:aud`.toLowerCase()];
    return {
      ...(await startExternalSession(sessions, call, input, input.RoleSessionName, claims.keys)),
      SubjectFromWebIdentityToken: userName,
      // The reference says "the value of the iss field"; of a provider in IAM AWS answers its ARN.
      Provider: provider,
      ...(audience !== undefined && { Audience: [audience].flat().join(' ') }),
    };
  },
});
