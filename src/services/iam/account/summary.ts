/** GetAccountSummary: what there is in the account and how much there may be. */
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call } from '#platform/service.ts';
import { keysOf } from '#services/iam/access-keys/keys.ts';
import { hasMfa, passwordOf } from '#services/iam/account/sign-in-facts.ts';
import { SIGNING_CERTIFICATES_PER_USER } from '#services/iam/limits.ts';
import { GROUP, ROLE, USER } from '#services/iam/owners.ts';
import { MANAGED_LIMIT } from '#services/iam/policies/documents.ts';
import { MOST_VERSIONS } from '#services/iam/policies/policy-versions.ts';
import { certificatesOf } from '#services/iam/signing-certificates/signing-certificates.ts';
import { countOf, ROOT_OWNER } from '#services/iam/state.ts';
import { globalTokenVersion } from '#services/iam/token-preferences/token-preferences.ts';

/** "Policy versions in use": AWS's limit of all versions of all policies. */
const VERSIONS_IN_USE = 10_000;

export function getAccountSummary(_input: object, call: Call): Model.GetAccountSummaryResponse {
  const { tx } = call;
  const present = (is: boolean): number => (is ? 1 : 0);
  return {
    SummaryMap: {
      Users: countOf(tx, 'user'),
      UsersQuota: call.quota('L-F55AF5E4'),
      Groups: countOf(tx, 'group'),
      GroupsQuota: call.quota('L-F4A5425F'),
      Roles: countOf(tx, 'role'),
      RolesQuota: call.quota('L-FE177D64'),
      Policies: countOf(tx, 'policy'),
      PoliciesQuota: call.quota('L-E95E4862'),
      InstanceProfiles: countOf(tx, 'instance-profile'),
      InstanceProfilesQuota: call.quota('L-6E65F664'),
      ServerCertificates: countOf(tx, 'server-certificate'),
      ServerCertificatesQuota: call.quota('L-BF35879D'),
      PolicyVersionsInUse: countOf(tx, 'policy-version'),
      PolicyVersionsInUseQuota: VERSIONS_IN_USE,
      VersionsPerPolicyQuota: MOST_VERSIONS,
      PolicySizeQuota: MANAGED_LIMIT,
      UserPolicySizeQuota: USER.inlineLimit,
      GroupPolicySizeQuota: GROUP.inlineLimit,
      RolePolicySizeQuota: ROLE.inlineLimit,
      AssumeRolePolicySizeQuota: call.quota('L-C07B4B0D'),
      AttachedPoliciesPerUserQuota: call.quota(USER.attachments.quota),
      AttachedPoliciesPerGroupQuota: call.quota(GROUP.attachments.quota),
      AttachedPoliciesPerRoleQuota: call.quota(ROLE.attachments.quota),
      GroupsPerUserQuota: call.quota('L-7A1621EC'),
      AccessKeysPerUserQuota: call.quota('L-8758042E'),
      SigningCertificatesPerUserQuota: SIGNING_CERTIFICATES_PER_USER,
      MFADevices: countOf(tx, 'mfa-device'),
      MFADevicesInUse: countOf(tx, 'mfa-device-in-use'),
      AccountMFAEnabled: present(hasMfa(tx, ROOT_OWNER)),
      AccountPasswordPresent: present(passwordOf(tx, ROOT_OWNER) !== undefined),
      AccountAccessKeysPresent: present(keysOf(tx, ROOT_OWNER).length > 0),
      AccountSigningCertificatesPresent: present(certificatesOf(tx, ROOT_OWNER).length > 0),
      Providers: countOf(tx, 'oidc-provider') + countOf(tx, 'saml-provider'),
      GlobalEndpointTokenVersion: globalTokenVersion(tx),
    },
  };
}
