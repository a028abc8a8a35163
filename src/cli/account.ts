/** `makonis account create | list | key | password`: calls of the `makonis` service, signed with the operator's key. */
import { createInterface } from 'node:readline';
import { callMakonis, type Operator } from '#cli/client.ts';
import { operatorOf } from '#cli/operator.ts';
import { CommandError, print, printJson, printTable } from '#cli/output.ts';
import { processSources, type ReadConfig, readConfig } from '#config';
import { ConfigError } from '#config-values';

const FLAGS = {
  '--json': 'switch',
  '--id': 'value',
  '--name': 'value',
  '--owner': 'value',
  '--access-key-id': 'value',
  '--secret-access-key': 'value',
} as const;

interface Key {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly UserName?: string;
}
interface Account {
  readonly Id: string;
  readonly Name: string;
  readonly Arn: string;
  readonly Status: string;
}

const actions: Readonly<Record<string, (as: Operator, extra: ReadConfig['extra']) => Promise<void>>> = {
  create,
  list,
  key,
  password,
};

export async function account(args: readonly string[]): Promise<number> {
  const { config, extra, positional } = readConfig(processSources(args, FLAGS, 1));
  const [name = ''] = positional;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined)
    throw new ConfigError(`there is no "${name}": makonis account create | list | key | password`);
  await action(operatorOf(config), extra);
  return 0;
}

/** Only what was given: absent members are chosen by the service. */
const given = (members: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined));

async function create(as: Operator, extra: ReadConfig['extra']): Promise<void> {
  const answer = (await callMakonis(
    as,
    'CreateAccount',
    given({
      Id: extra['--id'],
      Name: extra['--name'],
      AccessKeyId: extra['--access-key-id'],
      SecretAccessKey: extra['--secret-access-key'],
    }),
    // The shapes are those of models/makonis.json.
  )) as unknown as { Account: Account; RootAccessKey: Key; AdministratorAccessKey: Key };
  const { Account: made, RootAccessKey: root, AdministratorAccessKey: administrator } = answer;
  if (extra['--json'] !== undefined) {
    printJson({
      id: made.Id,
      name: made.Name,
      arn: made.Arn,
      root: keyView(root),
      administrator: keyView(administrator),
    });
    return;
  }
  print(`account ${made.Id} (${made.Name})`);
  printTable([
    ['WHO', 'ACCESS KEY ID', 'SECRET ACCESS KEY'],
    ['root', root.AccessKeyId, root.SecretAccessKey],
    ['administrator', administrator.AccessKeyId, administrator.SecretAccessKey],
  ]);
}

const keyView = ({ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey }: Key) => ({
  accessKeyId,
  secretAccessKey,
});

async function list(as: Operator, extra: ReadConfig['extra']): Promise<void> {
  const accounts: Account[] = [];
  let token: string | undefined;
  do {
    const page = (await callMakonis(as, 'ListAccounts', given({ NextToken: token }))) as unknown as {
      Accounts: Account[];
      NextToken?: string;
    };
    accounts.push(...page.Accounts);
    token = page.NextToken;
  } while (token !== undefined);
  if (extra['--json'] !== undefined) {
    printJson(accounts.map(({ Id: id, Name: name, Arn: arn, Status: status }) => ({ id, name, arn, status })));
    return;
  }
  printTable([['ID', 'STATUS', 'NAME'], ...accounts.map(({ Id, Status, Name }) => [Id, Status, Name])]);
}

async function key(as: Operator, extra: ReadConfig['extra']): Promise<void> {
  const id = extra['--id'];
  if (id === undefined) throw new CommandError('whose key? makonis account key --id 123456789012 [--owner root]');
  const { AccessKey: made } = (await callMakonis(
    as,
    'CreateAccountAccessKey',
    given({
      AccountId: id,
      Owner: extra['--owner'] ?? 'administrator',
      AccessKeyId: extra['--access-key-id'],
      SecretAccessKey: extra['--secret-access-key'],
    }),
  )) as unknown as { AccessKey: Key };
  if (extra['--json'] !== undefined) printJson({ id, ...keyView(made) });
  else
    printTable([
      ['ACCESS KEY ID', 'SECRET ACCESS KEY'],
      [made.AccessKeyId, made.SecretAccessKey],
    ]);
}

/** The root user's, read from standard input: what stands in a command line is for everybody to see. */
async function password(as: Operator, extra: ReadConfig['extra']): Promise<void> {
  const id = extra['--id'];
  if (id === undefined) throw new CommandError('whose password? makonis account password --id 123456789012 < file');
  if (process.stdin.isTTY) print(`New password of the root user of ${id}, in one line (it shows):`);
  await callMakonis(as, 'SetRootPassword', { AccountId: id, Password: await firstLine() });
  print(`the root user of ${id} signs in with it from now on`);
}

async function firstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  throw new CommandError('there is no password on standard input');
}
