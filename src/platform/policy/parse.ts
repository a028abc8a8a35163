/**
 * Policies as the evaluator wants them: statements split by effect and indexed by the service that an action belongs to, names
 * in sets, wildcards and conditions turned into functions. Compiling costs some tens of microseconds and is done once for a
 * version of a policy; a request then looks only at the statements that may speak of its service.
 */
import { type Condition, compileCondition } from '#platform/policy/conditions.ts';
import {
  type DocumentRules,
  type PolicyDocument,
  type PolicyKind,
  type PolicyStatement,
  readDocument,
} from '#platform/policy/document.ts';
import type { Span } from '#platform/policy/json.ts';
import { compileGlob, globOf, type Matcher } from '#platform/policy/match.ts';
import { compilePrincipals, type PrincipalMatcher } from '#platform/policy/principals.ts';
import { type Context, resolve, templateOf } from '#platform/policy/variables.ts';

export interface CompiledPolicy {
  readonly source: string;
  readonly kind: PolicyKind;
  readonly document: PolicyDocument;
  readonly statements: readonly Statement[];
  /** By an action's prefix in lower case: the statements that may speak of that service. */
  readonly byService: ReadonlyMap<string, StatementsByEffect>;
  /** Those that may speak of every other service. */
  readonly others: StatementsByEffect;
}

export interface StatementsByEffect {
  readonly allow: readonly Statement[];
  readonly deny: readonly Statement[];
}

export interface Statement {
  readonly sid: string | undefined;
  /** Its place in the document, from 0. */
  readonly index: number;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in identity policies. */
  readonly principal: PrincipalMatcher | undefined;
  /** Takes the action in lower case: actions are not case-sensitive. */
  readonly matchesAction: Matcher;
  readonly matchesResource: (resource: string, context: Context) => boolean;
  readonly conditions: readonly Condition[];
  readonly span: Span;
}

export function parsePolicy(json: string, kind: PolicyKind, rules?: DocumentRules): CompiledPolicy {
  return compilePolicy(json, readDocument(json, kind, rules), kind);
}

/** The size that IAM's quotas count: "does not count white space". */
export const policySize = (json: string): number => json.replace(/\s/g, '').length;

function compilePolicy(source: string, document: PolicyDocument, kind: PolicyKind): CompiledPolicy {
  const variables = document.version === '2012-10-17';
  const statements = document.statements.map((statement, index) => compileStatement(statement, index, variables));
  const prefixes = document.statements.map(servicesOf);
  const statementsFor = (service: string | undefined): StatementsByEffect => {
    const relevant = statements.filter((_, index) => {
      const services = prefixes[index];
      return services === undefined || (service !== undefined && services.has(service));
    });
    return {
      allow: relevant.filter((statement) => statement.effect === 'Allow'),
      deny: relevant.filter((statement) => statement.effect === 'Deny'),
    };
  };
  const named = new Set(prefixes.flatMap((services) => [...(services ?? [])]));
  const byService = new Map([...named].map((service) => [service, statementsFor(service)]));
  return { source, kind, document, statements, byService, others: statementsFor(undefined) };
}

/** The services that a statement names; undefined when it may speak of any. */
function servicesOf(statement: PolicyStatement): ReadonlySet<string> | undefined {
  const { negated, patterns } = statement.action;
  const services = patterns.map((pattern) => pattern.slice(0, Math.max(pattern.indexOf(':'), 0)).toLowerCase());
  if (negated || services.some((service) => service === '' || /[*?]/.test(service))) return undefined;
  return new Set(services);
}

function compileStatement(statement: PolicyStatement, index: number, variables: boolean): Statement {
  return {
    sid: statement.sid,
    index,
    effect: statement.effect,
    principal: statement.principal && compilePrincipals(statement.principal),
    matchesAction: compileActions(statement.action),
    matchesResource: compileResources(statement.resource, variables),
    conditions: statement.conditions.map(({ operator, key, values }) =>
      compileCondition(operator, key, values, variables),
    ),
    span: statement.span,
  };
}

function compileActions({ negated, patterns }: PolicyStatement['action']): Matcher {
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  if (lower.includes('*')) return () => !negated;
  const names = new Set(lower.filter((pattern) => !/[*?]/.test(pattern)));
  const globs = lower.filter((pattern) => /[*?]/.test(pattern)).map((pattern) => globOf(pattern));
  return (action) => {
    if (names.has(action)) return !negated;
    for (const matches of globs) if (matches(action)) return !negated;
    return negated;
  };
}

function compileResources(resource: PolicyStatement['resource'], variables: boolean): Statement['matchesResource'] {
  if (resource === undefined) return () => true;
  const { negated, patterns } = resource;
  if (patterns.includes('*')) return () => !negated;
  const matchers = patterns.map((pattern) => compileResource(pattern, variables));
  return (text, context) => {
    for (const matches of matchers) if (matches(text, context)) return !negated;
    return negated;
  };
}

function compileResource(pattern: string, variables: boolean): Statement['matchesResource'] {
  const template = templateOf(pattern, variables);
  if (!template.varies) return compileGlob(resolve(template, () => undefined) ?? [], 'resource');
  // Variables stand in the resource part alone, so what precedes is known, and mostly decides.
  const fixed = globOf(`${pattern.slice(0, pattern.indexOf('${'))}*`, 'resource');
  return (text, context) => {
    if (!fixed(text)) return false;
    const pieces = resolve(template, context);
    return pieces !== undefined && compileGlob(pieces, 'resource')(text);
  };
}
