/**
 * Simulated decisions, made by the engine that decides real requests. One result an action, with the decision for each resource
 * below it; the whole is as strict as its strictest part (EvaluationResult, IAM API Reference).
 *
 * Source types, the ids of policies and the columns are as AWS's answers have them; its reference documents other source types.
 */
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PolicyType } from '#platform/policy/denial.ts';
import type { AuthorizationRequest } from '#platform/policy/evaluate.ts';
import { explain, type Opinion, opinionOf, type StatementMatch } from '#platform/policy/trace.ts';
import type { Scene } from '#services/iam/simulation/scene.ts';

interface Outcome {
  readonly resource: string;
  readonly opinion: Opinion;
  /** Those that made the decision. */
  readonly matched: readonly Model.Statement[];
  readonly missing: readonly string[];
  readonly allowedByOrganization: boolean | undefined;
  readonly allowedByBoundary: boolean | undefined;
  /** What each type of policy says, of a request to another account. */
  readonly details: Readonly<Record<string, Opinion>> | undefined;
}

export function simulate(scene: Scene, action: string, template: string): Model.EvaluationResult {
  const outcomes = scene.resources.map((resource) => outcomeOf(scene, action, resource));
  const EvalDecision = strictest(outcomes.map(({ opinion }) => opinion));
  const deciding = outcomes.filter(({ opinion }) => opinion === EvalDecision);
  const isSpecific = scene.resources.some((resource) => resource !== '*');
  const allowedByBoundary = every(outcomes.map((outcome) => outcome.allowedByBoundary));
  const allowedByOrganization = every(outcomes.map((outcome) => outcome.allowedByOrganization));
  const details = isSpecific ? strictestByType(outcomes) : undefined;
  return {
    EvalActionName: action,
    EvalResourceName: isSpecific ? template : '*',
    EvalDecision,
    MatchedStatements: distinct(deciding.flatMap(({ matched }) => matched)),
    MissingContextValues: [...new Set(outcomes.flatMap(({ missing }) => missing))],
    ...(allowedByOrganization !== undefined && {
      OrganizationsDecisionDetail: { AllowedByOrganizations: allowedByOrganization },
    }),
    ...boundaryDetail(allowedByBoundary),
    ...(details && { EvalDecisionDetails: details }),
    ...(isSpecific && { ResourceSpecificResults: outcomes.map(resourceResult) }),
  };
}

const resourceResult = (outcome: Outcome): Model.ResourceSpecificResult => ({
  EvalResourceName: outcome.resource,
  EvalResourceDecision: outcome.opinion,
  MatchedStatements: outcome.matched,
  MissingContextValues: outcome.missing,
  ...(outcome.details && { EvalDecisionDetails: outcome.details }),
  ...boundaryDetail(outcome.allowedByBoundary),
});

const boundaryDetail = (allowed: boolean | undefined) =>
  allowed === undefined ? {} : { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: allowed } };

function outcomeOf(scene: Scene, action: string, resource: string): Outcome {
  const request = requestOf(scene, action, resource);
  const { decision, matches } = explain(request);
  const opinion = decision.allowed ? 'allowed' : decision.explicit ? 'explicitDeny' : 'implicitDeny';
  const by = (type: PolicyType): StatementMatch[] => matches.filter((match) => match.type === type);
  const allowedByOrganization = organizationAllows(scene, by('service-control'));
  const isAcross = request.resourceAccount !== scene.caller.account;
  return {
    resource,
    opinion,
    matched: deciding(scene, opinion, [...by('identity'), ...by('resource')]),
    missing: scene.missingKeys(request),
    allowedByOrganization,
    allowedByBoundary: scene.boundary && opinionOf(by('boundary')) === 'allowed',
    // "If an SCP denies access, the simulation ends, and this parameter is not returned."
    details:
      isAcross && allowedByOrganization !== false
        ? {
            'IAM Policy': opinionOf(by('identity')),
            'Resource Policy': opinionOf(by('resource')),
            ...(scene.boundary && { 'Permissions Boundary Policy': opinionOf(by('boundary')) }),
          }
        : undefined,
  };
}

function requestOf(scene: Scene, action: string, resource: string): AuthorizationRequest {
  const { boundary, serviceControl, resourcePolicy } = scene;
  return {
    principal: scene.caller,
    policies: {
      identity: scene.identity.map(({ policy }) => policy),
      ...(boundary && { boundary }),
      ...(serviceControl && { serviceControl }),
    },
    action,
    resource,
    resourceAccount: accountOf(resource) ?? scene.owner,
    ...(resourcePolicy && { resourcePolicy }),
    context: scene.context,
  };
}

function accountOf(resource: string): AccountId | undefined {
  const account = parseArn(resource)?.account ?? '';
  return isAccountId(account) ? account : undefined;
}

function organizationAllows({ serviceControl }: Scene, matches: readonly StatementMatch[]): boolean | undefined {
  return serviceControl?.every(
    (level) => opinionOf(matches.filter(({ policy }) => level.includes(policy))) === 'allowed',
  );
}

/** Of a denial the statements that deny, "the only entry included in the result"; nothing made an implicit one. */
function deciding(scene: Scene, opinion: Opinion, matches: readonly StatementMatch[]): Model.Statement[] {
  const effect = { allowed: 'Allow', explicitDeny: 'Deny', implicitDeny: undefined }[opinion];
  return matches
    .filter(({ statement }) => statement.effect === effect)
    .map(({ policy, type, start, end }) => {
      const source = scene.identity.find((each) => each.policy === policy);
      return {
        SourcePolicyId: source?.id ?? 'ResourcePolicy',
        // Not one of the documented values, but what AWS answers.
        SourcePolicyType: (type === 'identity' ? 'IAM Policy' : 'Resource Policy') as Model.PolicySourceType,
        StartPosition: { Line: start.line, Column: start.column },
        EndPosition: { Line: end.line, Column: end.column },
      };
    });
}

const STRICTNESS: readonly Opinion[] = ['allowed', 'implicitDeny', 'explicitDeny'];

const strictest = (opinions: readonly Opinion[]): Opinion =>
  STRICTNESS.findLast((each) => opinions.includes(each)) ?? 'implicitDeny';

/** Undefined where the question does not arise. */
const every = (answers: readonly (boolean | undefined)[]): boolean | undefined =>
  answers.includes(undefined) ? undefined : answers.every(Boolean);

function strictestByType(outcomes: readonly Outcome[]): Record<string, Opinion> {
  const types = new Set(outcomes.flatMap(({ details }) => Object.keys(details ?? {})));
  return Object.fromEntries(
    [...types].map((type) => [type, strictest(outcomes.flatMap(({ details }) => details?.[type] ?? []))]),
  );
}

function distinct(statements: readonly Model.Statement[]): Model.Statement[] {
  return [...new Map(statements.map((statement) => [JSON.stringify(statement), statement])).values()];
}
