/** `makonis issuer list | put | delete`: keys of OpenID Connect issuers, for a cloud that can't ask the issuer itself. */
import { readFileSync } from 'node:fs';
import { callMakonis, type Operator } from '#cli/client.ts';
import { operatorOf } from '#cli/operator.ts';
import { CommandError, print, printJson, printTable } from '#cli/output.ts';
import { processSources, type ReadConfig, readConfig } from '#config';
import { ConfigError } from '#config-values';

const FLAGS = { '--json': 'switch', '--url': 'value', '--keys': 'value' } as const;

/** As in models/makonis.json. */
interface IssuerKeys {
  readonly Issuer: string;
  readonly KeyIds: readonly string[];
  readonly ChangedAt: number;
}

type Flags = ReadConfig['extra'];

const actions: Readonly<Record<string, (as: Operator, extra: Flags) => Promise<void>>> = { list, put, delete: remove };

export async function issuer(args: readonly string[]): Promise<number> {
  const { config, extra, positional } = readConfig(processSources(args, FLAGS, 1));
  const [name = ''] = positional;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new ConfigError(`there is no "${name}": makonis issuer list | put | delete`);
  await action(operatorOf(config), extra);
  return 0;
}

async function list(as: Operator, extra: Flags): Promise<void> {
  const { Issuers } = (await callMakonis(as, 'ListIssuerKeys', {})) as unknown as { Issuers: IssuerKeys[] };
  if (extra['--json'] !== undefined) return printJson(Issuers);
  printTable([['ISSUER', 'KEYS'], ...Issuers.map(({ Issuer, KeyIds }) => [Issuer, KeyIds.join(', ')])]);
}

async function put(as: Operator, extra: Flags): Promise<void> {
  const [Issuer, file] = [wanted(extra, '--url'), wanted(extra, '--keys')];
  const answer = await callMakonis(as, 'PutIssuerKeys', { Issuer, KeySet: textOf(file) });
  // The shape is that of models/makonis.json.
  const { KeyIds } = answer['IssuerKeys'] as IssuerKeys;
  print(`${Issuer}: ${KeyIds.length} keys`);
}

async function remove(as: Operator, extra: Flags): Promise<void> {
  const Issuer = wanted(extra, '--url');
  await callMakonis(as, 'DeleteIssuerKeys', { Issuer });
  print(`${Issuer} is asked for its keys itself again`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`--keys: ${(error as Error).message}`);
  }
}

function wanted(extra: Flags, flag: keyof typeof FLAGS): string {
  const value = extra[flag];
  if (value !== undefined) return value;
  throw new CommandError(`${flag} is missing: makonis issuer put --url https://issuer.example --keys jwks.json`);
}
