/** GetDelegatedAccessToken: the credentials that a delegation request was granted, for the account that asked for them. */
import { fail } from '#platform/error.ts';
import type { GetDelegatedAccessTokenRequest, GetDelegatedAccessTokenResponse } from '#platform/model/generated/sts.ts';
import type { OperationDeclaration } from '#platform/service.ts';
import type { DelegatedAccessApi } from '#services/iam/api.ts';
import { credentialsOf } from '#services/sts/role-session.ts';
import { packedSize } from '#services/sts/session-input.ts';

export const getDelegatedAccessToken = (
  access: DelegatedAccessApi,
): OperationDeclaration<GetDelegatedAccessTokenRequest, GetDelegatedAccessTokenResponse> => ({
  secret: ['SessionToken'],
  steps: true,
  resource: () => '*',
  handler({ TradeInToken: token }, { principal, now }) {
    if (!('account' in principal)) return fail('AccessDenied', 'Access Denied');
    const { credentials, expiresAt, principalArn, policy } = access.tradeIn(token, principal.account, now);
    return {
      Credentials: credentialsOf(credentials, expiresAt),
      PackedPolicySize: packedSize([policy]),
      AssumedPrincipal: principalArn,
    };
  },
});
