/** Filters that are about members of the answer: `EbsInfo.EbsOptimizedInfo.BaselineIops`, through lists too. */
import type { Fields } from '#services/ec2/filters.ts';

/** What there is at a path, as texts: times as AWS writes them. */
function valuesAt(shown: unknown, path: readonly string[]): readonly string[] {
  if (shown === undefined || shown === null) return [];
  if (Array.isArray(shown)) return shown.flatMap((item) => valuesAt(item, path));
  const [name, ...rest] = path;
  if (name === undefined) return [String(shown)];
  if (typeof shown !== 'object') return [];
  // A member of a structure, which is a record of its members.
  return valuesAt((shown as Readonly<Record<string, unknown>>)[name], rest);
}

/** Filter -> path, as Fields of items that have what is shown of them. */
export function shownFields<Item>(
  shownOf: (item: Item) => unknown,
  paths: Readonly<Record<string, string>>,
): Fields<Item> {
  const entries = Object.entries(paths).map(([filter, path]) => {
    const steps = path.split('.');
    return [filter, (item: Item) => valuesAt(shownOf(item), steps)] as const;
  });
  return Object.fromEntries(entries);
}
