/** Outbound web identity federation: an account's principals may get tokens that others can verify (sts:GetWebIdentityToken). */
import { uuid } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Call, Handlers } from '#platform/service.ts';
import { ALGORITHMS, type TokenIssuer } from '#services/iam/outbound-federation/issuer.ts';
import { tokenIssuers } from '#services/iam/outbound-federation/state.ts';
import type { IamParts } from '#services/iam/parts.ts';

const key = tokenIssuers.key();

const disabled = (): never =>
  fail('FeatureDisabled', 'Outbound web identity federation is not enabled for this account.');

/** Its keys are there, and shown, before the first token is asked for. */
const enable =
  (issuer: TokenIssuer) =>
  async (_input: object, call: Call): Promise<Model.EnableOutboundWebIdentityFederationResponse> => {
    await issuer.renewKeys(call.account, ALGORITHMS, call.now);
    const id = call.transact((tx) => {
      const row = tx.get(tokenIssuers, key);
      if (row?.isEnabled)
        fail('FeatureEnabled', 'Outbound web identity federation is already enabled for this account.');
      const enabled = { id: row?.id ?? uuid(), isEnabled: true };
      tx.put(tokenIssuers, key, enabled);
      return enabled.id;
    });
    return { IssuerIdentifier: issuer.issuerUrl(call.account, id) };
  };

const info =
  (issuer: TokenIssuer) =>
  (_input: object, { account }: Call): Model.GetOutboundWebIdentityFederationInfoResponse => ({
    IssuerIdentifier: issuer.issuerOf(account) ?? disabled(),
    JwtVendingEnabled: true,
  });

/** "This operation does not affect tokens that were issued before the feature was disabled." */
function disable(_input: object, { tx }: Call): void {
  const row = tx.get(tokenIssuers, key) ?? disabled();
  if (!row.isEnabled) disabled();
  tx.put(tokenIssuers, key, { ...row, isEnabled: false });
}

export const outboundFederationOperations = ({ tokenIssuer }: IamParts) =>
  ({
    EnableOutboundWebIdentityFederation: { handler: enable(tokenIssuer), steps: true, resource: () => '*' },
    GetOutboundWebIdentityFederationInfo: { handler: info(tokenIssuer), resource: () => '*' },
    DisableOutboundWebIdentityFederation: { handler: disable, resource: () => '*' },
  }) satisfies Partial<Handlers<IamOperations, object>>;
