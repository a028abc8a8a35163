/**
 * Whom a resource policy speaks of. A caller goes by several names: a role session is itself, its role, and a member of its
 * account. By which of them a policy knows it decides how far an Allow reaches (IAM User Guide, "Policy evaluation logic",
 * resource-based policies):
 *
 * - `direct`: the user, the session, or everyone (`*`). Within one account nothing but an explicit deny takes it back.
 * - `entity`: the role of a session, the user behind a federated user, or behind a session that has policies of its own. It
 *   stands in for an identity policy, but the permissions boundary and the session policies still limit it.
 * - `account`: hands the right on to the account, whose identity policies must grant it.
 */
import type { PrincipalElement } from '#platform/policy/document.ts';
import type { Principal, RootPrincipal, UserPrincipal } from '#platform/principal.ts';

export type Grant = 'none' | 'account' | 'entity' | 'direct';

/** The names of one caller, computed once a request. */
export interface Caller {
  /** ARN and unique id of the user or session, service name, identity provider. */
  readonly direct: readonly string[];
  readonly entity: readonly string[];
  readonly account: string | undefined;
  readonly service: string | undefined;
  /** The identity provider that vouches for a caller without AWS credentials (AssumeRoleWithWebIdentity, …WithSAML). */
  readonly federated: string | undefined;
  /** S3's name for the caller's account. */
  readonly canonicalUser: string | undefined;
}

export interface PrincipalMatcher {
  readonly negated: boolean;
  readonly everyone: boolean;
  /** ARNs, unique ids and, for accounts, twelve digits. */
  readonly aws: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
  readonly federated: ReadonlySet<string>;
  readonly canonicalUsers: ReadonlySet<string>;
}

const NONE: readonly string[] = [];

export function callerOf(principal: Principal, canonicalUser?: string): Caller {
  const federated = principal.kind === 'external' ? principal.provider : undefined;
  const service = principal.kind === 'service' ? principal.service : undefined;
  const account = 'account' in principal ? principal.account : undefined;
  return { direct: directNames(principal), entity: entityNames(principal), account, service, federated, canonicalUser };
}

function directNames(principal: Principal): readonly string[] {
  switch (principal.kind) {
    // A root user is named by its account.
    case 'root':
      return isLimited(principal) ? NONE : [principal.account];
    case 'user':
      return isLimited(principal) ? NONE : [principal.arn, principal.userId];
    case 'role-session':
    case 'federated-user':
      return [principal.arn];
    default:
      return NONE;
  }
}

/** By session policies: what policies say of the user was not said of this session of somebody else's (a delegation). */
const isLimited = ({ session }: RootPrincipal | UserPrincipal): boolean =>
  session?.policy !== undefined || session?.policyArns !== undefined;

function entityNames(principal: Principal): readonly string[] {
  if (principal.kind === 'user' && isLimited(principal)) return [principal.arn, principal.userId];
  if (principal.kind === 'role-session') return [principal.roleArn, principal.roleId];
  if (principal.kind === 'federated-user') {
    const { issuerArn, issuerId } = principal.session;
    return [issuerArn, issuerId].filter((name) => name !== undefined);
  }
  return NONE;
}

export function compilePrincipals(element: { negated: boolean; principals: PrincipalElement }): PrincipalMatcher {
  const { negated, principals } = element;
  const listed = principals === '*' ? {} : principals;
  const aws = listed.AWS ?? [];
  return {
    negated,
    // `"Principal": "*"` and `"Principal": {"AWS": "*"}` are equivalent (Principal element, "All principals").
    everyone: principals === '*' || aws.includes('*'),
    aws: new Set(aws.map(accountOfRoot)),
    services: new Set(listed.Service),
    federated: new Set(listed.Federated),
    canonicalUsers: new Set(listed.CanonicalUser),
  };
}

/** The account's ARN and its bare id behave the same way. */
const accountOfRoot = (name: string): string => /^arn:[^:]+:iam::(\d{12}):root$/.exec(name)?.[1] ?? name;

/** How far an Allow with this principal element reaches the caller. */
export function grantTo(caller: Caller, matcher: PrincipalMatcher): Grant {
  const grant = listedAs(caller, matcher);
  if (!matcher.negated) return grant;
  // "Allows all principals except the one named": none of the caller's names may be listed.
  return grant === 'none' ? 'direct' : 'none';
}

/** Does a Deny with this principal element speak of the caller? */
export function isDenied(caller: Caller, matcher: PrincipalMatcher): boolean {
  if (!matcher.negated) return listedAs(caller, matcher) !== 'none';
  return !isExcepted(caller, matcher);
}

function listedAs(caller: Caller, matcher: PrincipalMatcher): Grant {
  if (matcher.everyone) return 'direct';
  const { aws } = matcher;
  if (aws.size > 0) {
    for (const name of caller.direct) if (aws.has(name)) return 'direct';
  }
  if (caller.service !== undefined && isListed(matcher.services, caller.service)) return 'direct';
  if (caller.federated !== undefined && isListed(matcher.federated, caller.federated)) return 'direct';
  if (aws.size > 0) {
    for (const name of caller.entity) if (aws.has(name)) return 'entity';
    if (caller.account !== undefined && aws.has(caller.account)) return 'account';
  }
  if (caller.canonicalUser !== undefined && matcher.canonicalUsers.has(caller.canonicalUser)) return 'account';
  return 'none';
}

const isListed = (names: ReadonlySet<string>, name: string): boolean => names.has(name) || names.has('*');

/**
 * NotPrincipal with Deny: "AWS might validate the account first, then the role, and then the assumed-role user", so the
 * exception holds only when each of the caller's names is listed.
 */
function isExcepted(caller: Caller, matcher: PrincipalMatcher): boolean {
  if (matcher.everyone) return true;
  if (caller.service !== undefined) return isListed(matcher.services, caller.service);
  if (caller.federated !== undefined) return isListed(matcher.federated, caller.federated);
  if (caller.account === undefined) return false;
  const { aws } = matcher;
  const named = (names: readonly string[]): boolean => names.length === 0 || names.some((name) => aws.has(name));
  if (caller.canonicalUser !== undefined && matcher.canonicalUsers.has(caller.canonicalUser)) return true;
  return aws.has(caller.account) && named(caller.entity) && named(caller.direct);
}
