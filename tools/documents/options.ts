/** The table of options in docs/operate.md. */
import { envName, options } from '#config';

export function optionsTable(): string {
  const rows = Object.entries(options).map(([name, { flag, value, help }]) => {
    const shown = value === undefined ? flag : `${flag} ${value}`;
    return `| \`${shown}\` | \`${envName(name)}\` | \`${name}\` | ${help.replaceAll('|', '\\|')} |`;
  });
  return ['| flag | environment | in the file | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
