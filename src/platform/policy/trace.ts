/**
 * Why a decision came out as it did: every statement that speaks of the request, with its policy and place, what each kind of
 * policy says by itself, and which condition keys would have been needed to know. Asked for by the policy simulator, apart from
 * evaluate.ts, so that requests pay nothing for it.
 */
import { present } from '#platform/base/assert.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { PolicyType } from '#platform/policy/denial.ts';
import type { PolicyStatement } from '#platform/policy/document.ts';
import {
  type AuthorizationRequest,
  type Decision,
  evaluate,
  inquiryOf,
  type Levels,
  speaksOf,
} from '#platform/policy/evaluate.ts';
import { keysOfStatement } from '#platform/policy/keys-asked.ts';
import { globOf, type Matcher } from '#platform/policy/match.ts';
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

/** Both from 1, as in IAM's `Position`, of the character behind. */
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

/** What some policies say of a request by themselves. */
export type Opinion = 'allowed' | 'explicitDeny' | 'implicitDeny';

export function opinionOf(matches: readonly StatementMatch[]): Opinion {
  if (matches.some(({ statement }) => statement.effect === 'Deny')) return 'explicitDeny';
  return matches.length > 0 ? 'allowed' : 'implicitDeny';
}

/** Answers which keys a request lacks, as the policies write them. */
export type FindMissingKeys = (request: AuthorizationRequest) => string[];

/**
 * A statement asks for its keys when it is about the action and may be about the resource: a variable may have any value. One
 * whose other conditions fail counts too, as what it would say is not known. Made once for many requests.
 */
export function missingKeysOf(policies: readonly CompiledPolicy[]): FindMissingKeys {
  const asking = policies.flatMap(({ document, statements }) =>
    statements.flatMap(({ index, matchesAction }) => {
      const source = present(document.statements[index], 'statements are compiled one by one');
      const keys = keysOfStatement(source, document.version);
      return keys.length === 0 ? [] : [{ keys, matchesAction, mayMean: mayMean(source) }];
    }),
  );
  return (request) => {
    const { action, resource, context } = inquiryOf(request);
    const missing = new Map<string, string>();
    for (const { keys, matchesAction, mayMean } of asking) {
      if (!matchesAction(action) || !mayMean(resource)) continue;
      for (const key of keys) if (context(key.toLowerCase()) === undefined) missing.set(key.toLowerCase(), key);
    }
    return [...missing.values()];
  };
}

function mayMean({ resource }: PolicyStatement): Matcher {
  if (resource === undefined || resource.negated) return () => true;
  const patterns = resource.patterns.map((pattern) => globOf(pattern.replace(/\$\{[^}]*\}/g, '*'), 'resource'));
  return (text) => patterns.some((matches) => matches(text));
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
  return { type, policy, statement, ...getOrInsert(places, statement, () => placeOf(policy, statement)) };
}

type StatementPlace = Pick<StatementMatch, 'start' | 'end'>;

/** A simulation finds a statement for each resource; its place is looked for in the text once. */
const places = new WeakMap<Statement, StatementPlace>();

const placeOf = (policy: CompiledPolicy, statement: Statement): StatementPlace => ({
  start: positionAt(policy.source, beginningOf(policy, statement)),
  end: positionAt(policy.source, statement.span.end),
});

/**
 * Where AWS's reader stood before it read the statement: behind the bracket of the list or the statement before, and behind its
 * own brace where there is no list (so in the examples of `aws iam simulate-custom-policy` and `simulate-principal-policy`).
 */
function beginningOf({ source, statements }: CompiledPolicy, { index, span }: Statement): number {
  const before = source.slice(0, span.start).trimEnd();
  if (before.endsWith('[')) return before.length;
  return statements[index - 1]?.span.end ?? span.start + 1;
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
