import type { AccountId } from '#platform/base/ids.ts';
import type { Kind } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { oidcProviderArn, oidcProviders, oidcUrlOfArn } from '#services/iam/oidc-providers/state.ts';
import { tagList } from '#services/iam/tags.ts';

// Providers lie in partitions of accounts.
const accountOf = (tx: ReadTransaction): AccountId => tx.partition.name.account as AccountId;

export const oidcProviderKind: Kind = {
  name: 'oidc-provider',
  cloudFormationType: 'AWS::IAM::OIDCProvider',
  list: (tx, after, limit) =>
    tx
      .range(oidcProviders, { limit, ...(after !== undefined && { after: oidcProviders.key(oidcUrlOfArn(after)) }) })
      .map(({ row }) => oidcProviderArn(accountOf(tx), row.url)),
  exists: (tx, arn) => {
    const prefix = oidcProviderArn(accountOf(tx), '');
    return arn.startsWith(prefix) && tx.get(oidcProviders, oidcProviders.key(arn.slice(prefix.length))) !== undefined;
  },
  tagging: {
    tag: {
      operation: 'TagOpenIDConnectProvider',
      input: (arn, tags) => ({ OpenIDConnectProviderArn: arn, Tags: tagList(tags) }),
    },
    untag: {
      operation: 'UntagOpenIDConnectProvider',
      input: (arn, keys) => ({ OpenIDConnectProviderArn: arn, TagKeys: [...keys] }),
    },
  },
  remove: { operation: 'DeleteOpenIDConnectProvider', input: (arn) => ({ OpenIDConnectProviderArn: arn }) },
  holdsData: false,
};
