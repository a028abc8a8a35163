/**
 * Documents and names with places to fill: `@{bucketName}`. A document is filled in as JSON, value by value, so nothing that is put in
 * can become syntax; a list takes the place of an entry that is its placeholder alone.
 */
export type Values = Readonly<Record<string, readonly string[]>>;

const PLACE = /@\{([^{}]{1,256})\}/g;

/** The names of what is to be filled in. */
export const placesIn = (text: string): Set<string> => new Set([...text.matchAll(PLACE)].map(([, name = '']) => name));

/** Names that are not given stay as they are. */
export const filledText = (text: string, values: Values): string =>
  text.replace(PLACE, (place, name: string) => valuesOf(values, name)?.join(',') ?? place);

export const filledDocument = (document: string, values: Values): string =>
  JSON.stringify(filled(JSON.parse(document), values));

const valuesOf = (values: Values, name: string): readonly string[] | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

function filled(node: unknown, values: Values): unknown {
  if (typeof node === 'string') return filledText(node, values);
  if (Array.isArray(node))
    return node.flatMap((each): readonly unknown[] => wholePlace(each, values) ?? [filled(each, values)]);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      filledText(key, values),
      wholePlace(value, values) ?? filled(value, values),
    ]),
  );
}

/** What a text that is one placeholder and nothing else stands for, if that is a list. */
function wholePlace(node: unknown, values: Values): readonly string[] | undefined {
  const name = typeof node === 'string' ? /^@\{([^{}]{1,256})\}$/.exec(node)?.[1] : undefined;
  const given = name === undefined ? undefined : valuesOf(values, name);
  return given !== undefined && given.length > 1 ? given : undefined;
}
