/** IAM as STS sees it: roles with their trust policies, checks of session policies, and the issue of session tokens. */
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import { parsePolicy } from '#platform/policy/parse.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Store } from '#platform/store/store.ts';
import type { OidcProviderView, RoleView, SamlProviderView, SessionsApi } from '#services/iam/api.ts';
import type { IamIdentity } from '#services/iam/identity/identity.ts';
import { accountMemory } from '#services/iam/identity/memory.ts';
import { sessionTokens } from '#services/iam/identity/session-tokens.ts';
import { deviceOf, isAssigned, takeCode } from '#services/iam/mfa/devices.ts';
import { entityArn, nameKey, nameOfArn } from '#services/iam/names.ts';
import { oidcProviderArn, oidcProviders } from '#services/iam/oidc-providers/state.ts';
import { managedDocument } from '#services/iam/policies/managed-policies.ts';
import { trustInForce } from '#services/iam/roles/trust.ts';
import { samlProviderArn, samlProviders, sealedPlace } from '#services/iam/saml-providers/state.ts';
import { partitionOf, roles } from '#services/iam/state.ts';
import { globalTokenVersion } from '#services/iam/token-preferences/token-preferences.ts';

export function createSessions(store: Store, sealer: Sealer, identity: IamIdentity): SessionsApi {
  const tokens = sessionTokens(sealer);

  function role(arn: string): RoleView | undefined {
    const account = parseArn(arn)?.account ?? '';
    if (!isAccountId(account) || !identity.isAccount(account)) return undefined;
    const partition = partitionOf(store, account);
    const kept = partition.memory(accountMemory).roles;
    let view = kept.get(arn);
    if (!view) {
      view = partition.read((tx) => {
        const row = tx.get(roles, roles.key(nameKey(nameOfArn(arn))));
        if (!row || entityArn(account, 'role', row) !== arn) return undefined;
        const { id, name, maxSessionSeconds } = row;
        const trust = compiledPolicy(trustInForce(row), 'trust');
        return { account, id, name, arn, maxSessionSeconds, trust };
      });
      if (!view) return undefined;
      kept.set(arn, view);
    }
    return view;
  }

  function oidcProvider(account: AccountId, url: string): OidcProviderView | undefined {
    if (!identity.isAccount(account)) return undefined;
    const row = partitionOf(store, account).read((tx) => tx.get(oidcProviders, oidcProviders.key(url)));
    return row && { ...row, account, arn: oidcProviderArn(account, row.url) };
  }

  function samlProvider(arn: string): SamlProviderView | undefined {
    const { account = '', resource = '' } = parseArn(arn) ?? {};
    if (!isAccountId(account) || !identity.isAccount(account)) return undefined;
    const name = resource.replace(/^saml-provider\//, '');
    const row = partitionOf(store, account).read((tx) => tx.get(samlProviders, samlProviders.key(name)));
    if (!row || samlProviderArn(account, row.name) !== arn) return undefined;
    const privateKeys = () =>
      row.privateKeys.map(({ id, sealed }) => sealer.open(sealed, sealedPlace(account, id)).toString('utf8'));
    return { ...row, arn, account, privateKeys };
  }

  return {
    role,
    oidcProvider,
    samlProvider,
    checkSessionPolicy: (document) => void parsePolicy(document, 'identity'),
    managedPolicy: (account, arn) => partitionOf(store, account).read((tx) => managedDocument(tx, account, arn)),
    issue: tokens.issue,
    takeMfaCode(account, { owner, serial, code }, now) {
      return partitionOf(store, account).transact((tx) => {
        const device = deviceOf(tx, serial);
        if (!isAssigned(device) || device.assigned.owner !== owner) return 'no-device';
        return takeCode(tx, sealer, account, { devices: [device], code, now }) ? 'taken' : 'wrong';
      });
    },
    globalTokenVersion: (account) => partitionOf(store, account).read(globalTokenVersion),
    tagsOf: (principal) => identity.tagsOf(principal),
    accountOfKey: (accessKeyId) => identity.accountOfKey(accessKeyId),
    durable: (account) => identity.durable(account),
  };
}
