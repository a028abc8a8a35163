/** Keys of OpenID Connect issuers, given by the operator where the cloud can't ask the issuer itself. */
import type * as Model from '#platform/model/generated/makonis.ts';
import type { Call, Handlers } from '#platform/service.ts';
import { OPERATOR, owner } from '#services/makonis/operator.ts';
import type { SuppliedKeys, SuppliedKeysApi } from '#services/sts/api.ts';

const issuerArn = (issuer: string): string => `arn:aws:makonis::${OPERATOR}:issuer/${issuer.replace('https://', '')}`;

const view = ({ issuer, keyIds, changedAt }: SuppliedKeys): Model.IssuerKeys => ({
  Issuer: issuer,
  KeyIds: keyIds,
  ChangedAt: changedAt,
});

export const issuerOperations = ({ issuerKeys }: { readonly issuerKeys: SuppliedKeysApi }) =>
  ({
    PutIssuerKeys: {
      handler: async ({ Issuer, KeySet }: Model.PutIssuerKeysRequest, call: Call) => ({
        IssuerKeys: view(await issuerKeys.put(Issuer, KeySet, call.now)),
      }),
      resource: ({ Issuer }: Model.PutIssuerKeysRequest) => issuerArn(Issuer),
      owner,
      steps: true,
    },
    DeleteIssuerKeys: {
      handler: async ({ Issuer }: Model.DeleteIssuerKeysRequest) => {
        await issuerKeys.remove(Issuer);
        return {};
      },
      resource: ({ Issuer }: Model.DeleteIssuerKeysRequest) => issuerArn(Issuer),
      owner,
      steps: true,
    },
    ListIssuerKeys: {
      handler: () => ({ Issuers: issuerKeys.list().map(view) }),
      resource: () => issuerArn('*'),
      owner,
      steps: true,
    },
  }) satisfies Partial<Handlers<Model.MakonisOperations, object>>;
