/** Aggregate functions: fed with records one at a time. What is unknown they pass over; of nothing all but COUNT are null. */
import { arithmetic, type Evaluator, type Row } from '#services/s3/select/evaluate.ts';
import type { AggregateName } from '#services/s3/select/syntax.ts';
import { compare, exactOf, isUnknown, numberOf, type Value } from '#services/s3/select/values.ts';

interface State {
  readonly count: bigint;
  readonly value: Value;
}

const better = (operator: '<' | '>') => (value: Value, next: Value) =>
  value === null || compare(operator, numeric(next), value) === true ? numeric(next) : value;

/** Texts of CSV that are numbers have their order. */
const numeric = (value: Value): Value => (typeof value === 'string' ? (numberOf(value) ?? value) : value);

const sum = (value: Value, next: Value): Value => arithmetic('+', value === null ? 0n : value, next);

const STEPS: Readonly<Record<AggregateName, (value: Value, next: Value) => Value>> = {
  COUNT: (value) => value,
  SUM: sum,
  AVG: sum,
  MIN: better('<'),
  MAX: better('>'),
};

export interface Aggregator {
  feed(row: Row): void;
  result(): Value;
}

/** Without an operand every record counts. */
export function aggregator(name: AggregateName, operand: Evaluator | undefined): Aggregator {
  const step = STEPS[name];
  let state: State = { count: 0n, value: null };
  return {
    feed(row) {
      const next = operand === undefined ? true : operand(row, []);
      if (!isUnknown(next)) state = { count: state.count + 1n, value: step(state.value, next) };
    },
    result() {
      if (name === 'COUNT') return state.count;
      if (name !== 'AVG' || state.count === 0n) return state.value;
      // Of integers it need not be one.
      const total = typeof state.value === 'bigint' ? exactOf(state.value) : state.value;
      return arithmetic('/', total, state.count);
    },
  };
}
