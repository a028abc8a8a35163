/** The table of the operations on OpenID Connect providers. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import {
  addClientId,
  arnOfProvider,
  createOidcProvider,
  deleteOidcProvider,
  getOidcProvider,
  listOidcProviders,
  removeClientId,
  updateThumbprints,
} from '#services/iam/oidc-providers/oidc-providers.ts';
import { oidcProviderArn } from '#services/iam/oidc-providers/state.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { listTags, tag, untag } from '#services/iam/tags.ts';

const provider = ({ OpenIDConnectProviderArn: arn }: { readonly OpenIDConnectProviderArn: string }): string => arn;

export const oidcProviderOperations = ({ pages, egress }: IamParts) =>
  ({
    CreateOpenIDConnectProvider: {
      handler: createOidcProvider(egress),
      steps: true,
      resource: ({ Url }, { account }) => oidcProviderArn(account, Url.replace(/^https:\/\//, '')),
    },
    GetOpenIDConnectProvider: { handler: getOidcProvider, resource: provider },
    ListOpenIDConnectProviders: { handler: listOidcProviders, resource: () => '*' },
    AddClientIDToOpenIDConnectProvider: { handler: addClientId, resource: provider },
    RemoveClientIDFromOpenIDConnectProvider: { handler: removeClientId, resource: provider },
    UpdateOpenIDConnectProviderThumbprint: { handler: updateThumbprints, resource: provider },
    DeleteOpenIDConnectProvider: { handler: deleteOidcProvider, resource: provider },

    TagOpenIDConnectProvider: { handler: tag(arnOfProvider), resource: provider },
    UntagOpenIDConnectProvider: { handler: untag(arnOfProvider), resource: provider },
    ListOpenIDConnectProviderTags: { handler: listTags(pages, arnOfProvider), resource: provider },
  }) satisfies Partial<Handlers<IamOperations, object>>;
