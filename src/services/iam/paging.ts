/** IAM's paging: MaxItems (100 unless told), IsTruncated and a Marker, which is a sealed page token. */
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import type { Table } from '#platform/store/keys.ts';
import type { KeyedRow, ReadTransaction } from '#platform/store/store.ts';
import { invalidMarker } from '#services/iam/errors.ts';

export interface PageInput {
  readonly Marker?: string;
  readonly MaxItems?: number;
}

export interface PageEnd {
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

/** An item and the text from which a list goes on after it. A marker has 320 characters at most, so it must be short. */
export type Positioned<T> = readonly [position: string, item: T];

const DEFAULT_ITEMS = 100;
const BATCH = 200;

/** `source` yields what follows a position; `query` is what else decides the list. */
export function pageOf<T>(
  pages: PageTokens,
  call: Call,
  input: PageInput,
  query: unknown,
  source: (after: string | undefined) => Iterable<Positioned<T>>,
): { items: T[]; end: PageEnd } {
  const after = input.Marker === undefined ? undefined : pages.open(call, query, input.Marker, invalidMarker);
  const items: T[] = [];
  let last = '';
  for (const [position, item] of source(after)) {
    if (items.length === (input.MaxItems ?? DEFAULT_ITEMS)) {
      return { items, end: { IsTruncated: true, Marker: pages.seal(call, query, last) } };
    }
    items.push(item);
    last = position;
  }
  return { items, end: { IsTruncated: false } };
}

/** Rows of a table that is keyed by name, in its order. */
export function* namedRows<Row>(
  tx: ReadTransaction,
  table: Table<Row, [string]>,
  after: string | undefined,
): Generator<Positioned<Row>> {
  let last = after === undefined ? undefined : table.key(after);
  for (;;) {
    const rows: KeyedRow<Row>[] = tx.range(table, { ...(last !== undefined && { after: last }), limit: BATCH });
    for (const { key, row } of rows) yield [table.parts(key)[0], row];
    last = rows.at(-1)?.key;
    if (rows.length < BATCH) return;
  }
}

export interface PathInput extends PageInput {
  readonly PathPrefix?: string;
}

/** A page of a table that is keyed by name: the rows below a path. */
export function pageBelow<Row extends { readonly path: string }>(
  pages: PageTokens,
  call: Call,
  input: PathInput,
  table: Table<Row, [string]>,
): { items: Row[]; end: PageEnd } {
  const { PathPrefix: prefix = '/' } = input;
  return pageOf(pages, call, input, prefix, function* (after): Generator<Positioned<Row>> {
    for (const each of namedRows(call.tx, table, after)) if (each[1].path.startsWith(prefix)) yield each;
  });
}

/** For lists that a quota keeps short: the position is a count. */
export const counted =
  <T>(items: readonly T[]) =>
  (after: string | undefined): Positioned<T>[] => {
    const from = after === undefined ? 0 : Number(after);
    return items.slice(from).map((item, index) => [String(from + index + 1), item]);
  };
