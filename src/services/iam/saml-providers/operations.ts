/** The table of the operations on SAML providers. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import type { IamParts } from '#services/iam/parts.ts';
import {
  arnOfProvider,
  createSamlProvider,
  deleteSamlProvider,
  getSamlProvider,
  listSamlProviders,
  updateSamlProvider,
} from '#services/iam/saml-providers/saml-providers.ts';
import { samlProviderArn } from '#services/iam/saml-providers/state.ts';
import { listTags, tag, untag } from '#services/iam/tags.ts';

const provider = ({ SAMLProviderArn: arn }: { readonly SAMLProviderArn: string }): string => arn;

export const samlProviderOperations = ({ sealer, pages }: IamParts) =>
  ({
    // Documents are parsed by a package that loads at first use.
    CreateSAMLProvider: {
      handler: createSamlProvider(sealer),
      steps: true,
      resource: ({ Name }, { account }) => samlProviderArn(account, Name),
    },
    UpdateSAMLProvider: { handler: updateSamlProvider(sealer), steps: true, resource: provider },
    GetSAMLProvider: { handler: getSamlProvider, resource: provider },
    ListSAMLProviders: { handler: listSamlProviders, resource: () => '*' },
    DeleteSAMLProvider: { handler: deleteSamlProvider, resource: provider },

    TagSAMLProvider: { handler: tag(arnOfProvider), resource: provider },
    UntagSAMLProvider: { handler: untag(arnOfProvider), resource: provider },
    ListSAMLProviderTags: { handler: listTags(pages, arnOfProvider), resource: provider },
  }) satisfies Partial<Handlers<IamOperations, object>>;
