/**
 * The decision: may this principal do this action on this resource? It follows AWS's documented logic (IAM User Guide,
 * "Policy evaluation logic" and "Cross-account policy evaluation logic"), in this order:
 *
 *   1. A Deny in any policy ends it.
 *   2. Each level of the organization must allow: resource control policies above the resource, service control policies
 *      above the caller; then the VPC endpoint that the request came through.
 *   3. The resource's own policy. Within the account it may suffice (see principals.ts for how far a grant reaches);
 *      across accounts, and where the resource's policy is the root of trust, it must allow.
 *   4. The caller's identity policies (a root user needs none), then its permissions boundary and its session policies.
 *   5. If that was not enough: grants on the resource, in place of what 3 and 4 lacked (grants.ts).
 *
 * The caller supplies compiled policies and a function that answers condition keys; nothing here reads the store.
 */
import { denialMessage, type PolicyType } from '#platform/policy/denial.ts';
import { farther, grantedTo, type ResourceGrant } from '#platform/policy/grants.ts';
import type { CompiledPolicy, Statement } from '#platform/policy/parse.ts';
import { type Caller, callerOf, type Grant, grantTo, isDenied } from '#platform/policy/principals.ts';
import type { Context } from '#platform/policy/variables.ts';
import type { Principal } from '#platform/principal.ts';

/** One entry a level (root, unit, account); each level must allow. */
export type Levels = readonly (readonly CompiledPolicy[])[];

/** All policies that speak about a principal, apart from the resource's own. */
export interface PrincipalPolicies {
  /** Attached and inline ones of the user, its groups, or the role. */
  readonly identity: readonly CompiledPolicy[];
  /** Undefined: no permissions boundary. */
  readonly boundary?: CompiledPolicy;
  /** Undefined: the session has no session policies. */
  readonly session?: readonly CompiledPolicy[];
  /** Undefined: no organization, or one that does not bind this principal (management account, service-linked role). */
  readonly serviceControl?: Levels;
}

export interface AuthorizationRequest {
  readonly principal: Principal;
  readonly policies: PrincipalPolicies;
  /** `sqs:SendMessage` */
  readonly action: string;
  readonly resource: string;
  /** The account that owns the resource. */
  readonly resourceAccount: string;
  readonly resourcePolicy?: CompiledPolicy | undefined;
  /** The resource's policy is the only root of trust (KMS keys): without its consent nobody has rights. Trust policies imply it. */
  readonly resourcePolicyRequired?: boolean;
  /** Grants on the resource that may concern the caller. */
  readonly grants?: (() => readonly ResourceGrant[]) | undefined;
  /** Undefined: the resource's account has no organization, or is its management account. */
  readonly resourceControl?: Levels;
  readonly endpointPolicy?: CompiledPolicy;
  /** S3's name for the caller's account. */
  readonly canonicalUser?: string | undefined;
  /** Condition keys in lower case -> values; undefined where the request has none. */
  readonly context: Context;
}

export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly message: string; readonly explicit: boolean; readonly policy: PolicyType };

/** What is asked of each statement. */
export interface Inquiry {
  /** In lower case. */
  readonly action: string;
  readonly resource: string;
  readonly context: Context;
  readonly caller: Caller;
}

const ALLOWED: Decision = { allowed: true };
const NO_POLICIES: readonly CompiledPolicy[] = [];

export function inquiryOf(request: AuthorizationRequest): Inquiry {
  const action = request.action.toLowerCase();
  const { resource, context, principal, canonicalUser } = request;
  const caller = callerOf(principal, canonicalUser);
  return { action, resource, context, caller };
}

export function evaluate(request: AuthorizationRequest): Decision {
  const inquiry = inquiryOf(request);
  const denier = explicitDenier(request, inquiry);
  if (denier !== undefined) return refusal(request, denier, true);
  const lacking = lackingConsent(request, inquiry, 'none');
  if (lacking === undefined) return ALLOWED;
  const granted = request.grants ? grantedTo(request.grants(), inquiry.caller, inquiry.action) : 'none';
  const stillLacking = granted === 'none' ? lacking : lackingConsent(request, inquiry, granted);
  return stillLacking === undefined ? ALLOWED : refusal(request, stillLacking, false);
}

const refusal = (request: AuthorizationRequest, policy: PolicyType, explicit: boolean): Decision => ({
  allowed: false,
  message: denialMessage(request.principal, request.action, request.resource, policy, explicit),
  explicit,
  policy,
});

/** AWS names one type of policy in its refusal, however many deny. */
function explicitDenier(request: AuthorizationRequest, inquiry: Inquiry): PolicyType | undefined {
  const { policies, resourcePolicy, endpointPolicy } = request;
  if (anyLevelDenies(request.resourceControl, inquiry)) return 'resource-control';
  if (anyLevelDenies(policies.serviceControl, inquiry)) return 'service-control';
  if (endpointPolicy !== undefined && denies(endpointPolicy, inquiry)) return 'endpoint';
  if (resourcePolicy !== undefined && !isUnlocking(request, inquiry) && denies(resourcePolicy, inquiry)) {
    return typeOfResourcePolicy(request);
  }
  if (anyDenies(policies.identity, inquiry)) return 'identity';
  if (policies.boundary !== undefined && denies(policies.boundary, inquiry)) return 'boundary';
  if (policies.session !== undefined && anyDenies(policies.session, inquiry)) return 'session';
  return undefined;
}

/**
 * The way back from a policy that locks everybody out: "the root principal in a bucket owner's account can perform [these] actions,
 * even if their bucket policy explicitly denies the root principal's access" (S3, PutBucketPolicy). Queues have it for the task
 * SQSUnlockQueuePolicy of AssumeRoot.
 */
const UNLOCKING: ReadonlySet<string> = new Set([
  's3:getbucketpolicy',
  's3:putbucketpolicy',
  's3:deletebucketpolicy',
  'sqs:getqueueattributes',
  'sqs:setqueueattributes',
]);

const isUnlocking = ({ principal, resourceAccount }: AuthorizationRequest, { action }: Inquiry): boolean =>
  principal.kind === 'root' && principal.account === resourceAccount && UNLOCKING.has(action);

/** Steps 2 to 4: the first type of policy that had to allow and did not. `granted` is how far the grants reach. */
function lackingConsent(request: AuthorizationRequest, inquiry: Inquiry, granted: Grant): PolicyType | undefined {
  const { principal, policies, resourcePolicy, endpointPolicy } = request;
  if (!eachLevelAllows(request.resourceControl, inquiry)) return 'resource-control';
  if (!eachLevelAllows(policies.serviceControl, inquiry)) return 'service-control';
  if (endpointPolicy !== undefined && grantOf(endpointPolicy, inquiry) === 'none') return 'endpoint';

  const ofPolicy = resourcePolicy === undefined ? 'none' : grantOf(resourcePolicy, inquiry);
  const grant = farther(ofPolicy, granted);
  // Services, external and anonymous callers have no policies of their own.
  if (!('account' in principal)) return grant === 'none' ? typeOfResourcePolicy(request) : undefined;
  // What AWS itself owns (`arn:aws:iam::aws:policy/…`) belongs to every account.
  const isOwn = request.resourceAccount === principal.account || request.resourceAccount === 'aws';
  if (granted === 'direct' || (isOwn && grant === 'direct')) return undefined;
  if (grant === 'none' && (!isOwn || isRootOfTrust(request))) return typeOfResourcePolicy(request);

  const needsIdentityPolicy = principal.kind !== 'root' && granted !== 'entity' && !(isOwn && grant === 'entity');
  if (needsIdentityPolicy && !anyAllows(policies.identity, inquiry)) return 'identity';
  if (policies.boundary !== undefined && !allows(policies.boundary, inquiry)) return 'boundary';
  // "If there is no session policy [and the principal is no] role session, then the request is implicitly denied."
  const session = policies.session ?? (principal.kind === 'federated-user' ? NO_POLICIES : undefined);
  if (session !== undefined && !anyAllows(session, inquiry)) return 'session';
  return undefined;
}

const typeOfResourcePolicy = ({ resourcePolicy }: AuthorizationRequest): PolicyType =>
  resourcePolicy?.kind === 'trust' ? 'trust' : 'resource';

const isRootOfTrust = (request: AuthorizationRequest): boolean =>
  request.resourcePolicyRequired === true || request.resourcePolicy?.kind === 'trust';

function anyLevelDenies(levels: Levels | undefined, inquiry: Inquiry): boolean {
  return levels?.some((policies) => anyDenies(policies, inquiry)) ?? false;
}

function eachLevelAllows(levels: Levels | undefined, inquiry: Inquiry): boolean {
  return levels?.every((policies) => anyAllows(policies, inquiry)) ?? true;
}

function anyDenies(policies: readonly CompiledPolicy[], inquiry: Inquiry): boolean {
  for (const policy of policies) if (denies(policy, inquiry)) return true;
  return false;
}

function anyAllows(policies: readonly CompiledPolicy[], inquiry: Inquiry): boolean {
  for (const policy of policies) if (allows(policy, inquiry)) return true;
  return false;
}

function denies(policy: CompiledPolicy, inquiry: Inquiry): boolean {
  for (const statement of policy.about(inquiry.action).deny) if (applies(statement, inquiry)) return true;
  return false;
}

function allows(policy: CompiledPolicy, inquiry: Inquiry): boolean {
  for (const statement of policy.about(inquiry.action).allow) if (applies(statement, inquiry)) return true;
  return false;
}

/** The farthest-reaching Allow of a resource's policy. */
function grantOf(policy: CompiledPolicy, inquiry: Inquiry): Grant {
  let best: Grant = 'none';
  for (const statement of policy.about(inquiry.action).allow) {
    if (!applies(statement, inquiry)) continue;
    best = farther(best, statement.principal === undefined ? 'direct' : grantTo(inquiry.caller, statement.principal));
    if (best === 'direct') break;
  }
  return best;
}

export const speaksOf = (statement: Statement, inquiry: Inquiry): boolean =>
  statement.matchesAction(inquiry.action) && applies(statement, inquiry);

/** Of a statement about the action: does it apply? Cheapest question first. */
function applies(statement: Statement, inquiry: Inquiry): boolean {
  if (!statement.matchesResource(inquiry.resource, inquiry.context)) return false;
  const { principal, conditions, effect } = statement;
  if (principal !== undefined) {
    const isMeant =
      effect === 'Deny' ? isDenied(inquiry.caller, principal) : grantTo(inquiry.caller, principal) !== 'none';
    if (!isMeant) return false;
  }
  for (const holds of conditions) if (!holds(inquiry.context)) return false;
  return true;
}
