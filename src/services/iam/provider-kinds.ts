/** The kinds of identity providers, which are known by ARN alone. */
import type { AccountId } from '#platform/base/ids.ts';
import type { Kind } from '#platform/service.ts';
import type { Table } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { oidcProviderArn, oidcProviders } from '#services/iam/oidc-providers/state.ts';
import { samlProviderArn, samlProviders } from '#services/iam/saml-providers/state.ts';
import { tagList } from '#services/iam/tags.ts';

interface ProviderKind {
  readonly name: string;
  readonly cloudFormationType: string;
  /** `OpenIDConnectProvider`, as operations are named. */
  readonly noun: string;
  readonly table: Table<unknown, [string]>;
  readonly arnOf: (account: AccountId, key: string) => string;
}

function kindOf({ name, cloudFormationType, noun, table, arnOf }: ProviderKind): Kind {
  const member = `${noun}Arn`;
  // Providers lie in partitions of accounts.
  const arnIn = (tx: ReadTransaction, key: string): string => arnOf(tx.partition.name.account as AccountId, key);
  const keyIn = (tx: ReadTransaction, arn: string): string => arn.slice(arnIn(tx, '').length);
  return {
    name,
    cloudFormationType,
    list: (tx, after, limit) =>
      tx
        .range(table, { limit, ...(after !== undefined && { after: table.key(keyIn(tx, after)) }) })
        .map(({ key }) => arnIn(tx, table.parts(key)[0])),
    exists: (tx, arn) => arn.startsWith(arnIn(tx, '')) && tx.get(table, table.key(keyIn(tx, arn))) !== undefined,
    tagging: {
      tag: { operation: `Tag${noun}`, input: (arn, tags) => ({ [member]: arn, Tags: tagList(tags) }) },
      untag: { operation: `Untag${noun}`, input: (arn, keys) => ({ [member]: arn, TagKeys: [...keys] }) },
    },
    remove: { operation: `Delete${noun}`, input: (arn) => ({ [member]: arn }) },
    holdsData: false,
  };
}

export const providerKinds = {
  'oidc-provider': kindOf({
    name: 'oidc-provider',
    cloudFormationType: 'AWS::IAM::OIDCProvider',
    noun: 'OpenIDConnectProvider',
    table: oidcProviders,
    arnOf: oidcProviderArn,
  }),
  'saml-provider': kindOf({
    name: 'saml-provider',
    cloudFormationType: 'AWS::IAM::SAMLProvider',
    noun: 'SAMLProvider',
    table: samlProviders,
    arnOf: samlProviderArn,
  }),
};
