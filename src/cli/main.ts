/**
 * The command line: one table of commands, each in a file of its own that is loaded when it is asked for. bin/makonis finds
 * Node 24 and comes here.
 */
import { CommandError, print, printError } from '#cli/output.ts';
import { programVersion } from '#cli/program.ts';
import { options } from '#config';
import { ConfigError } from '#config-values';
import { nearest } from '#platform/base/nearest.ts';

/** Answers the exit code; a server answers when it has stopped. */
type Command = (args: readonly string[]) => Promise<number>;

interface CommandEntry {
  readonly run: Command;
  readonly help: string;
}

const commands: Readonly<Record<string, CommandEntry>> = {
  up: {
    run: async (args) => (await import('#cli/up.ts')).up(args),
    help: 'start the cloud: makonis up [--port N] [--data DIR] [--detach]',
  },
  'set-up': {
    run: async (args) => (await import('#cli/set-up.ts')).setUp(args),
    help: 'as root on Debian: install the programs that virtual machines take',
  },
  down: {
    run: async (args) => (await import('#cli/control.ts')).down(args),
    help: 'stop it: finish what is in flight, refuse the new, flush',
  },
  status: {
    run: async (args) => (await import('#cli/control.ts')).status(args),
    help: 'is it running, and where: [--json]',
  },
  node: {
    run: async (args) => (await import('#cli/node.ts')).node(args),
    help: 'list | drain | fill: the processes that share a cloud [--json]',
  },
  env: {
    run: async (args) => (await import('#cli/env.ts')).env(args),
    help: 'settings for AWS clients as shell exports: eval "$(makonis env)"; or --profile [NAME]',
  },
  account: {
    run: async (args) => (await import('#cli/account.ts')).account(args),
    help: 'create | list | key | password: accounts, their access keys and root passwords [--json]',
  },
  quota: {
    run: async (args) => (await import('#cli/quota.ts')).quota(args),
    help: 'list | approve | deny | set: what accounts may use [--json]',
  },
  issuer: {
    run: async (args) => (await import('#cli/issuer.ts')).issuer(args),
    help: 'list | put | delete: keys of OpenID Connect issuers that the cloud can’t ask itself [--json]',
  },
  doctor: {
    run: async (args) => (await import('#cli/doctor.ts')).doctor(args),
    help: 'what this machine can and can’t do, and how to mend it',
  },
  backup: {
    run: async (args) => (await import('#cli/backup.ts')).backup(args),
    help: 'makonis backup TARGET: a consistent copy while the cloud runs',
  },
  restore: {
    run: async (args) => (await import('#cli/backup.ts')).restore(args),
    help: 'makonis restore SOURCE: fill an empty data folder from a copy',
  },
  version: { run: version, help: 'the version of this program' },
  help: { run: help, help: 'this text' },
};

function commandOf(name: string): CommandEntry {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return command;
  const known = Object.keys(commands);
  throw new ConfigError(`unknown command ${name}${nearest(name, known) || `. There are: ${known.join(', ')}`}`);
}

async function version(): Promise<number> {
  print(programVersion());
  return 0;
}

/** Of all commands, or of those that are named. */
async function help(names: readonly string[]): Promise<number> {
  const told = names.length === 0 ? Object.entries(commands) : names.map((name) => [name, commandOf(name)] as const);
  const rows = (entries: readonly (readonly [string, string])[]): string =>
    entries.map(([name, text]) => `  ${name.padEnd(26)}${text}`).join('\n');
  const optionRows = Object.values(options).map(({ flag, value, help: text }) => {
    return [value === undefined ? flag : `${flag} ${value}`, text] as const;
  });
  print(`makonis ${programVersion()}: a cloud of your own, with the APIs of AWS\n`);
  print(`Commands:\n${rows(told.map(([name, { help: text }]) => [name, text]))}\n`);
  print(`Options (each also as MAKONIS_<NAME>, or in the JSON file of --config):\n${rows(optionRows)}`);
  return 0;
}

const isHelp = (word: string): boolean => word === '--help' || word === '-h';

async function run(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...args] = argv;
  const asked = name === '--version' ? 'version' : isHelp(name) ? 'help' : name;
  try {
    const command = commandOf(asked);
    return await (args.some(isHelp) ? help([asked]) : command.run(args));
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof CommandError)) throw error;
    printError(error.message);
    return error instanceof ConfigError ? 2 : 1;
  }
}

const code = await run(process.argv.slice(2));
// A start that failed half-way must not live on by what it has opened already.
if (code !== 0) process.exit(code);
