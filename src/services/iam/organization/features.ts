/** Centralized root access: whether the management account may work on its members' root users, and for what. */
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call } from '#platform/service.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { ReadTransaction, Store } from '#platform/store/store.ts';
import { type Organization, organizationOf } from '#services/iam/organization/organization.ts';
import { EMPTY } from '#services/iam/state.ts';

export type Feature = Model.FeatureType;

/** In the management account's partition: those that are on. */
const features = table('organization-feature', [text], jsonRows<Readonly<Record<string, never>>>(1));

export const isEnabled = (tx: ReadTransaction, feature: Feature): boolean =>
  tx.get(features, features.key(feature)) !== undefined;

/** Throws unless `account` may see to its organization's root access; `isChange`: to switch it on. */
export function checkAdministrator(
  organization: Organization | undefined,
  account: AccountId,
  isChange: boolean,
): Organization {
  if (!organization) return fail('OrganizationNotFoundException', 'No organization is associated with your account.');
  const isManagement = organization.managementAccount === account;
  if (!isManagement && !organization.administrators.includes(account)) {
    const who = 'the management account or delegated administrator account for centralized root access';
    fail('AccountNotManagementOrDelegatedAdministratorException', `The account making the request is not ${who}.`);
  }
  if (!isManagement && isChange) {
    const who = 'the management account for the organization';
    fail('CallerIsNotManagementAccountException', `The account making the request is not ${who}.`);
  }
  if (!organization.hasAllFeatures) {
    fail('OrganizationNotInAllFeaturesModeException', 'Your organization does not have All features enabled.');
  }
  if (!organization.trustsIam) {
    fail('ServiceAccessNotEnabledException', 'Trusted access is not enabled for IAM in Organizations.');
  }
  return organization;
}

interface Answer {
  readonly OrganizationId: string;
  readonly EnabledFeatures: Feature[];
}

// Delegated administrators will read the rows of the management account; until there are any, they are the caller's own.
const answer = (tx: ReadTransaction, { id }: Organization): Answer => ({
  OrganizationId: id,
  EnabledFeatures: tx.range(features).map(({ key }) => features.parts(key)[0] as Feature),
});

export const listOrganizationsFeatures =
  (store: Store) =>
  (_input: object, { tx, account }: Call): Answer =>
    answer(tx, checkAdministrator(organizationOf(store, account), account, false));

export const enableFeature =
  (store: Store, feature: Feature) =>
  (_input: object, { tx, account }: Call): Answer => {
    const organization = checkAdministrator(organizationOf(store, account), account, true);
    tx.put(features, features.key(feature), EMPTY);
    return answer(tx, organization);
  };

export const disableFeature =
  (store: Store, feature: Feature) =>
  (_input: object, { tx, account }: Call): Answer => {
    const organization = checkAdministrator(organizationOf(store, account), account, false);
    tx.delete(features, features.key(feature));
    return answer(tx, organization);
  };
