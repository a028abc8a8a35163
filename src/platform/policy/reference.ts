/**
 * The evaluator once more: slow, obvious, and written apart from the fast one, to hold it against. It works on the plain
 * documents, asks everything before it decides anything, and shares no matching, comparison or decision with evaluate.ts.
 * Used by tests only.
 */
import type { ConditionElement, PolicyDocument, PolicyStatement, PrincipalElement } from '#platform/policy/document.ts';
import type { AuthorizationRequest, Levels } from '#platform/policy/evaluate.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Context } from '#platform/policy/variables.ts';

export interface Verdict {
  readonly allowed: boolean;
  readonly explicit: boolean;
}

export function judge(request: AuthorizationRequest): Verdict {
  const { principal, policies, resourcePolicy, endpointPolicy } = request;
  const organization: Levels = [...(request.resourceControl ?? []), ...(policies.serviceControl ?? [])];
  const all = [
    ...organization.flat(),
    ...policies.identity,
    ...(policies.session ?? []),
    ...[policies.boundary, resourcePolicy, endpointPolicy].filter((policy) => policy !== undefined),
  ];
  // A root user gets back into what its own account's policies locked.
  const isOwnRoot = principal.kind === 'root' && principal.account === request.resourceAccount;
  const opens = /^(s3:(get|put|delete)bucketpolicy|sqs:[gs]etqueueattributes)$/i.test(request.action);
  const denying = all.filter((policy) => !(isOwnRoot && opens && policy === resourcePolicy));
  if (denying.some((policy) => applying(policy, 'Deny', request).length > 0)) return { allowed: false, explicit: true };

  const allowedBy = (list: readonly CompiledPolicy[]): boolean =>
    list.some((policy) => applying(policy, 'Allow', request).length > 0);
  const granted = resourcePolicy ? applying(resourcePolicy, 'Allow', request) : [];
  const grants = new Set(granted.map((statement) => relation(statement, request)));
  const hasAccount = 'account' in principal;
  const isSameAccount = hasAccount && [principal.account as string, 'aws'].includes(request.resourceAccount);
  const sessionPolicies = policies.session ?? (principal.kind === 'federated-user' ? [] : undefined);

  const organizationConsents = organization.every((level) => allowedBy(level));
  const endpointConsents = endpointPolicy === undefined || allowedBy([endpointPolicy]);
  const limitsConsent =
    (policies.boundary === undefined || allowedBy([policies.boundary])) &&
    (sessionPolicies === undefined || allowedBy(sessionPolicies));
  const identityConsents = principal.kind === 'root' || allowedBy(policies.identity);
  const needsResource = !isSameAccount || request.resourcePolicyRequired || resourcePolicy?.kind === 'trust';

  const byDirectGrant = grants.has('itself') && (isSameAccount || !hasAccount);
  const byRoleGrant = isSameAccount && grants.has('entity') && limitsConsent;
  const byIdentity = hasAccount && identityConsents && limitsConsent && (!needsResource || grants.size > 0);
  // A service's grants open in every account, and as far as the name goes that they know the caller by.
  const byServiceGrant = { itself: true, entity: limitsConsent, account: identityConsents && limitsConsent };
  const isGrantedByService = relationsOfGrants(request).some((name) => byServiceGrant[name]);
  const isAllowed = byDirectGrant || byRoleGrant || byIdentity || isGrantedByService;
  return { allowed: organizationConsents && endpointConsents && isAllowed, explicit: false };
}

const relationsOfGrants = (request: AuthorizationRequest): Relation[] =>
  (request.grants?.() ?? [])
    .filter(({ actions }) => [...actions].some((action) => action === request.action.toLowerCase()))
    .flatMap(({ grantee }) =>
      namesOf(request).flatMap(({ type, name, relation }) => {
        const known = { AWS: grantee.aws, Service: grantee.services, Federated: grantee.federated }[type];
        return known.has(name) ? relation : [];
      }),
    );

function applying(policy: CompiledPolicy, effect: 'Allow' | 'Deny', request: AuthorizationRequest): PolicyStatement[] {
  const { document } = policy;
  return document.statements.filter(
    (statement) =>
      statement.effect === effect &&
      isAbout(statement, document, request) &&
      (statement.principal === undefined || relation(statement, request) !== undefined) &&
      statement.conditions.every((condition) => isMet(condition, document, request.context)),
  );
}

function isAbout(statement: PolicyStatement, document: PolicyDocument, request: AuthorizationRequest): boolean {
  const actionListed = statement.action.patterns.some((pattern) =>
    isLike(request.action.toLowerCase(), plain(pattern.toLowerCase())),
  );
  if (actionListed === statement.action.negated) return false;
  if (statement.resource === undefined) return true;
  const resourceListed = statement.resource.patterns.some((pattern) => {
    if (pattern === '*') return true;
    const text = substituted(pattern, document.version === '2012-10-17', request.context);
    return text !== undefined && isLike(request.resource, withBorders(text));
  });
  return resourceListed !== statement.resource.negated;
}

type Relation = 'itself' | 'entity' | 'account';

/** In which role the statement's principal element speaks of the caller; undefined if it doesn't. */
function relation(statement: PolicyStatement, request: AuthorizationRequest): Relation | undefined {
  const { principal: element } = statement;
  if (element === undefined) return 'itself';
  const names = namesOf(request);
  const listed = names.filter((name) => isNamed(element.principals, name.type, name.name));
  if (!element.negated) {
    if (isEveryone(element.principals)) return 'itself';
    for (const wanted of ['itself', 'entity', 'account'] as const) {
      if (listed.some((name) => name.relation === wanted)) return wanted;
    }
    return undefined;
  }
  if (statement.effect === 'Allow') return isEveryone(element.principals) || listed.length > 0 ? undefined : 'itself';
  const groups = new Set(names.map((name) => name.relation));
  const isExcepted = [...groups].every((group) => listed.some((name) => name.relation === group));
  return isEveryone(element.principals) || (groups.size > 0 && isExcepted) ? undefined : 'itself';
}

interface Name {
  readonly relation: Relation;
  readonly type: 'AWS' | 'Service' | 'Federated';
  readonly name: string;
}

function namesOf({ principal }: AuthorizationRequest): Name[] {
  const aws = (relation: Relation, ...names: string[]): Name[] =>
    names.map((name) => ({ relation, type: 'AWS' as const, name }));
  switch (principal.kind) {
    case 'anonymous':
      return [];
    case 'external':
      return [{ relation: 'itself', type: 'Federated', name: principal.provider }];
    case 'service':
      return [{ relation: 'itself', type: 'Service', name: principal.service }];
    case 'root':
      return principal.session?.policy === undefined
        ? aws('itself', principal.account, principal.arn)
        : accountNames(principal.account);
    case 'user': {
      const relation = principal.session?.policy === undefined ? 'itself' : 'entity';
      return [...aws(relation, principal.arn, principal.userId), ...accountNames(principal.account)];
    }
    case 'role-session':
      return [
        ...aws('itself', principal.arn),
        ...aws('entity', principal.roleArn, principal.roleId),
        ...accountNames(principal.account),
      ];
    case 'federated-user': {
      const { issuerArn, issuerId } = principal.session;
      const issuer = aws('entity', ...[issuerArn, issuerId].filter((name) => name !== undefined));
      return [...aws('itself', principal.arn), ...issuer, ...accountNames(principal.account)];
    }
  }
}

const accountNames = (account: string): Name[] =>
  [account, `arn:aws:iam::${account}:root`].map((name) => ({ relation: 'account', type: 'AWS', name }));

const isEveryone = (principals: PrincipalElement): boolean =>
  principals === '*' || Boolean(principals.AWS?.includes('*'));

function isNamed(principals: PrincipalElement, type: Name['type'], name: string): boolean {
  if (principals === '*') return true;
  const listed = principals[type] ?? [];
  return listed.includes(name) || (type !== 'AWS' && listed.includes('*'));
}

/** A character of a pattern: itself, or a wildcard and whether it may stand for a colon. */
interface Letter {
  readonly letter: string;
  readonly wild: boolean;
  readonly colons: boolean;
}

const plain = (pattern: string): Letter[] => [...pattern].map((letter) => ({ letter, wild: true, colons: true }));

/** The first five parts of an ARN keep their wildcards to themselves, save a star at a part's end. */
function withBorders(letters: readonly Letter[]): Letter[] {
  return letters.map((letter, index) => {
    const isInResource = letters.slice(0, index).filter((before) => before.letter === ':').length >= 5;
    const next = letters[index + 1];
    const endsPart = letter.letter === '*' && (next === undefined || next.letter === ':');
    return { ...letter, colons: isInResource || endsPart };
  });
}

/** Undefined when a variable has no value. */
function substituted(pattern: string, variables: boolean, context: Context): Letter[] | undefined {
  if (!variables) return plain(pattern);
  const letters: Letter[] = [];
  for (const part of pattern.split(/(\$\{[^}]*\})/)) {
    const [, inner] = /^\$\{([^}]*)\}$/.exec(part) ?? [];
    if (inner === undefined) {
      letters.push(...plain(part));
      continue;
    }
    const [, key = '', fallback] = /^([^,]*)(?:, *'(.*)')?$/.exec(inner) ?? [];
    const found = ['*', '?', '$'].includes(key) ? key : context(key.toLowerCase());
    const text = typeof found === 'string' ? found : found?.length === 1 ? found[0] : fallback;
    if (text === undefined) return undefined;
    letters.push(...[...text].map((letter) => ({ letter, wild: false, colons: true })));
  }
  return letters;
}

/** By the definition of `*`: it stands for nothing, or for one character and then again for `*`. */
export function isLike(text: string, pattern: readonly Letter[]): boolean {
  const known = new Map<string, boolean>();
  const matches = (at: number, from: number): boolean => {
    const key = `${at},${from}`;
    const result = known.get(key) ?? compute(at, from);
    known.set(key, result);
    return result;
  };
  const compute = (at: number, from: number): boolean => {
    const letter = pattern[from];
    if (letter === undefined) return at === text.length;
    const isAllowed = at < text.length && (letter.colons || text[at] !== ':');
    if (letter.wild && letter.letter === '*') return matches(at, from + 1) || (isAllowed && matches(at + 1, from));
    if (letter.wild && letter.letter === '?') return isAllowed && matches(at + 1, from + 1);
    return text[at] === letter.letter && matches(at + 1, from + 1);
  };
  return matches(0, 0);
}

function isMet(condition: ConditionElement, document: PolicyDocument, context: Context): boolean {
  const [, set, name = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/.exec(condition.operator) ?? [];
  const found = context(condition.key.toLowerCase());
  const values = found === undefined ? [] : typeof found === 'string' ? [found] : found;
  if (name === 'Null') return condition.values.includes(String(values.length === 0));
  const isNegated = name.includes('Not');
  const positive = name.replace('Not', '');
  const variables = document.version === '2012-10-17' && /^(?:String|Arn|Bool)/.test(name);
  const isOneOf = (actual: string): boolean =>
    condition.values.some((expected) => compares(positive, actual, substituted(expected, variables, context)));
  const isNullSet = values.length === 0 || found === '';
  if (set === 'ForAllValues') return isNullSet || values.every((actual) => isOneOf(actual) !== isNegated);
  if (set === 'ForAnyValue') return !isNullSet && values.some((actual) => isOneOf(actual) !== isNegated);
  if (values.length === 0) return isNegated || ifExists !== undefined;
  return values.some(isOneOf) !== isNegated;
}

function compares(operator: string, actual: string, expected: readonly Letter[] | undefined): boolean {
  if (expected === undefined) return false;
  const text = expected.map((letter) => letter.letter).join('');
  switch (operator) {
    case 'StringEquals':
      return actual === text;
    case 'StringEqualsIgnoreCase':
    case 'Bool':
      return actual.toLowerCase() === text.toLowerCase();
    case 'StringLike':
      return isLike(actual, expected);
    case 'BinaryEquals':
      return atob(actual) === atob(text);
    case 'ArnEquals':
    case 'ArnLike':
      return isArnLike(actual, expected);
    case 'IpAddress':
      return isInRange(actual, text);
    default:
      return ranks(operator, actual, text);
  }
}

/** "Each of the six colon-delimited components of the ARN is checked separately." */
function isArnLike(actual: string, expected: readonly Letter[]): boolean {
  const parts: Letter[][] = [[]];
  for (const letter of expected) {
    if (letter.letter === ':' && parts.length < 6) parts.push([]);
    else parts.at(-1)?.push(letter);
  }
  const found = actual.split(':');
  const components = [...found.slice(0, 5), ...(found.length > 5 ? [found.slice(5).join(':')] : [])];
  return components.length === parts.length && parts.every((part, index) => isLike(components[index] ?? '', part));
}

/** An address lies in a range if their first bits are the same. */
function isInRange(actual: string, range: string): boolean {
  const [address = '', length] = range.split('/');
  const [found, wanted] = [bitsOf(actual), bitsOf(address)];
  if (found === '' || found.length !== wanted.length) return false;
  return found.startsWith(wanted.slice(0, Number(length ?? wanted.length)));
}

/** 32 or 128 zeros and ones; nothing for what is no address. */
function bitsOf(address: string): string {
  const binary = (numbers: string[], radix: number, width: number): string =>
    numbers.map((number) => Number.parseInt(number, radix).toString(2).padStart(width, '0')).join('');
  if (/^\d+(?:\.\d+){3}$/.test(address)) return binary(address.split('.'), 10, 8);
  if (!/^[0-9a-f:]+:[0-9a-f:]*$/i.test(address)) return '';
  const [head, tail] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = new Array<string>(8 - (head?.length ?? 0) - (tail?.length ?? 0)).fill('0');
  return binary([...(head ?? []), ...zeros, ...(tail ?? [])], 16, 16);
}

function ranks(operator: string, actual: string, expected: string): boolean {
  const read = (text: string): number => {
    if (text === '') return Number.NaN; // which Number would read as 0
    const number = Number(text);
    return operator.startsWith('Date') && Number.isNaN(number) ? new Date(text).getTime() / 1000 : number;
  };
  const difference = read(actual) - read(expected);
  switch (operator.replace(/^(?:Date|Numeric)/, '')) {
    case 'Equals':
      return difference === 0;
    case 'LessThan':
      return difference < 0;
    case 'LessThanEquals':
      return difference <= 0;
    case 'GreaterThan':
      return difference > 0;
    default:
      return difference >= 0;
  }
}
