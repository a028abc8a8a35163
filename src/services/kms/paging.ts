/** KMS's pages: `Limit`, `Marker`, and `Truncated` with `NextMarker` when there is more. */
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/kms/errors.ts';

export interface PageInput {
  readonly Limit?: number;
  readonly Marker?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly more: { readonly Truncated: boolean; readonly NextMarker?: string };
}

/**
 * `read` gives at most `count` items after a position, in their order. `most` is the operation's greatest Limit, and what a
 * call without one gets is `usual`.
 */
export function pageOf<Item>(
  pages: PageTokens,
  call: Call,
  input: PageInput,
  query: unknown,
  sizes: { readonly usual: number; readonly most: number },
  read: (after: string | undefined, count: number) => readonly Item[],
  positionOf: (item: Item) => string,
): Page<Item> {
  const { Limit: limit = sizes.usual, Marker: marker } = input;
  if (limit > sizes.most) {
    fail(
      'Validation',
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${sizes.most}`,
    );
  }
  const after = marker === undefined ? undefined : pages.open(call, query, marker, () => fail('InvalidMarker'));
  const found = read(after, limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (last === undefined || found.length <= limit) return { items, more: { Truncated: false } };
  return { items, more: { Truncated: true, NextMarker: pages.seal(call, query, positionOf(last)) } };
}
