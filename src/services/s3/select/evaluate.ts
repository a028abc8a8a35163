/** Expressions as functions of a record, made once for a query. Conditions have three answers: true, false, and null for unknown. */
import { DECIMAL_ARITHMETIC } from '#services/s3/select/decimals.ts';
import { refuse } from '#services/s3/select/errors.ts';
import { type Circumstances, castTo, scalarFunction } from '#services/s3/select/functions.ts';
import type { Arithmetic, Expression, PathStep } from '#services/s3/select/syntax.ts';
import {
  checkedInteger,
  compare,
  doubleOf,
  exactOf,
  isNumber,
  isUnknown,
  MISSING,
  type Numeric,
  numberOf,
  textOf,
  type Value,
} from '#services/s3/select/values.ts';

/** A record of what is read. */
export interface Row {
  get(path: readonly PathStep[]): Value;
  /** All of it: names, and values in their order. */
  columns(): readonly (readonly [name: string, value: Value])[];
}

export type Evaluator = (row: Row, aggregates: readonly Value[]) => Value;

export function compile(expression: Expression, circumstances: Circumstances): Evaluator {
  const of = (each: Expression): Evaluator => compile(each, circumstances);
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'column': {
      const { path } = expression;
      return (row) => row.get(path);
    }
    case 'aggregate': {
      const { index } = expression;
      return (_, aggregates) => aggregates[index] ?? null;
    }
    case 'negative':
      return apply(of(expression.operand), (value) => arithmetic('-', 0n, value));
    case 'not':
      return apply(of(expression.operand), (value) => (isUnknown(value) ? null : !truth(value)));
    case 'and':
    case 'or':
      return logical(expression.kind, of(expression.left), of(expression.right));
    case 'concat':
      return both(of(expression.left), of(expression.right), (a, b) =>
        isUnknown(a) || isUnknown(b) ? null : textOf(a) + textOf(b),
      );
    case 'comparison': {
      const { operator } = expression;
      return both(of(expression.left), of(expression.right), (a, b) => compare(operator, a, b));
    }
    case 'arithmetic': {
      const { operator } = expression;
      return both(of(expression.left), of(expression.right), (a, b) => arithmetic(operator, a, b));
    }
    case 'is': {
      const isIt = expression.what === 'NULL' ? isUnknown : (value: Value) => value === MISSING;
      return apply(of(expression.operand), isIt);
    }
    case 'in':
      return within(of(expression.operand), expression.list.map(of));
    case 'like':
      return like(of(expression.operand), of(expression.pattern), expression.escapedBy && of(expression.escapedBy));
    case 'case':
      return caseOf(expression, of);
    case 'cast': {
      const { type } = expression;
      return apply(of(expression.operand), (value) => castTo(type, value));
    }
    case 'call': {
      const called = scalarFunction(expression.name, expression.args.length, expression.part);
      const args = expression.args.map(of);
      return (row, aggregates) =>
        called(
          args.map((each) => each(row, aggregates)),
          circumstances,
        );
    }
  }
}

const apply =
  (operand: Evaluator, change: (value: Value) => Value): Evaluator =>
  (row, aggregates) =>
    change(operand(row, aggregates));

const both =
  (left: Evaluator, right: Evaluator, join: (left: Value, right: Value) => Value): Evaluator =>
  (row, aggregates) =>
    join(left(row, aggregates), right(row, aggregates));

/** A text of CSV may say it. */
function truth(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  return word === 'true' ? true : word === 'false' ? false : refuse('InvalidDataType', textOf(value));
}

function logical(kind: 'and' | 'or', left: Evaluator, right: Evaluator): Evaluator {
  const decisive = kind === 'or';
  return (row, aggregates) => {
    const first = left(row, aggregates);
    if (!isUnknown(first) && truth(first) === decisive) return decisive;
    const second = right(row, aggregates);
    if (!isUnknown(second) && truth(second) === decisive) return decisive;
    return isUnknown(first) || isUnknown(second) ? null : !decisive;
  };
}

const EXACT: Readonly<Record<Arithmetic, (a: bigint, b: bigint) => bigint>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0n ? refuse('NumberFormatError', 'division by zero') : a / b),
  '%': (a, b) => (b === 0n ? refuse('NumberFormatError', 'division by zero') : a % b),
};
const FLOATING: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0 ? refuse('NumberFormatError', 'division by zero') : a / b),
  '%': (a, b) => (b === 0 ? refuse('NumberFormatError', 'division by zero') : a % b),
};

export function arithmetic(operator: Arithmetic, left: Value, right: Value): Value {
  if (isUnknown(left) || isUnknown(right)) return null;
  const [a, b] = [operand(left), operand(right)];
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkedInteger(EXACT[operator](a, b));
  if (typeof a === 'number' || typeof b === 'number') return FLOATING[operator](doubleOf(a), doubleOf(b));
  return DECIMAL_ARITHMETIC[operator](exactOf(a), exactOf(b));
}

const operand = (value: Value): Numeric =>
  isNumber(value)
    ? value
    : ((typeof value === 'string' ? numberOf(value) : undefined) ?? refuse('InvalidDataType', textOf(value)));

function within(value: Evaluator, list: readonly Evaluator[]): Evaluator {
  return (row, aggregates) => {
    const wanted = value(row, aggregates);
    if (isUnknown(wanted)) return null;
    let isKnown = true;
    for (const each of list) {
      const answer = compare('=', wanted, each(row, aggregates));
      if (answer === true) return true;
      if (answer === null) isKnown = false;
    }
    return isKnown ? false : null;
  };
}

function like(value: Evaluator, pattern: Evaluator, escapedBy: Evaluator | undefined): Evaluator {
  // Patterns are mostly the same for each record.
  let kept:
    | { readonly pattern: string; readonly escapedBy: string; readonly matches: (text: string) => boolean }
    | undefined;
  return (row, aggregates) => {
    const [text, form, mark] = [value, pattern, escapedBy].map((each) => each?.(row, aggregates) ?? null) as [
      Value,
      Value,
      Value,
    ];
    if (isUnknown(text) || isUnknown(form)) return null;
    const [wanted, by] = [textOf(form), textOf(mark)];
    if (kept?.pattern !== wanted || kept.escapedBy !== by) {
      kept = { pattern: wanted, escapedBy: by, matches: patternMatcher(wanted, by) };
    }
    return kept.matches(textOf(text));
  };
}

type Piece = { readonly kind: 'letter'; readonly letter: string } | { readonly kind: 'one' } | { readonly kind: 'any' };

/** Not by a regular expression: whoever writes the pattern must not choose how long it takes. */
export function patternMatcher(pattern: string, mark: string): (text: string) => boolean {
  const pieces: Piece[] = [];
  const letters = [...pattern];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? '';
    if (mark !== '' && letter === mark) {
      const next = letters[++at];
      if (next === undefined) return refuse('EvaluatorLikePatternInvalidEscapeSequence');
      pieces.push({ kind: 'letter', letter: next });
    } else
      pieces.push(letter === '%' ? { kind: 'any' } : letter === '_' ? { kind: 'one' } : { kind: 'letter', letter });
  }
  return (text) => matchesPieces([...text], pieces);
}

/** Goes back to the last `%` alone: at most text times pattern steps. */
function matchesPieces(text: readonly string[], pieces: readonly Piece[]): boolean {
  let [at, piece, starAt, starPiece] = [0, 0, -1, -1];
  while (at < text.length) {
    const current = pieces[piece];
    if (current?.kind === 'any') {
      [starAt, starPiece] = [at, piece++];
    } else if (current !== undefined && (current.kind === 'one' || current.letter === text[at])) {
      at++;
      piece++;
    } else if (starPiece >= 0) {
      at = ++starAt;
      piece = starPiece + 1;
    } else return false;
  }
  return pieces.slice(piece).every(({ kind }) => kind === 'any');
}

function caseOf(expression: Extract<Expression, { kind: 'case' }>, of: (each: Expression) => Evaluator): Evaluator {
  const compared = expression.operand && of(expression.operand);
  const whens = expression.whens.map(({ when, value }) => ({ when: of(when), answer: of(value) }));
  const otherwise = of(expression.otherwise);
  return (row, aggregates) => {
    const value = compared?.(row, aggregates);
    for (const { when, answer: chosen } of whens) {
      const answer = when(row, aggregates);
      const holds = value === undefined ? !isUnknown(answer) && truth(answer) : compare('=', value, answer) === true;
      if (holds) return chosen(row, aggregates);
    }
    return otherwise(row, aggregates);
  };
}

/** Whether a condition holds: unknown is no. */
export const holds = (condition: Value): boolean => !isUnknown(condition) && truth(condition);
