/**
 * Filters of describe operations (EC2 API Reference, Filter; User Guide, "Filtering using the CLI and API"): values of one filter
 * are alternatives, filters together narrow. `*` stands for any run of characters, `?` for any one, `\` before them takes
 * that away; case counts. Each operation has a table of its filters; `tag:<key>`, `tag-key` and `tag-value` go by themselves.
 */
import { compileGlob, type Matcher, type Piece } from '#platform/policy/match.ts';
import type { Tags } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';

export interface Filter {
  readonly Name?: string;
  readonly Values?: readonly string[];
}

/** Filter -> what an item has to show for it. Absent: the item does not pass, whatever is asked for. */
export type Fields<Item> = Readonly<Record<string, (item: Item) => string | readonly string[] | undefined>>;

/** "The maximum number of filter values specified on a single call is 200" */
const MOST_VALUES = 200;

export type Test<Item> = (item: Item) => boolean;

/** Whether an item passes all filters. `tagsOf` is there for what can be tagged. */
export function compileFilters<Item>(
  filters: readonly Filter[] | undefined,
  fields: Fields<Item>,
  tagsOf?: (item: Item) => Tags,
): Test<Item> {
  const given = filters ?? [];
  const count = given.reduce((sum, { Values = [] }) => sum + Values.length, 0);
  if (count > MOST_VALUES) fail('FilterLimitExceeded', MOST_VALUES);
  const tests = given.map((filter) => compileFilter(filter, fields, tagsOf));
  return (item) => tests.every((test) => test(item));
}

function compileFilter<Item>(
  { Name: name, Values: values }: Filter,
  fields: Fields<Item>,
  tagsOf: ((item: Item) => Tags) | undefined,
): Test<Item> {
  if (name === undefined) return fail('MissingParameter', 'Filter.Name');
  if (values === undefined || values.length === 0) return fail('MissingParameter', 'Filter.Value');
  const shown = (Object.hasOwn(fields, name) ? fields[name] : undefined) ?? (tagsOf && tagField(name, tagsOf));
  if (shown === undefined) return fail('InvalidFilter', name);
  const matchers = values.map(matcherOf);
  const passes = (text: string): boolean => matchers.some((matches) => matches(text));
  return (item) => {
    const found = shown(item);
    if (found === undefined) return false;
    return typeof found === 'string' ? passes(found) : found.some(passes);
  };
}

function tagField<Item>(name: string, tagsOf: (item: Item) => Tags): Fields<Item>[string] | undefined {
  if (name === 'tag-key') return (item) => Object.keys(tagsOf(item));
  if (name === 'tag-value') return (item) => Object.values(tagsOf(item));
  if (!name.startsWith('tag:')) return undefined;
  const key = name.slice('tag:'.length);
  return (item) => {
    const tags = tagsOf(item);
    return Object.hasOwn(tags, key) ? tags[key] : undefined;
  };
}

function matcherOf(pattern: string): Matcher {
  const pieces: Piece[] = [];
  // A backslash and what it takes the meaning from, or all up to the next one.
  for (const [run, escaped] of pattern.matchAll(/\\([*?\\])|[^\\]+|\\/g)) {
    pieces.push(escaped === undefined ? { text: run, wild: run !== '\\' } : { text: escaped, wild: false });
  }
  return compileGlob(pieces, 'plain');
}
