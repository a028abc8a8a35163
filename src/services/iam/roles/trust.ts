/**
 * Trust policies mean who stood behind an ARN when they were written, as all policies that name principals do
 * (platform/policy/principal-ids.ts), of whichever account of this cloud.
 *
 * More is asked of one that is written than of one that decides: what was taken before a rule came stays in force.
 */
import type { ActionCatalogue } from '#platform/model/actions.ts';
import type { PolicyDocument } from '#platform/policy/document.ts';
import { malformed } from '#platform/policy/names.ts';
import { parsePolicy, policySize } from '#platform/policy/parse.ts';
import { asOfNow, byId, type PrincipalDirectory, savedPrincipals } from '#platform/policy/principal-ids.ts';
import type { Call } from '#platform/service.ts';
import { limitExceeded } from '#services/iam/errors.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { checkSharedProviders } from '#services/iam/roles/shared-providers.ts';
import { isService } from '#services/iam/roles/trusted-services.ts';
import type { RoleRow } from '#services/iam/state.ts';

const TRUST_POLICY_LENGTH = 'L-C07B4B0D';

type TrustColumns = Pick<RoleRow, 'trustPolicy' | 'trusted'>;

/** What roles take to be written and shown. */
export interface Trusts {
  readonly principals: PrincipalDirectory;
  /** Throws MalformedPolicyDocument for what is not a trust policy, or names somebody who is not there; or LimitExceeded. */
  checked(document: string, call: Pick<Call, 'quota'>): TrustColumns;
}

export const trustsOf = ({ identity: { principals }, actions }: Pick<IamParts, 'identity' | 'actions'>): Trusts => ({
  principals,
  checked(text, call) {
    if (/^\s/.test(text)) throw malformed('JSON strings must not have leading spaces');
    const policy = parsePolicy(text, 'trust');
    checkNames(policy.document, actions);
    checkSharedProviders(policy);
    const limit = call.quota(TRUST_POLICY_LENGTH);
    if (policySize(text) > limit) limitExceeded('ACLSizePerRole', limit);
    const trusted = savedPrincipals(principals, policy, (arn) => unknownPrincipal('AWS', arn));
    return { trustPolicy: text, trusted };
  },
});

function checkNames({ statements }: PolicyDocument, actions: () => ActionCatalogue): void {
  for (const { principal } of statements) {
    const named = principal?.principals;
    // `{ "AWS": "*" }` is taken (aws/aws-cdk, "AnyPrincipal").
    if (named === '*') throw malformed('AssumeRolepolicy contained an invalid principal: "STAR":"*".');
    const unknown = (named?.Service ?? []).find((service) => !isService(service, actions()));
    if (unknown !== undefined) unknownPrincipal('SERVICE', unknown);
  }
}

const unknownPrincipal = (type: string, name: string): never => {
  throw malformed(`Invalid principal in policy: "${type}":"${name}"`);
};

/** The policy that decides. */
export const trustInForce = ({ trustPolicy, trusted = {} }: RoleRow): string => byId(trustPolicy, trusted);

/** The policy as it is shown: of who is gone there is the bare id. */
export const shownTrust = (principals: PrincipalDirectory, { trustPolicy, trusted = {} }: RoleRow): string =>
  asOfNow(trustPolicy, trusted, principals);
