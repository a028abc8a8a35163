/** A query, parsed. */
import type { Value } from '#services/s3/select/values.ts';

export type PathStep =
  /** Quoted names count as they are written, others in either case. */
  { readonly name: string; readonly isQuoted: boolean } | { readonly index: number };

export type FromStep = PathStep | 'every-element' | 'every-member';

export type TypeName = 'BOOL' | 'INT' | 'FLOAT' | 'DECIMAL' | 'STRING' | 'TIMESTAMP';
export type AggregateName = 'AVG' | 'COUNT' | 'MAX' | 'MIN' | 'SUM';
export type DatePart = 'YEAR' | 'MONTH' | 'DAY' | 'HOUR' | 'MINUTE' | 'SECOND' | 'TIMEZONE_HOUR' | 'TIMEZONE_MINUTE';

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type Arithmetic = '+' | '-' | '*' | '/' | '%';

export type Expression =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'column'; readonly path: readonly PathStep[] }
  | { readonly kind: 'negative'; readonly operand: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or' | 'concat'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'comparison';
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: Arithmetic;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'is'; readonly operand: Expression; readonly what: 'NULL' | 'MISSING' }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: readonly Expression[] }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escapedBy: Expression | undefined;
    }
  | {
      readonly kind: 'case';
      readonly operand: Expression | undefined;
      readonly whens: readonly { readonly when: Expression; readonly value: Expression }[];
      readonly otherwise: Expression;
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: TypeName }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly part?: DatePart }
  /** Without an operand: COUNT(*). `index` is its place among the query's. */
  | {
      readonly kind: 'aggregate';
      readonly name: AggregateName;
      readonly operand: Expression | undefined;
      readonly index: number;
    };

export interface Projection {
  readonly name: string;
  readonly value: Expression;
}

export interface Query {
  /** Undefined: everything, as it is. */
  readonly projections: readonly Projection[] | undefined;
  readonly from: readonly FromStep[];
  readonly where: Expression | undefined;
  readonly limit: number | undefined;
  readonly aggregates: readonly Extract<Expression, { kind: 'aggregate' }>[];
}
