/** Pages of describe operations: `MaxResults` and `NextToken`. Without either, all there is comes at once, as on AWS. */
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';

export interface PageInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

export interface Placed<Item> {
  readonly item: Item;
  /** Where the next page goes on after this one. */
  readonly position: string;
}

const LEAST = 5;
const MOST = 1000;

/** `query` is what else decides the list; `after` gives what passes, in a stable order, behind a position. */
export function pageOf<Item>(
  pages: PageTokens,
  call: Call,
  { MaxResults: limit, NextToken: token }: PageInput,
  query: unknown,
  after: (position: string | undefined) => Iterable<Placed<Item>>,
): { readonly items: readonly Item[]; readonly more: { readonly NextToken?: string } } {
  if (limit !== undefined && (limit < LEAST || limit > MOST)) {
    fail('InvalidParameter', 'maxResults', String(limit), `Expecting a value between ${LEAST} and ${MOST}.`);
  }
  const position = token ? pages.open(call, query, token, () => fail('InvalidNextToken')) : undefined;
  const found: Placed<Item>[] = [];
  for (const placed of after(position)) {
    const last = found.at(-1);
    if (limit !== undefined && found.length === limit && last !== undefined) {
      return { items: found.map(({ item }) => item), more: { NextToken: pages.seal(call, query, last.position) } };
    }
    found.push(placed);
  }
  return { items: found.map(({ item }) => item), more: {} };
}
