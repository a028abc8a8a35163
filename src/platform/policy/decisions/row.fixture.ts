/**
 * The form of the tables in this folder: authorisation decisions as AWS documents them, each with the page that says so. They are
 * data; decisions.test.ts puts them to the engine. Everything happens in account OWN, unless a row says otherwise.
 */
import type { AccountId } from '#platform/base/ids.ts';
import type { PolicyType } from '#platform/policy/denial.ts';
import type { PolicyKind } from '#platform/policy/document.ts';
import { type AuthorizationRequest, evaluate, type Levels } from '#platform/policy/evaluate.ts';
import { resourceGrant } from '#platform/policy/grants.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import type { Principal } from '#platform/principal.ts';

export const OWN = '111111111111' as AccountId;
export const OTHER = '222222222222' as AccountId;
const session = { issuedAt: 0, expiresAt: 1 };

/** Below docs.aws.amazon.com. */
export const PAGES = {
  logic: 'IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html',
  within: 'IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html',
  across: 'IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html',
  boundaries: 'IAM/latest/UserGuide/access_policies_boundaries.html',
  sessions: 'IAM/latest/UserGuide/access_policies.html',
  federation: 'IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html',
  principal: 'IAM/latest/UserGuide/reference_policies_elements_principal.html',
  notPrincipal: 'IAM/latest/UserGuide/reference_policies_elements_notprincipal.html',
  action: 'IAM/latest/UserGuide/reference_policies_elements_action.html',
  notAction: 'IAM/latest/UserGuide/reference_policies_elements_notaction.html',
  resource: 'IAM/latest/UserGuide/reference_policies_elements_resource.html',
  notResource: 'IAM/latest/UserGuide/reference_policies_elements_notresource.html',
  variables: 'IAM/latest/UserGuide/reference_policies_variables.html',
  operators: 'IAM/latest/UserGuide/reference_policies_elements_condition_operators.html',
  multivalued: 'IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html',
  keys: 'IAM/latest/UserGuide/reference_policies_condition-keys.html',
  deputy: 'IAM/latest/UserGuide/confused-deputy.html',
  scp: 'organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html',
  rcp: 'organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html',
  endpoints: 'vpc/latest/privatelink/vpc-endpoints-access.html',
  kms: 'kms/latest/developerguide/key-policy-default.html',
  grants: 'kms/latest/developerguide/grants.html',
} as const;

export const BOB = `arn:aws:iam::${OWN}:user/bob`;
export const ROLE = `arn:aws:iam::${OWN}:role/work`;
export const SESSION = `arn:aws:sts::${OWN}:assumed-role/work/monday`;
export const FEDERATED = `arn:aws:sts::${OWN}:federated-user/fred`;

/** Somebody without AWS credentials, for whom an identity provider vouches. */
const external = (provider: string) => ({
  ...({ kind: 'external', type: 'WebIdentityUser', provider, identityProvider: provider } as const),
  ...{ userId: `${provider}:x`, userName: 'x', claims: { keys: {}, tags: {}, transitiveTagKeys: [] } },
});

export const CALLERS = {
  root: { kind: 'root', account: OWN, arn: `arn:aws:iam::${OWN}:root`, userId: OWN },
  bob: { kind: 'user', account: OWN, arn: BOB, userId: 'AIDABOB0000000000', userName: 'bob' },
  role: {
    ...{ kind: 'role-session', account: OWN, arn: SESSION, userId: 'AROAWORK000000000:monday' },
    ...{ roleArn: ROLE, roleId: 'AROAWORK000000000', roleName: 'work', session },
  },
  fred: {
    ...{ kind: 'federated-user', account: OWN, arn: FEDERATED, userId: `${OWN}:fred` },
    session: { ...session, issuerArn: BOB, issuerId: 'AIDABOB0000000000' },
  },
  sns: { kind: 'service', service: 'sns.amazonaws.com' },
  google: external('accounts.google.com'),
  facebook: external('graph.facebook.com'),
  nobody: { kind: 'anonymous' },
} as const satisfies Record<string, Principal>;

export type Statement = Readonly<Record<string, unknown>>;
type Document = Statement | readonly Statement[];

export type Outcome = 'allowed' | `denied by ${PolicyType}` | `not allowed by ${PolicyType}`;

export interface Row {
  readonly rule: string;
  readonly page: keyof typeof PAGES;
  readonly who: keyof typeof CALLERS;
  /** The resource's account: OWN, unless said. */
  readonly account?: AccountId | 'aws';
  readonly action?: string;
  readonly resource?: string;
  readonly identity?: Document;
  readonly boundary?: Document;
  readonly session?: Document;
  readonly scp?: readonly Document[];
  readonly rcp?: readonly Document[];
  readonly endpoint?: Document;
  readonly policy?: Document;
  readonly trust?: Document;
  readonly required?: true;
  /** Grantee and action, as KMS keeps them beside a key. */
  readonly grants?: readonly (readonly [grantee: string, action: string])[];
  /** Names in lower case. */
  readonly keys?: Readonly<Record<string, string | readonly string[]>>;
  readonly outcome: Outcome;
}

export const ACTION = 'sqs:SendMessage';
export const QUEUE = `arn:aws:sqs:us-east-1:${OWN}:jobs`;

export const allow = (more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Action: 'sqs:*',
  Resource: '*',
  ...more,
});
export const deny = (more: Statement = {}): Statement => ({ ...allow(more), Effect: 'Deny' });
/** Allows something, but not this. */
export const silent: Statement = allow({ Action: 's3:*' });
export const allowTo = (Principal: unknown, more: Statement = {}): Statement => allow({ Principal, ...more });
export const denyTo = (Principal: unknown, more: Statement = {}): Statement => deny({ Principal, ...more });

const compiled = (document: Document, kind: PolicyKind): CompiledPolicy =>
  parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: document }), kind);
const levels = (documents: readonly Document[], kind: PolicyKind): Levels =>
  documents.map((document) => [compiled(document, kind)]);

export function requestOf(row: Row): AuthorizationRequest {
  const { identity, boundary, session, scp, rcp, endpoint, policy, trust, grants, keys = {} } = row;
  return {
    principal: CALLERS[row.who],
    policies: {
      identity: identity ? [compiled(identity, 'identity')] : [],
      ...(boundary && { boundary: compiled(boundary, 'identity') }),
      ...(session && { session: [compiled(session, 'identity')] }),
      ...(scp && { serviceControl: levels(scp, 'identity') }),
    },
    action: row.action ?? ACTION,
    resource: row.resource ?? QUEUE,
    resourceAccount: row.account ?? OWN,
    ...(rcp && { resourceControl: levels(rcp, 'resource') }),
    ...(endpoint && { endpointPolicy: compiled(endpoint, 'resource') }),
    ...(policy && { resourcePolicy: compiled(policy, 'resource') }),
    ...(trust && { resourcePolicy: compiled(trust, 'trust') }),
    ...(row.required && { resourcePolicyRequired: true }),
    ...(grants && { grants: () => grants.map(([grantee, action]) => resourceGrant(grantee, [action])) }),
    context: (key) => keys[key],
  };
}

export function outcomeOf(row: Row): Outcome {
  const decision = evaluate(requestOf(row));
  if (decision.allowed) return 'allowed';
  return `${decision.explicit ? 'denied' : 'not allowed'} by ${decision.policy}`;
}
