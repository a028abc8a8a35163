/**
 * The dialect of S3 Select, and nothing else ("SQL reference for Amazon S3 Select"): one SELECT of one table, without GROUP BY, joins or
 * subqueries. What is not in it is refused here, before anything is read.
 */
import { refuse } from '#services/s3/select/errors.ts';
import { parseExpression } from '#services/s3/select/parse-expression.ts';
import type { Expression, FromStep, PathStep, Projection, Query } from '#services/s3/select/syntax.ts';
import { TokenReader } from '#services/s3/select/token-reader.ts';

const LONGEST_BYTES = 256 * 1024;
const MOST_PROJECTIONS = 1000;

export function parseQuery(text: string): Query {
  if (Buffer.byteLength(text) > LONGEST_BYTES) refuse('ExpressionTooLong');
  const reader = new TokenReader(text);
  if (!reader.takeKeyword('SELECT')) refuse('ParseExpectedKeyword', 'SELECT');
  if (reader.isKeyword('DISTINCT')) refuse('ParseUnsupportedSelect', 'DISTINCT');
  reader.takeKeyword('ALL');
  const listed = readList(reader);
  if (!reader.takeKeyword('FROM')) refuse('ParseSelectMissingFrom');
  const { from, alias } = readFrom(reader);
  const where = reader.takeKeyword('WHERE') ? parseExpression(reader) : undefined;
  for (const word of ['GROUP', 'ORDER', 'HAVING', 'UNION', 'JOIN']) {
    if (reader.isKeyword(word)) refuse('UnsupportedSqlStructure', word);
  }
  const limit = reader.takeKeyword('LIMIT') ? readLimit(reader) : undefined;
  reader.take(';');
  if (reader.next.kind !== 'end') refuse('ParseUnexpectedToken', reader.next.text);
  return finished(listed, { from, where, limit }, alias);
}

/** Its expressions still begin with the alias. */
type Listed = { readonly everythingOf: string | undefined } | readonly Listing[];

interface Listing {
  readonly value: Expression;
  readonly alias: string | undefined;
}

function readList(reader: TokenReader): Listed {
  if (reader.take('*')) return refuseMore(reader, { everythingOf: undefined });
  if (reader.next.kind !== 'operator' && reader.peek(1).text === '.' && reader.peek(2).text === '*') {
    const { text } = reader.advance();
    reader.advance();
    reader.advance();
    return refuseMore(reader, { everythingOf: text });
  }
  if (reader.isKeyword('FROM')) refuse('ParseExpectedExpression');
  const list: Listing[] = [];
  do {
    const value = parseExpression(reader);
    list.push({ value, alias: readAlias(reader) });
    if (list.length > MOST_PROJECTIONS) refuse('OverMaxColumn');
  } while (reader.take(','));
  return list;
}

function refuseMore(reader: TokenReader, listed: Listed): Listed {
  return reader.next.text === ',' ? refuse('ParseAsteriskIsNotAloneInSelectList') : listed;
}

function readAlias(reader: TokenReader): string | undefined {
  if (reader.takeKeyword('AS')) {
    return reader.takeName()?.name ?? refuse('ParseExpectedIdentForAlias');
  }
  return reader.isClause() ? undefined : reader.takeName()?.name;
}

function readFrom(reader: TokenReader): { from: readonly FromStep[]; alias: string } {
  const table = reader.takeName();
  if (table === undefined || !/^s3object$/i.test(table.name)) return refuse('InvalidDataSource', table?.name ?? '');
  const from = readPath(reader);
  // `S3Object[*]` is each record, as `S3Object` is.
  const [first, ...rest] = from;
  const alias = readAlias(reader);
  if (reader.next.text === ',') refuse('UnsupportedSqlStructure', 'more than one table');
  const last = from.at(-1);
  // `FROM S3Object[*].Rules[*].id` calls its records `id`.
  const byPath = typeof last === 'object' && 'name' in last ? last.name : undefined;
  return { from: first === 'every-element' ? rest : from, alias: alias ?? byPath ?? table.name };
}

function readPath(reader: TokenReader): FromStep[] {
  const steps: FromStep[] = [];
  for (;;) {
    if (reader.take('.')) {
      steps.push(reader.take('*') ? 'every-member' : (reader.takeName() ?? refuse('ParseInvalidPathComponent')));
    } else if (reader.take('[')) {
      steps.push(reader.take('*') ? 'every-element' : reader.takeSubscript());
      if (!reader.take(']')) refuse('ParseInvalidPathComponent');
    } else return steps;
  }
}

function readLimit(reader: TokenReader): number {
  const { kind, text } = reader.advance();
  const limit = Number(text);
  return kind === 'number' && Number.isSafeInteger(limit) ? limit : refuse('ParseExpectedNumber', 'LIMIT');
}

function finished(listed: Listed, rest: Pick<Query, 'from' | 'where' | 'limit'>, alias: string): Query {
  const aggregates: Query['aggregates'][number][] = [];
  const resolve = (expression: Expression): Expression => withoutAlias(expression, alias, aggregates);
  const where = rest.where && resolve(rest.where);
  if (aggregates.length > 0) refuse('UnsupportedSqlOperation', 'an aggregate function in WHERE');
  if ('everythingOf' in listed) {
    const { everythingOf: of } = listed;
    if (of !== undefined && of.toLowerCase() !== alias.toLowerCase()) refuse('InvalidTableAlias', of);
    return { ...rest, where, projections: undefined, aggregates };
  }
  const projections = listed.map(({ value, alias: name }, index): Projection => {
    return { name: name ?? nameOf(value) ?? `_${index + 1}`, value: resolve(value) };
  });
  if (aggregates.length > 0 && !projections.every(({ value }) => isOfAggregates(value))) {
    refuse('UnsupportedSqlStructure', 'columns beside aggregate functions');
  }
  return { ...rest, where, projections, aggregates };
}

const nameOf = (expression: Expression): string | undefined => {
  const last = expression.kind === 'column' ? expression.path.at(-1) : undefined;
  return last !== undefined && 'name' in last ? last.name : undefined;
};

/** Children of an expression, so that walks over it are written once. */
function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'column':
      return [];
    case 'negative':
    case 'not':
    case 'is':
    case 'cast':
      return [expression.operand];
    case 'in':
      return [expression.operand, ...expression.list];
    case 'like':
      return [expression.operand, expression.pattern, ...(expression.escapedBy ? [expression.escapedBy] : [])];
    case 'case': {
      const { operand, whens, otherwise } = expression;
      return [...(operand ? [operand] : []), ...whens.flatMap(({ when, value }) => [when, value]), otherwise];
    }
    case 'call':
      return expression.args;
    case 'aggregate':
      return expression.operand ? [expression.operand] : [];
    default:
      return [expression.left, expression.right];
  }
}

/** Whether no column is read outside of the aggregate functions. */
const isOfAggregates = (expression: Expression): boolean =>
  expression.kind === 'aggregate' ||
  (expression.kind !== 'column' && childrenOf(expression).every((child) => isOfAggregates(child)));

/** Takes the table's alias off the paths, and collects the aggregate functions. Expressions are ours alone here. */
function withoutAlias(expression: Expression, alias: string, found: Query['aggregates'][number][]): Expression {
  const mapped = mapChildren(expression, (child) => withoutAlias(child, alias, found));
  if (mapped.kind === 'aggregate') {
    if (mapped.operand && hasAggregate(mapped.operand)) refuse('UnsupportedSqlStructure', 'nested aggregate functions');
    const numbered = { ...mapped, index: found.length };
    found.push(numbered);
    return numbered;
  }
  if (mapped.kind !== 'column') return mapped;
  const [first, ...rest] = mapped.path;
  // The alias alone is the record itself.
  return first !== undefined && 'name' in first && isSame(first, alias) ? { ...mapped, path: rest } : mapped;
}

const isSame = ({ name, isQuoted }: Extract<PathStep, { name: string }>, alias: string): boolean =>
  isQuoted ? name === alias : name.toLowerCase() === alias.toLowerCase();

const hasAggregate = (expression: Expression): boolean =>
  expression.kind === 'aggregate' || childrenOf(expression).some((child) => hasAggregate(child));

function mapChildren(expression: Expression, map: (child: Expression) => Expression): Expression {
  switch (expression.kind) {
    case 'literal':
    case 'column':
      return expression;
    case 'negative':
    case 'not':
    case 'is':
    case 'cast':
      return { ...expression, operand: map(expression.operand) };
    case 'in':
      return { ...expression, operand: map(expression.operand), list: expression.list.map(map) };
    case 'like': {
      const { operand, pattern, escapedBy } = expression;
      return { ...expression, operand: map(operand), pattern: map(pattern), escapedBy: escapedBy && map(escapedBy) };
    }
    case 'case': {
      const whens = expression.whens.map(({ when, value }) => ({ when: map(when), value: map(value) }));
      const { operand, otherwise } = expression;
      return { ...expression, operand: operand && map(operand), whens, otherwise: map(otherwise) };
    }
    case 'call':
      return { ...expression, args: expression.args.map(map) };
    case 'aggregate':
      return { ...expression, operand: expression.operand && map(expression.operand) };
    default:
      return { ...expression, left: map(expression.left), right: map(expression.right) };
  }
}

/** Where the paths of a query begin: at which columns of a record it looks. Undefined: at the record itself. */
export function firstSteps({ projections, where }: Query): readonly PathStep[] | undefined {
  if (projections === undefined) return undefined;
  const expressions = [...projections.map(({ value }) => value), ...(where ? [where] : [])];
  const paths = expressions.flatMap(pathsIn);
  return paths.some(({ length }) => length === 0) ? undefined : paths.flatMap(([first]) => first ?? []);
}

const pathsIn = (expression: Expression): readonly (readonly PathStep[])[] =>
  expression.kind === 'column' ? [expression.path] : childrenOf(expression).flatMap(pathsIn);
