/** Expressions of the dialect, by their precedence: OR, AND, NOT, predicates, `||` and sums, products, signs. */
import { refuse } from '#services/s3/select/errors.ts';
import type {
  AggregateName,
  Comparison,
  DatePart,
  Expression,
  PathStep,
  TypeName,
} from '#services/s3/select/syntax.ts';
import type { TokenReader } from '#services/s3/select/token-reader.ts';
import { MISSING, numberOf, type Value } from '#services/s3/select/values.ts';

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const TYPES: Readonly<Record<string, TypeName>> = {
  BOOL: 'BOOL',
  BOOLEAN: 'BOOL',
  INT: 'INT',
  INTEGER: 'INT',
  FLOAT: 'FLOAT',
  DECIMAL: 'DECIMAL',
  NUMERIC: 'DECIMAL',
  STRING: 'STRING',
  CHAR: 'STRING',
  VARCHAR: 'STRING',
  TIMESTAMP: 'TIMESTAMP',
};
const CONSTANTS: Readonly<Record<string, Value>> = { TRUE: true, FALSE: false, NULL: null, MISSING };
const AGGREGATES: ReadonlySet<string> = new Set(['AVG', 'COUNT', 'MAX', 'MIN', 'SUM']);
const PARTS: ReadonlySet<string> = new Set(['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND']);
const ZONE_PARTS: ReadonlySet<string> = new Set([...PARTS, 'TIMEZONE_HOUR', 'TIMEZONE_MINUTE']);
const RESERVED: ReadonlySet<string> = new Set([
  'SELECT',
  'FROM',
  'WHERE',
  'LIMIT',
  'AND',
  'OR',
  'IN',
  'LIKE',
  'BETWEEN',
  'IS',
  'AS',
]);

export const parseExpression = (reader: TokenReader): Expression => reader.nested(() => disjunction(reader));

function disjunction(reader: TokenReader): Expression {
  let left = conjunction(reader);
  while (reader.takeKeyword('OR')) left = { kind: 'or', left, right: conjunction(reader) };
  return left;
}

function conjunction(reader: TokenReader): Expression {
  let left = negation(reader);
  while (reader.takeKeyword('AND')) left = { kind: 'and', left, right: negation(reader) };
  return left;
}

const negation = (reader: TokenReader): Expression =>
  reader.takeKeyword('NOT') ? reader.nested(() => not(negation(reader))) : predicate(reader);

const not = (operand: Expression): Expression => ({ kind: 'not', operand });

function predicate(reader: TokenReader): Expression {
  const operand = sum(reader);
  const operator = reader.next.kind === 'operator' ? COMPARISONS[reader.next.text] : undefined;
  if (operator !== undefined) {
    reader.advance();
    return { kind: 'comparison', operator, left: operand, right: sum(reader) };
  }
  if (reader.takeKeyword('IS')) {
    const isNegated = reader.takeKeyword('NOT');
    const what = ['NULL', 'MISSING'].find((word) => reader.takeKeyword(word)) ?? refuse('ParseExpectedKeyword', 'NULL');
    const found: Expression = { kind: 'is', operand, what: what as 'NULL' | 'MISSING' };
    return isNegated ? not(found) : found;
  }
  const isNegated = reader.takeKeyword('NOT');
  const found = negatable(reader, operand);
  if (found === undefined) return isNegated ? refuse('ParseUnexpectedToken', 'NOT') : operand;
  return isNegated ? not(found) : found;
}

function negatable(reader: TokenReader, operand: Expression): Expression | undefined {
  if (reader.takeKeyword('BETWEEN')) {
    const low = sum(reader);
    if (!reader.takeKeyword('AND')) refuse('ParseExpectedKeyword', 'AND');
    const above: Expression = { kind: 'comparison', operator: '>=', left: operand, right: low };
    return {
      kind: 'and',
      left: above,
      right: { kind: 'comparison', operator: '<=', left: operand, right: sum(reader) },
    };
  }
  if (reader.takeKeyword('IN')) {
    const open = reader.take('(') ? ')' : reader.take('[') ? ']' : refuse('ParseUnexpectedToken', reader.next.text);
    return { kind: 'in', operand, list: readArguments(reader, open) };
  }
  if (!reader.takeKeyword('LIKE')) return undefined;
  const pattern = sum(reader);
  return { kind: 'like', operand, pattern, escapedBy: reader.takeKeyword('ESCAPE') ? sum(reader) : undefined };
}

function sum(reader: TokenReader): Expression {
  let left = product(reader);
  for (;;) {
    if (reader.take('||')) left = { kind: 'concat', left, right: product(reader) };
    else if (reader.take('+')) left = { kind: 'arithmetic', operator: '+', left, right: product(reader) };
    else if (reader.take('-')) left = { kind: 'arithmetic', operator: '-', left, right: product(reader) };
    else return left;
  }
}

function product(reader: TokenReader): Expression {
  let left = signed(reader);
  for (;;) {
    const operator = (['*', '/', '%'] as const).find((each) => reader.take(each));
    if (operator === undefined) return left;
    left = { kind: 'arithmetic', operator, left, right: signed(reader) };
  }
}

function signed(reader: TokenReader): Expression {
  if (reader.take('-')) return reader.nested(() => ({ kind: 'negative', operand: signed(reader) }));
  if (reader.take('+')) return reader.nested(() => signed(reader));
  return primary(reader);
}

function primary(reader: TokenReader): Expression {
  const { kind, text } = reader.next;
  switch (kind) {
    case 'number':
      reader.advance();
      return { kind: 'literal', value: numberOf(text) ?? refuse('LexerInvalidLiteral', text) };
    case 'text':
      reader.advance();
      return { kind: 'literal', value: text };
    case 'quoted':
      return column(reader);
    case 'name':
      return named(reader, text.toUpperCase());
    case 'end':
      return refuse('ParseExpectedExpression');
    default: {
      if (!reader.take('(')) return refuse('ParseUnexpectedToken', text);
      const inner = parseExpression(reader);
      return reader.take(')') ? inner : refuse('ParseUnexpectedToken', reader.next.text);
    }
  }
}

function named(reader: TokenReader, word: string): Expression {
  const constant = Object.hasOwn(CONSTANTS, word) ? CONSTANTS[word] : undefined;
  if (constant !== undefined) {
    reader.advance();
    return { kind: 'literal', value: constant };
  }
  if (reader.takeKeyword('CASE')) return caseOf(reader);
  if (reader.peek(1).text === '(' && reader.peek(1).kind === 'operator') return call(reader, word);
  if (word === 'CAST') return refuse('ParseExpectedLeftParenAfterCast');
  return RESERVED.has(word) ? refuse('ParseUnExpectedKeyword', word) : column(reader);
}

function column(reader: TokenReader): Expression {
  const path: PathStep[] = [reader.takeName() ?? refuse('ParseExpectedExpression')];
  for (;;) {
    if (reader.take('.')) path.push(reader.takeName() ?? refuse('ParseInvalidPathComponent'));
    else if (reader.take('[')) {
      path.push(reader.takeSubscript());
      if (!reader.take(']')) refuse('ParseInvalidPathComponent');
    } else return { kind: 'column', path };
  }
}

function caseOf(reader: TokenReader): Expression {
  const operand = reader.isKeyword('WHEN') ? undefined : parseExpression(reader);
  const whens: { when: Expression; value: Expression }[] = [];
  while (reader.takeKeyword('WHEN')) {
    const when = parseExpression(reader);
    if (!reader.takeKeyword('THEN')) refuse('ParseExpectedKeyword', 'THEN');
    whens.push({ when, value: parseExpression(reader) });
  }
  if (whens.length === 0) refuse('ParseExpectedWhenClause');
  const otherwise: Expression = reader.takeKeyword('ELSE') ? parseExpression(reader) : { kind: 'literal', value: null };
  if (!reader.takeKeyword('END')) refuse('ParseExpectedKeyword', 'END');
  return { kind: 'case', operand, whens, otherwise };
}

function call(reader: TokenReader, name: string): Expression {
  reader.advance();
  reader.advance();
  if (AGGREGATES.has(name)) return aggregate(reader, name as AggregateName);
  switch (name) {
    case 'CAST':
      return cast(reader);
    case 'SUBSTRING':
      return { kind: 'call', name, args: readArguments(reader, ')', ['FROM', 'FOR']) };
    case 'TRIM':
      return trim(reader);
    case 'DATE_ADD':
    case 'DATE_DIFF': {
      const part = datePart(reader, PARTS);
      if (!reader.take(',')) refuse('ParseUnexpectedToken', reader.next.text);
      return { kind: 'call', name, args: readArguments(reader, ')'), part };
    }
    case 'EXTRACT': {
      const part = datePart(reader, ZONE_PARTS);
      if (!reader.takeKeyword('FROM')) refuse('ParseExpectedKeyword', 'FROM');
      return { kind: 'call', name, args: readArguments(reader, ')'), part };
    }
    default:
      return { kind: 'call', name, args: readArguments(reader, ')') };
  }
}

function datePart(reader: TokenReader, parts: ReadonlySet<string>): DatePart {
  const word = reader.takeName()?.name.toUpperCase() ?? '';
  return parts.has(word) ? (word as DatePart) : refuse('ParseExpectedDatePart', word);
}

/** `words` may stand in the place of commas. */
function readArguments(reader: TokenReader, end: string, words: readonly string[] = []): readonly Expression[] {
  if (reader.take(end)) return [];
  const args: Expression[] = [];
  do args.push(parseExpression(reader));
  while (reader.take(',') || words.some((word) => reader.takeKeyword(word)));
  return reader.take(end) ? args : refuse('ParseUnexpectedToken', reader.next.text);
}

function aggregate(reader: TokenReader, name: AggregateName): Expression {
  if (name === 'COUNT' && reader.take('*')) {
    return reader.take(')')
      ? { kind: 'aggregate', name, operand: undefined, index: 0 }
      : refuse('ParseUnexpectedToken');
  }
  const [operand, ...more] = readArguments(reader, ')');
  if (operand === undefined || more.length > 0) return refuse('ParseNonUnaryAgregateFunctionCall', name);
  return { kind: 'aggregate', name, operand, index: 0 };
}

function cast(reader: TokenReader): Expression {
  const operand = parseExpression(reader);
  if (!reader.takeKeyword('AS')) refuse('ParseExpectedKeyword', 'AS');
  const type = TYPES[reader.takeName()?.name.toUpperCase() ?? ''] ?? refuse('ParseExpectedTypeName');
  // `DECIMAL(10, 2)`, `CHAR(3)`: sizes say nothing here.
  if (reader.take('(')) readArguments(reader, ')');
  return reader.take(')') ? { kind: 'cast', operand, type } : refuse('ParseUnexpectedToken', reader.next.text);
}

/** `TRIM([[LEADING | TRAILING | BOTH] [characters] FROM] text)` */
function trim(reader: TokenReader): Expression {
  const side = ['LEADING', 'TRAILING', 'BOTH'].find((word) => reader.takeKeyword(word)) ?? 'BOTH';
  const blank: Expression = { kind: 'literal', value: ' ' };
  const name = `TRIM_${side}`;
  if (reader.takeKeyword('FROM')) return { kind: 'call', name, args: [blank, ...readArguments(reader, ')')] };
  const first = parseExpression(reader);
  if (reader.takeKeyword('FROM')) return { kind: 'call', name, args: [first, ...readArguments(reader, ')')] };
  return reader.take(')') ? { kind: 'call', name, args: [blank, first] } : refuse('ParseUnexpectedToken');
}
