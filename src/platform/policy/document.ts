/**
 * From text to a checked policy document: the grammar of the IAM JSON policy language with the errors that IAM words.
 * Everything that is wrong with a document is a MalformedPolicyDocument; a service that names it otherwise (S3's
 * MalformedPolicy, SQS's InvalidAttributeValue) catches and renames. What comes out is plain data without surprises:
 * every element a list, operators and keys known, so that compiling it can't fail.
 */
import { present } from '#platform/base/assert.ts';
import type { ServiceError } from '#platform/error.ts';
import { isOperator } from '#platform/policy/conditions.ts';
import { type JsonObject, JsonSyntaxError, type JsonValue, readJson, type Span } from '#platform/policy/json.ts';
import {
  checkAction,
  checkPrincipal,
  checkResource,
  checkTrustAction,
  malformed,
  type PrincipalType,
} from '#platform/policy/names.ts';

/** `identity` also stands for boundaries, session and service control policies; `resource` for resource control policies. */
export type PolicyKind = 'identity' | 'resource' | 'trust';
export type PolicyVersion = '2008-10-17' | '2012-10-17';
export type Effect = 'Allow' | 'Deny';

export interface PolicyDocument {
  readonly version: PolicyVersion;
  readonly id: string | undefined;
  readonly statements: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly sid: string | undefined;
  readonly effect: Effect;
  readonly principal: { readonly negated: boolean; readonly principals: PrincipalElement } | undefined;
  readonly action: { readonly negated: boolean; readonly patterns: readonly string[] };
  /** Undefined in trust policies and where a resource policy leaves it out: what the policy is attached to. */
  readonly resource: { readonly negated: boolean; readonly patterns: readonly string[] } | undefined;
  readonly conditions: readonly ConditionElement[];
  /** Where the statement stands in the text: its first character, and the one after its last. */
  readonly span: Span;
}

export type PrincipalElement = '*' | Readonly<Partial<Record<PrincipalType, readonly string[]>>>;

export interface ConditionElement {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** Beyond AWS's own longest, ReadOnlyAccess. What operations take is limited by their models, and by quotas. */
const MAX_LENGTH = 524_288;

const syntaxError = (): ServiceError => malformed('Syntax errors in policy.');

export interface DocumentRules {
  /** Managed policies must be of version 2012-10-17; inline and resource policies may be older. */
  readonly currentVersionOnly?: boolean;
  /** A resource policy may leave out what it is attached to anyway (SNS, ECR). */
  readonly resourceOptional?: boolean;
}

export function readDocument(text: string, kind: PolicyKind, rules: DocumentRules = {}): PolicyDocument {
  if (text.length > MAX_LENGTH) throw syntaxError();
  const spans = new Map<JsonObject, Span>();
  const root = objectOf(jsonOf(text, kind, spans));
  onlyKeys(root, ['Version', 'Id', 'Statement'], kind);
  const version = root.get('Version') ?? '2008-10-17';
  if (version !== '2012-10-17' && (version !== '2008-10-17' || rules.currentVersionOnly)) {
    throw malformed('Policy document must be version 2012-10-17 or greater.');
  }
  const id = optionalString(root.get('Id'));
  const statements = listOf(root.get('Statement')).map((statement) =>
    readStatement(objectOf(statement), kind, rules, spans),
  );
  if (statements.length === 0) throw syntaxError();
  const sids = statements.flatMap((statement) => statement.sid || []);
  if (new Set(sids).size < sids.length) throw malformed('Statement IDs (SID) in a single policy must be unique.');
  return { version, id, statements };
}

function jsonOf(text: string, kind: PolicyKind, spans: Map<JsonObject, Span>): JsonValue {
  try {
    return readJson(text, spans);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    // CreateRole and UpdateAssumeRolePolicy say it in other words than CreatePolicy.
    throw kind === 'trust' ? malformed('This policy contains invalid Json') : syntaxError();
  }
}

const STATEMENT_KEYS = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

type Spans = ReadonlyMap<JsonObject, Span>;

function readStatement(statement: JsonObject, kind: PolicyKind, rules: DocumentRules, spans: Spans): PolicyStatement {
  onlyKeys(statement, STATEMENT_KEYS, kind);
  for (const key of ['Principal', 'Action', 'Resource']) {
    if (statement.has(key) && statement.has(`Not${key}`)) throw syntaxError();
  }
  return {
    sid: readSid(statement.get('Sid'), kind),
    effect: readEffect(statement, kind),
    principal: readPrincipal(statement, kind),
    action: readActions(statement, kind),
    resource: readResources(statement, kind, rules),
    conditions: readConditions(statement.get('Condition'), kind),
    span: present(spans.get(statement), 'the reader notes the span of each object'),
  };
}

function readSid(value: JsonValue | undefined, kind: PolicyKind): string | undefined {
  const sid = optionalString(value);
  // Resource policies may have spaces and other characters in it: that is each service's own rule.
  if (sid !== undefined && kind !== 'resource' && !/^[0-9A-Za-z]*$/.test(sid)) {
    throw malformed(
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    );
  }
  return sid;
}

function readEffect(statement: JsonObject, kind: PolicyKind): Effect {
  const effect = statement.get('Effect');
  if (effect === 'Allow' || effect === 'Deny') return effect;
  // IAM has one sentence for every fault of form; services with resource policies tell them apart.
  if (kind === 'identity') throw syntaxError();
  throw malformed(effect === undefined ? 'Missing required field Effect' : `Invalid effect: ${show(effect)}`);
}

function readPrincipal(statement: JsonObject, kind: PolicyKind): PolicyStatement['principal'] {
  const negated = statement.has('NotPrincipal');
  const value = statement.get(negated ? 'NotPrincipal' : 'Principal');
  if (kind === 'identity') {
    if (value !== undefined) throw malformed('Policy document should not specify a principal.');
    return undefined;
  }
  if (kind === 'trust' && negated) throw malformed('Has prohibited field NotPrincipal');
  if (value === undefined) throw malformed('Missing required field Principal');
  if (value === '*') return { negated, principals: '*' };
  if (!(value instanceof Map)) throw malformed(`Invalid principal in policy: ${show(value)}`);
  if (value.size === 0) throw malformed('Missing required field Principal cannot be empty!');
  const principals: Partial<Record<PrincipalType, readonly string[]>> = {};
  for (const [type, names] of value as JsonObject) {
    if (!isPrincipalType(type)) throw malformed(`Invalid principal in policy: "${type}"`);
    principals[type] = stringsOf(names).map((name) => checkPrincipal(type, name, kind === 'trust'));
  }
  return { negated, principals };
}

const isPrincipalType = (type: string): type is PrincipalType =>
  type === 'AWS' || type === 'Service' || type === 'Federated' || type === 'CanonicalUser';

function readActions(statement: JsonObject, kind: PolicyKind): PolicyStatement['action'] {
  const negated = statement.has('NotAction');
  const value = statement.get(negated ? 'NotAction' : 'Action');
  if (value === undefined) {
    throw malformed(kind === 'identity' ? 'Policy statement must contain actions.' : 'Missing required field Action');
  }
  const patterns = stringsOf(value).map(checkAction);
  if (patterns.length === 0) throw malformed('Policy statement must contain actions.');
  if (kind === 'trust') patterns.forEach(checkTrustAction);
  return { negated, patterns };
}

function readResources(statement: JsonObject, kind: PolicyKind, rules: DocumentRules): PolicyStatement['resource'] {
  const negated = statement.has('NotResource');
  const value = statement.get(negated ? 'NotResource' : 'Resource');
  if (kind === 'trust') {
    if (value !== undefined) throw malformed(`Has prohibited field ${negated ? 'NotResource' : 'Resource'}`);
    return undefined;
  }
  if (value === undefined && kind === 'resource' && rules.resourceOptional) return undefined;
  if (value === undefined) {
    throw malformed(
      kind === 'identity' ? 'Policy statement must contain resources.' : 'Missing required field Resource',
    );
  }
  const patterns = stringsOf(value).map(checkResource);
  if (patterns.length === 0) throw malformed('Policy statement must contain resources.');
  return { negated, patterns };
}

function readConditions(value: JsonValue | undefined, kind: PolicyKind): readonly ConditionElement[] {
  if (value === undefined) return [];
  const conditions: ConditionElement[] = [];
  for (const [operator, keys] of objectOf(value)) {
    if (!isOperator(operator)) {
      throw kind === 'resource' ? malformed(`Invalid Condition type : ${operator}.`) : syntaxError();
    }
    for (const [key, values] of objectOf(keys)) {
      if (!key.includes(':')) {
        throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
      }
      conditions.push({ operator, key, values: listOf(values).map(scalarText) });
    }
  }
  return conditions;
}

/** Quotation marks are optional for numbers and booleans (grammar notes). */
function scalarText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw syntaxError();
}

function onlyKeys(object: JsonObject, known: readonly string[], kind: PolicyKind): void {
  for (const key of object.keys()) {
    if (!known.includes(key)) throw kind === 'trust' ? malformed(`Unknown field ${key}`) : syntaxError();
  }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  if (!(value instanceof Map)) throw syntaxError();
  return value;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined) throw syntaxError();
  return Array.isArray(value) ? value : [value as JsonValue]; // Array.isArray does not narrow readonly arrays
}

function stringsOf(value: JsonValue): readonly string[] {
  return listOf(value).map((item) => {
    if (typeof item !== 'string') throw syntaxError();
    return item;
  });
}

function optionalString(value: JsonValue | undefined): string | undefined {
  if (value !== undefined && typeof value !== 'string') throw syntaxError();
  return value;
}

const show = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value).slice(0, 100));
