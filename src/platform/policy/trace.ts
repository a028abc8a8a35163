/**
 * Why a decision came out as it did: every statement that speaks of the request, with its policy and place. Asked for by
 * the policy simulator, apart from evaluate.ts, so that requests pay nothing for it.
 */
import type { PolicyType } from '#platform/policy/denial.ts';
import {
  type AuthorizationRequest,
  type Decision,
  evaluate,
  inquiryOf,
  type Levels,
  speaksOf,
} from '#platform/policy/evaluate.ts';
import type { CompiledPolicy, Statement } from '#platform/policy/parse.ts';

export interface Explanation {
  readonly decision: Decision;
  readonly matches: readonly StatementMatch[];
}

export interface StatementMatch {
  readonly type: PolicyType;
  readonly policy: CompiledPolicy;
  readonly statement: Statement;
  readonly start: Position;
  readonly end: Position;
}

/** Both from 1, as in IAM's `Position`. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export function explain(request: AuthorizationRequest): Explanation {
  const inquiry = inquiryOf(request);
  const matches = [...policiesOf(request)].flatMap(([type, policy]) =>
    policy.statements
      .filter((statement) => speaksOf(statement, inquiry))
      .map((statement) => matchOf(type, policy, statement)),
  );
  return { decision: evaluate(request), matches };
}

function* policiesOf(request: AuthorizationRequest): Generator<[PolicyType, CompiledPolicy]> {
  const { policies, resourcePolicy, endpointPolicy } = request;
  const flat = (levels: Levels | undefined): readonly CompiledPolicy[] => levels?.flat() ?? [];
  for (const policy of flat(request.resourceControl)) yield ['resource-control', policy];
  for (const policy of flat(policies.serviceControl)) yield ['service-control', policy];
  if (endpointPolicy) yield ['endpoint', endpointPolicy];
  if (resourcePolicy) yield [resourcePolicy.kind === 'trust' ? 'trust' : 'resource', resourcePolicy];
  for (const policy of policies.identity) yield ['identity', policy];
  if (policies.boundary) yield ['boundary', policies.boundary];
  for (const policy of policies.session ?? []) yield ['session', policy];
}

function matchOf(type: PolicyType, policy: CompiledPolicy, statement: Statement): StatementMatch {
  const { start, end } = statement.span;
  return { type, policy, statement, start: positionAt(policy.source, start), end: positionAt(policy.source, end) };
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
