/**
 * Policies as the evaluator wants them: names in sets, wildcards and conditions turned into functions. Compiling costs some
 * hundreds of microseconds and is done once for a version of a policy. Which statements speak of an action does not depend on
 * the request, so that is found once too: a decision then looks at the few that may matter.
 */
import { getOrInsert } from '#platform/base/get-or-insert.ts';
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
  /** Those whose Action or NotAction speaks of this one (in lower case). */
  readonly about: (action: string) => StatementsByEffect;
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
  return { source, kind, document, statements, about: rememberedByAction(statements) };
}

/** A principal does a few things again and again. More are not worth the memory, which all policies together need. */
const MOST_ACTIONS = 64;
const NOTHING: StatementsByEffect = { allow: [], deny: [] };

function rememberedByAction(statements: readonly Statement[]): CompiledPolicy['about'] {
  const remembered = new Map<string, StatementsByEffect>();
  return (action) => {
    const known = remembered.get(action);
    if (known !== undefined) return known;
    const relevant = statements.filter((statement) => statement.matchesAction(action));
    const allow = relevant.filter((statement) => statement.effect === 'Allow');
    const deny = relevant.filter((statement) => statement.effect === 'Deny');
    const found = relevant.length === 0 ? NOTHING : { allow, deny };
    if (remembered.size >= MOST_ACTIONS) remembered.clear();
    remembered.set(action, found);
    return found;
  };
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

interface ActionPatterns {
  readonly names: Set<string>;
  readonly globs: Matcher[];
}

/** Apart by service: of the hundreds of patterns that a statement may have, those of one service are asked. */
function compileActions({ negated, patterns }: PolicyStatement['action']): Matcher {
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  if (lower.includes('*')) return () => !negated;
  const anywhere: Matcher[] = [];
  const byService = new Map<string, ActionPatterns>();
  for (const pattern of lower) {
    const service = serviceOf(pattern);
    if (/[*?]/.test(service)) {
      anywhere.push(globOf(pattern));
      continue;
    }
    const { names, globs } = getOrInsert(byService, service, () => ({ names: new Set<string>(), globs: [] }));
    if (/[*?]/.test(pattern)) globs.push(globOf(pattern));
    else names.add(pattern);
  }
  return (action) => {
    const own = byService.get(serviceOf(action));
    const isMeant =
      own !== undefined && (own.names.has(action) || own.globs.some((matches) => matches(action)))
        ? true
        : anywhere.some((matches) => matches(action));
    return isMeant !== negated;
  };
}

const serviceOf = (action: string): string => action.slice(0, action.indexOf(':'));

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
