/**
 * OpenID Connect providers: whose tokens AssumeRoleWithWebIdentity takes. IAM keeps the issuer's URL, the client ids that tokens may be
 * for, and thumbprints that stand in where no known authority vouches for the issuer's servers.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { type Egress, EgressError } from '#platform/egress/egress.ts';
import { thumbprintOf } from '#platform/egress/tls.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, tagsOf } from '#platform/tags.ts';
import { invalidInput, limitExceeded } from '#services/iam/errors.ts';
import {
  type OidcProviderRow,
  oidcProviderArn,
  oidcProviders,
  oidcUrl,
  oidcUrlOfArn,
} from '#services/iam/oidc-providers/state.ts';
import { namedRows } from '#services/iam/paging.ts';
import { addToCount, countOf, wholeSecond } from '#services/iam/state.ts';
import { tagList, writeTags } from '#services/iam/tags.ts';

const PROVIDERS_PER_ACCOUNT = 'L-858F3967';
const MOST_CLIENT_IDS = 100;
const MOST_THUMBPRINTS = 5;

interface ByArn {
  readonly OpenIDConnectProviderArn: string;
}

function providerOf(tx: ReadTransaction, { OpenIDConnectProviderArn: arn }: ByArn, { account }: Call): OidcProviderRow {
  const row = tx.get(oidcProviders, oidcProviders.key(oidcUrlOfArn(arn)));
  const isOwn = row !== undefined && oidcProviderArn(account, row.url) === arn;
  return isOwn ? row : fail('NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`);
}

const put = (tx: Transaction, row: OidcProviderRow): void => tx.put(oidcProviders, oidcProviders.key(row.url), row);

/** The ARN, of a provider that is there. */
export const arnOfProvider = (input: ByArn, call: Call): string =>
  oidcProviderArn(call.account, providerOf(call.tx, input, call).url);

export const createOidcProvider =
  (egress: Egress) =>
  async (
    input: Model.CreateOpenIDConnectProviderRequest,
    call: Call,
  ): Promise<Model.CreateOpenIDConnectProviderResponse> => {
    const url = oidcUrl(input.Url);
    const clientIds = [...new Set(input.ClientIDList)];
    if (clientIds.length > MOST_CLIENT_IDS) tooManyClientIds();
    const given = checkedThumbprints(input.ThumbprintList ?? []);
    const thumbprints = given.length > 0 ? given : [await topThumbprint(egress, call.account, input.Url)];
    const most = call.quota(PROVIDERS_PER_ACCOUNT);
    const arn = oidcProviderArn(call.account, url);
    return call.transact((tx) => {
      if (tx.get(oidcProviders, oidcProviders.key(url))) {
        fail('EntityAlreadyExists', `Provider with url ${input.Url} already exists.`);
      }
      if (countOf(tx, 'oidc-provider') >= most) limitExceeded('OpenIdConnectProvidersPerAccount', most);
      put(tx, { url, clientIds, thumbprints, createdAt: wholeSecond(call.now) });
      addToCount(tx, 'oidc-provider', 1);
      writeTags(tx, arn, input.Tags);
      const tags = tagList(tagsOf(tx, arn));
      return { OpenIDConnectProviderArn: arn, ...(tags.length > 0 && { Tags: tags }) };
    });
  };

const tooManyClientIds = (): never => limitExceeded('ClientIdsPerOpenIdConnectProvider', MOST_CLIENT_IDS);

function checkedThumbprints(list: readonly string[]): string[] {
  const thumbprints = [...new Set(list.map((thumbprint) => thumbprint.toLowerCase()))];
  if (thumbprints.some((thumbprint) => !/^[0-9a-f]{40}$/.test(thumbprint))) invalidInput('Invalid thumbprint format');
  if (thumbprints.length > MOST_THUMBPRINTS) {
    invalidInput(`Thumbprint list must contain fewer than ${MOST_THUMBPRINTS} entries.`);
  }
  return thumbprints;
}

/** "If it is not included, IAM will retrieve and use the top intermediate certificate authority (CA) thumbprint." */
async function topThumbprint(egress: Egress, account: AccountId, url: string): Promise<string> {
  try {
    const top = (await egress.certificates(url, { account })).at(-1);
    if (top !== undefined) return thumbprintOf(top);
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
  }
  return fail('OpenIdIdpCommunicationError', `Unable to connect to the OpenID Connect identity provider ${url}`);
}

export function getOidcProvider(
  input: Model.GetOpenIDConnectProviderRequest,
  call: Call,
): Model.GetOpenIDConnectProviderResponse {
  const row = providerOf(call.tx, input, call);
  return {
    Url: row.url,
    ClientIDList: [...row.clientIds],
    ThumbprintList: [...row.thumbprints],
    CreateDate: row.createdAt,
    Tags: tagList(tagsOf(call.tx, oidcProviderArn(call.account, row.url))),
  };
}

export function listOidcProviders(_input: object, { tx, account }: Call): Model.ListOpenIDConnectProvidersResponse {
  const urls = [...namedRows(tx, oidcProviders, undefined)].map(([url]) => url);
  return { OpenIDConnectProviderList: urls.map((url) => ({ Arn: oidcProviderArn(account, url) })) };
}

/** "This operation is idempotent." */
export function addClientId(input: Model.AddClientIDToOpenIDConnectProviderRequest, call: Call): void {
  const row = providerOf(call.tx, input, call);
  const clientIds = [...new Set([...row.clientIds, input.ClientID])];
  if (clientIds.length > MOST_CLIENT_IDS) tooManyClientIds();
  put(call.tx, { ...row, clientIds });
}

/** "This operation is idempotent." */
export function removeClientId(input: Model.RemoveClientIDFromOpenIDConnectProviderRequest, call: Call): void {
  const row = providerOf(call.tx, input, call);
  put(call.tx, { ...row, clientIds: row.clientIds.filter((id) => id !== input.ClientID) });
}

export function updateThumbprints(input: Model.UpdateOpenIDConnectProviderThumbprintRequest, call: Call): void {
  const row = providerOf(call.tx, input, call);
  const thumbprints = checkedThumbprints(input.ThumbprintList);
  if (thumbprints.length === 0) invalidInput('Thumbprint list must contain at least one entry.');
  put(call.tx, { ...row, thumbprints });
}

/** "This operation is idempotent." Roles that trust the provider stay as they are, and nobody comes in by it any more. */
export function deleteOidcProvider({ OpenIDConnectProviderArn: arn }: ByArn, { tx, account }: Call): void {
  const url = oidcUrlOfArn(arn);
  const key = oidcProviders.key(url);
  if (oidcProviderArn(account, url) !== arn || tx.get(oidcProviders, key) === undefined) return;
  tx.delete(oidcProviders, key);
  addToCount(tx, 'oidc-provider', -1);
  deleteTags(tx, arn);
}
