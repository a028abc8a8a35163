/** JSON with a line for each entry of the first levels of objects: diffs read well, and files stay small. */
export function printModel(value: object, depth = 1): string {
  const entries = Object.entries(value).map(([key, entry]) =>
    printEntry(key, entry, key === 'authorization' ? 2 : depth),
  );
  return `{\n${entries.join(',\n')}\n}\n`;
}

function printEntry(key: string, value: unknown, depth: number): string {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  const name = `${JSON.stringify(key)}: `;
  if (depth === 0 || !isRecord || Object.keys(value).length === 0) return name + JSON.stringify(value);
  return `${name}{\n${Object.entries(value)
    .map(([inner, entry]) => printEntry(inner, entry, depth - 1))
    .join(',\n')}\n}`;
}
