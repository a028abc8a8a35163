/**
 * Conditions. An operator is a comparison of one request value with one policy value, and whether it is negated; the rest
 * is the same for all of them (IAM User Guide, "Condition operators" and "Multivalued context keys"):
 *
 * - several policy values: any of them for a plain operator, none of them for a negated one (NOR);
 * - a key that the request lacks: false, for a negated operator true, with IfExists true;
 * - ForAllValues: each request value passes, so none at all passes; ForAnyValue: one request value passes, so none fails,
 *   whatever IfExists says;
 * - a policy variable without a value equals nothing, so a negated operator passes.
 */
import { type AddressRange, contains, parseAddress, parseRange } from '#platform/policy/ip.ts';
import { type Borders, compileGlob } from '#platform/policy/match.ts';
import { type Context, plainText, resolve, type Template, templateOf } from '#platform/policy/variables.ts';

export type Condition = (context: Context) => boolean;

/** One policy value, ready to be compared with request values. */
type Comparison = (actual: string, context: Context) => boolean;

interface Operator {
  readonly compare: (expected: Template, text: string) => Comparison;
  readonly negated: boolean;
  /** Variables are for strings, ARNs and booleans; elsewhere `${` is plain text. */
  readonly variables: boolean;
}

const not = (operator: Operator): Operator => ({ ...operator, negated: true });
const text = (compare: Operator['compare']): Operator => ({ compare, negated: false, variables: true });
const value = (compare: (text: string) => (actual: string) => boolean): Operator => ({
  compare: (_template, text) => compare(text),
  negated: false,
  variables: false,
});

const stringEquals = text(equalTo((string) => string));
const stringEqualsIgnoreCase = text(equalTo((string) => string.toLowerCase()));
const stringLike = text(like('plain'));
const arnLike = text(like('arn'));
const numericEquals = value(ordered(numberOf, (actual, expected) => actual === expected));
const dateEquals = value(ordered(timeOf, (actual, expected) => actual === expected));
const ipAddress = value(inRange);

/** By name in lower case. `Null` is apart, because it asks for the key and not for its value. */
const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['stringequals', stringEquals],
  ['stringnotequals', not(stringEquals)],
  ['stringequalsignorecase', stringEqualsIgnoreCase],
  ['stringnotequalsignorecase', not(stringEqualsIgnoreCase)],
  ['stringlike', stringLike],
  ['stringnotlike', not(stringLike)],
  ['numericequals', numericEquals],
  ['numericnotequals', not(numericEquals)],
  ['numericlessthan', value(ordered(numberOf, (actual, expected) => actual < expected))],
  ['numericlessthanequals', value(ordered(numberOf, (actual, expected) => actual <= expected))],
  ['numericgreaterthan', value(ordered(numberOf, (actual, expected) => actual > expected))],
  ['numericgreaterthanequals', value(ordered(numberOf, (actual, expected) => actual >= expected))],
  ['dateequals', dateEquals],
  ['datenotequals', not(dateEquals)],
  ['datelessthan', value(ordered(timeOf, (actual, expected) => actual < expected))],
  ['datelessthanequals', value(ordered(timeOf, (actual, expected) => actual <= expected))],
  ['dategreaterthan', value(ordered(timeOf, (actual, expected) => actual > expected))],
  ['dategreaterthanequals', value(ordered(timeOf, (actual, expected) => actual >= expected))],
  ['bool', stringEqualsIgnoreCase],
  ['binaryequals', value(sameBytes)],
  ['ipaddress', ipAddress],
  ['notipaddress', not(ipAddress)],
  ['arnequals', arnLike],
  ['arnlike', arnLike],
  ['arnnotequals', not(arnLike)],
  ['arnnotlike', not(arnLike)],
]);

type Quantifier = 'none' | 'all' | 'any';

interface OperatorName {
  readonly quantifier: Quantifier;
  readonly base: string;
  readonly ifExists: boolean;
}

function parseOperator(name: string): OperatorName {
  const lower = name.toLowerCase();
  const [first = '', second] = lower.split(':', 2);
  const quantifier = second === undefined ? 'none' : first === 'forallvalues' ? 'all' : 'any';
  const rest = second ?? first;
  const ifExists = rest.endsWith('ifexists');
  return { quantifier, base: ifExists ? rest.slice(0, -'ifexists'.length) : rest, ifExists };
}

export function isOperator(name: string): boolean {
  if (!/^(?:ForAllValues:|ForAnyValue:)?[A-Za-z]+$/i.test(name)) return false;
  const { quantifier, base, ifExists } = parseOperator(name);
  return OPERATORS.has(base) || (base === 'null' && quantifier === 'none' && !ifExists);
}

/** `name` has passed isOperator. */
export function compileCondition(name: string, key: string, values: readonly string[], variables: boolean): Condition {
  const { quantifier, base, ifExists } = parseOperator(name);
  const lowerKey = key.toLowerCase();
  const operator = OPERATORS.get(base);
  if (operator === undefined) return isAbsent(lowerKey, values);
  const { negated } = operator;
  const comparisons = values.map((text) => operator.compare(templateOf(text, variables && operator.variables), text));
  const passes = (actual: string, context: Context): boolean => {
    for (const compare of comparisons) if (compare(actual, context)) return !negated;
    return negated;
  };
  const whenAbsent = quantifier === 'none' ? negated || ifExists : quantifier === 'all';
  return (context) => {
    const actual = context(lowerKey);
    if (actual === undefined) return whenAbsent;
    if (typeof actual === 'string') {
      // "a null data set, such as an empty string"
      return actual === '' && quantifier !== 'none' ? whenAbsent : passes(actual, context);
    }
    if (actual.length === 0) return whenAbsent;
    // A negated operator without a quantifier is the plain one's negation: no request value may match.
    const every = quantifier === 'all' || (quantifier === 'none' && negated);
    return every ? actual.every((one) => passes(one, context)) : actual.some((one) => passes(one, context));
  };
}

function isAbsent(key: string, values: readonly string[]): Condition {
  const wanted = values.map((value) => value.toLowerCase());
  return (context) => {
    const actual = context(key);
    return wanted.includes(String(actual === undefined || (typeof actual !== 'string' && actual.length === 0)));
  };
}

function equalTo(normalise: (string: string) => string): Operator['compare'] {
  return (template) => {
    if (!template.varies) {
      const expected = normalise(plainText(resolve(template, () => undefined) ?? []));
      return (actual) => normalise(actual) === expected;
    }
    return (actual, context) => {
      const pieces = resolve(template, context);
      return pieces !== undefined && normalise(actual) === normalise(plainText(pieces));
    };
  };
}

function like(borders: Borders): Operator['compare'] {
  return (template) => {
    if (!template.varies) return compileGlob(resolve(template, () => undefined) ?? [], borders);
    return (actual, context) => {
      const pieces = resolve(template, context);
      return pieces !== undefined && compileGlob(pieces, borders)(actual);
    };
  };
}

function ordered(
  parse: (text: string) => number | undefined,
  holds: (actual: number, expected: number) => boolean,
): (text: string) => (actual: string) => boolean {
  return (text) => {
    const expected = parse(text);
    if (expected === undefined) return () => false;
    return (text) => {
      const actual = parse(text);
      return actual !== undefined && holds(actual, expected);
    };
  };
}

function numberOf(text: string): number | undefined {
  return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

const W3C_DATE = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/** Milliseconds of an ISO 8601 date of the W3C profile, or of seconds since 1970. */
function timeOf(text: string): number | undefined {
  if (/^\d{5,}(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const form = W3C_DATE.exec(text);
  if (form === null) return undefined;
  // A time without a zone would be read as local time.
  const time = Date.parse(text.includes('T') && form[1] === undefined ? `${text}Z` : text);
  return Number.isNaN(time) ? undefined : time;
}

/** Texts of other types are free. */
const FORMS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['numeric', (text) => numberOf(text) !== undefined],
  ['date', (text) => timeOf(text) !== undefined],
  ['boolean', (text) => /^(?:true|false)$/i.test(text)],
  ['ip', (text) => parseRange(text) !== undefined],
  ['binary', (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text)],
]);

/** Whether a text can be the value of a condition key of this type, as ContextEntry names it. */
export const isValue = (type: string, text: string): boolean => FORMS.get(type)?.(text) ?? true;

function sameBytes(text: string): (actual: string) => boolean {
  const expected = Buffer.from(text, 'base64');
  return (actual) => expected.equals(Buffer.from(actual, 'base64'));
}

function inRange(text: string): (actual: string) => boolean {
  const range: AddressRange | undefined = parseRange(text);
  if (range === undefined) return () => false;
  return (actual) => {
    const address = parseAddress(actual);
    return address !== undefined && contains(range, address);
  };
}
