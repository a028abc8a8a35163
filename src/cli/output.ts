/** What commands print. */

/** A command can't do what it was asked: the message says why, and what to do next. */
export class CommandError extends Error {
  override name = 'CommandError';
}

/** Who reads no further (`| head`) has seen enough. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const printError = (text: string): void => {
  process.stderr.write(`makonis: ${text}\n`);
};

export const printJson = (value: unknown): void => print(JSON.stringify(value));

/** Rows as aligned columns, the head first. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}
