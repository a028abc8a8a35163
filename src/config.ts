/**
 * Every option of the program, said once: its flag, its environment variable, its key in the configuration file, its check
 * and its help. A flag beats the environment, the environment beats the file. What is mistyped is an error that names the
 * nearest option; nothing is ignored. This is the only file that reads the environment.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  absolute,
  addressed,
  ConfigError,
  domains,
  flag,
  list,
  mebibytes,
  networks,
  nodeAddress,
  oneOf,
  overcommit,
  path,
  port,
  publicAddresses,
  refuse,
  region,
  secondsOfDay,
  storeAddress,
  threads,
} from '#config-values';
import type { LogLevel } from '#platform/base/log.ts';
import { nearest } from '#platform/base/nearest.ts';
import type { NodeAddress } from '#platform/cluster/address.ts';
import { type StoreAddress, withPassword } from '#platform/store/store-address.ts';

export interface Config {
  /** The API's port; 0 lets the system choose. */
  readonly port: number;
  readonly adminPort: number;
  /** Where everything durable lies that is not in `store` or `blobs`. */
  readonly data: string;
  /** A database for all rows; undefined for files in the data folder. */
  readonly store: StoreAddress | undefined;
  /** Where long bytes lie; undefined for the data folder. */
  readonly blobs: string | undefined;
  /** Where other processes of the same cloud call this one; undefined when it is alone. */
  readonly node: NodeAddress | undefined;
  /** Addresses to bind; empty for loopback only. */
  readonly listen: readonly string[];
  /** Names under which clients reach this cloud, beside localhost and AWS's own. */
  readonly domains: readonly string[];
  readonly region: string;
  readonly tls: boolean;
  /** Presigned URLs and forms of S3 that old clients make are refused. */
  readonly refuseSigv2: boolean;
  /** New buckets of S3 take access control lists and block nothing; owners are shown with their names. */
  readonly oldBucketDefaults: boolean;
  readonly masterKey: string | undefined;
  /** Networks beyond the internet that the cloud may call: identity providers may be there. Undefined: loopback, if it listens there alone. */
  readonly egress: readonly EgressNetwork[] | undefined;
  /** PEM file of authorities that outward calls trust beside the well-known ones. */
  readonly egressCa: string | undefined;
  /** How long a day of S3's lifecycle rules and restores takes. */
  readonly s3DaySeconds: number;
  /** Whether EC2 runs virtual machines on this machine. */
  readonly machines: boolean;
  /** Of the processors and of the memory: how often each is promised to machines. */
  readonly overcommit: readonly [vcpus: number, memory: number];
  /** Given out by EC2 as public; this machine and what routes to it here reach them. */
  readonly publicAddresses: string;
  /** Of the EC2 serial console by SSH; undefined: there is none. */
  readonly serialConsolePort: number | undefined;
  /** How fast S3's scrub reads what is stored. */
  readonly scrubMibPerSecond: number;
  /** How many threads may read and write clients' connections while the one that serves is busy. */
  readonly frontThreads: number;
  readonly logLevel: LogLevel;
  /** The user that a process started as root becomes. */
  readonly user: string;
}

type EgressNetwork = 'loopback' | 'private' | 'none';

type Parsed = string | number | boolean | readonly (string | number)[] | StoreAddress | NodeAddress;

interface OptionSpec {
  readonly flag: string;
  /** What stands for the value in help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly parse: (text: string) => Parsed;
}

export const options: Readonly<Record<keyof Config, OptionSpec>> = {
  port: { flag: '--port', value: 'N', help: 'port of the API (4566)', parse: port },
  adminPort: {
    flag: '--admin-port',
    value: 'N',
    help: 'port of health and metrics, on loopback (chosen by the system)',
    parse: port,
  },
  data: {
    flag: '--data',
    value: 'DIR',
    help: 'folder of all data (~/.makonis; /var/lib/makonis for root)',
    parse: path,
  },
  store: {
    flag: '--store',
    value: 'URL',
    help: 'PostgreSQL for all rows: postgres://user@host/database (files in the data folder)',
    parse: storeAddress,
  },
  blobs: {
    flag: '--blobs',
    value: 'DIR',
    help: 'folder of S3’s objects and other long bytes (in the data folder)',
    parse: path,
  },
  node: {
    flag: '--node',
    value: 'HOST:PORT',
    help: 'share the cloud of --store with other processes, which call this one here (alone)',
    parse: nodeAddress,
  },
  listen: { flag: '--listen', value: 'ADDRESS,…', help: 'addresses to bind (loopback only)', parse: list },
  domains: { flag: '--domain', value: 'NAME,…', help: 'further host names of this cloud', parse: domains },
  region: { flag: '--region', value: 'NAME', help: 'region of requests that name none (us-east-1)', parse: region },
  tls: { flag: '--tls', help: 'HTTPS (and HTTP/2) with a local certificate authority', parse: flag },
  refuseSigv2: {
    flag: '--refuse-sigv2',
    help: 'take no presigned URLs and forms of signature version 2, which old clients of S3 make',
    parse: flag,
  },
  oldBucketDefaults: {
    flag: '--old-bucket-defaults',
    help: 'make buckets as S3 did before April 2023: access control lists count, public access and SSE-C are not blocked; owners are shown with their names',
    parse: flag,
  },
  masterKey: {
    flag: '--master-key',
    value: 'FILE',
    help: 'file of the master key, outside of the data folder',
    parse: path,
  },
  egress: {
    flag: '--egress',
    value: 'NETWORK,…',
    help: 'what the cloud may call beside the internet: loopback, private, none (loopback, unless --listen)',
    parse: networks,
  },
  egressCa: {
    flag: '--egress-ca',
    value: 'FILE',
    help: 'certificate authorities (PEM) that outward calls trust beside the well-known ones',
    parse: path,
  },
  s3DaySeconds: {
    flag: '--s3-day-seconds',
    value: 'N',
    help: 'how long a day of S3’s lifecycle rules and restores takes, to see them at work (86400)',
    parse: secondsOfDay,
  },
  machines: {
    flag: '--machines',
    value: 'YES',
    help: 'run EC2’s virtual machines here: true or false (true)',
    parse: flag,
  },
  overcommit: {
    flag: '--overcommit',
    value: 'N[,N]',
    help: 'how often this machine’s processors and its memory are promised to virtual machines (8,1)',
    parse: overcommit,
  },
  publicAddresses: {
    flag: '--public-addresses',
    value: 'CIDR',
    help: 'addresses that EC2 gives out as public ones; this machine reaches them (203.0.113.0/24)',
    parse: publicAddresses,
  },
  serialConsolePort: {
    flag: '--serial-console-port',
    value: 'N',
    help: 'port of the EC2 serial console by SSH, on the same addresses as the API (none)',
    parse: port,
  },
  scrubMibPerSecond: {
    flag: '--scrub-mib-per-second',
    value: 'N',
    help: 'how fast S3 reads what it stores, every week, to find what is damaged (64)',
    parse: mebibytes,
  },
  frontThreads: {
    flag: '--front-threads',
    value: 'N',
    help: 'threads that read and write connections while the one that serves is busy; 0 for none (1)',
    parse: threads,
  },
  logLevel: {
    flag: '--log-level',
    value: 'LEVEL',
    help: 'debug, info, warn or error (info)',
    parse: oneOf('debug', 'info', 'warn', 'error'),
  },
  user: {
    flag: '--user',
    value: 'NAME',
    help: 'what a process started as root becomes (makonis)',
    parse: (text) => text,
  },
};

export const envName = (name: string): string =>
  `MAKONIS_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

export interface ConfigSources {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  /** Flags that the command knows beside the configuration's: `--json`, `--detach`. Each is a switch or takes a value. */
  readonly extra?: Readonly<Record<string, 'switch' | 'value'>>;
  /** How many words the command takes beside its options. */
  readonly words?: number;
}

export interface ReadConfig {
  readonly config: Config;
  /** Values of the extra flags that were given; a switch is `true`. */
  readonly extra: Readonly<Record<string, string>>;
  readonly positional: readonly string[];
}

export function readConfig({ args, env, isRoot, extra: extraSpecs = {}, words = 0 }: ConfigSources): ReadConfig {
  const values = new Map<string, Parsed>(Object.entries(defaults(isRoot)));
  const { given, extra, positional } = readArguments(args, extraSpecs);
  if (positional.length > words) refuse(`unexpected "${positional[words]}"`);
  const file = given.get('config') ?? env['MAKONIS_CONFIG'];
  if (file !== undefined) for (const [name, value] of readFile(absolute(file))) values.set(name, value);
  for (const [name, value] of readEnvironment(env)) values.set(name, value);
  for (const [name, text] of given) {
    if (name !== 'config') values.set(name, parsed(name as keyof Config, text, options[name as keyof Config].flag));
  }
  // Every value was made by its own option's parser.
  const config = { ...UNSET, ...Object.fromEntries(values) } as unknown as Config;
  return { config: { ...config, store: storeOf(config, given, env) }, extra, positional };
}

function storeOf({ store }: Config, given: ReadonlyMap<string, string>, env: ConfigSources['env']) {
  if (store?.password !== undefined && given.has('store')) {
    refuse('--store: a password here is seen by all users: give it in PGPASSWORD, PGPASSFILE or MAKONIS_STORE');
  }
  return store && addressed(() => withPassword(store, env));
}

const NO = undefined;
const UNSET = { store: NO, blobs: NO, node: NO, masterKey: NO, egress: NO, egressCa: NO, serialConsolePort: NO };

const defaults = (isRoot: boolean): Omit<Config, keyof typeof UNSET> => ({
  port: 4566,
  adminPort: 0,
  data: isRoot ? '/var/lib/makonis' : join(homedir(), '.makonis'),
  listen: [],
  domains: ['localhost'],
  region: 'us-east-1',
  tls: false,
  s3DaySeconds: 86_400,
  scrubMibPerSecond: 64,
  refuseSigv2: false,
  oldBucketDefaults: false,
  machines: true,
  overcommit: [8, 1],
  publicAddresses: '203.0.113.0/24',
  frontThreads: 1,
  logLevel: 'info',
  user: 'makonis',
});

function parsed(name: keyof Config, text: string, source: string): Parsed {
  try {
    const value = options[name].parse(text);
    return name === 'domains' && Array.isArray(value) ? ['localhost', ...value] : value;
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(`${source}: ${error.message}`) : error;
  }
}

function readArguments(args: readonly string[], extraSpecs: Readonly<Record<string, 'switch' | 'value'>>) {
  const given = new Map<string, string>();
  const extra: Record<string, string> = {};
  const positional: string[] = [];
  const byFlag = new Map(Object.entries(options).map(([name, spec]) => [spec.flag, { name, spec }]));
  const known = ['--config', ...byFlag.keys(), ...Object.keys(extraSpecs)];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? '';
    if (!argument.startsWith('-')) {
      positional.push(argument);
      continue;
    }
    const [name = '', inline] = argument.split(/=(.*)/s, 2);
    if (!known.includes(name)) return refuse(`unknown option ${name}${nearest(name, known)}`);
    const option = byFlag.get(name);
    const isSwitch = option ? option.spec.value === undefined : extraSpecs[name] === 'switch';
    const value = inline ?? (isSwitch ? 'true' : args[++at]);
    if (value === undefined) return refuse(`${name} needs a value`);
    if (extraSpecs[name] !== undefined) extra[name] = value;
    else given.set(option?.name ?? 'config', value);
  }
  return { given, extra, positional };
}

function readEnvironment(env: ConfigSources['env']): [string, Parsed][] {
  const byName = new Map(Object.keys(options).map((name) => [envName(name), name as keyof Config]));
  const known = ['MAKONIS_CONFIG', ...byName.keys()];
  return Object.entries(env).flatMap(([name, text]): [string, Parsed][] => {
    if (!name.startsWith('MAKONIS_') || name.startsWith('MAKONIS_INTERNAL_') || name === 'MAKONIS_CONFIG') return [];
    const option = byName.get(name);
    if (option === undefined) return refuse(`unknown environment variable ${name}${nearest(name, known)}`);
    return [[option, parsed(option, text ?? '', name)]];
  });
}

/** A JSON object with the options' names as keys: `{"port": 4566, "domains": ["cloud.example"]}`. */
function readFile(file: string): [string, Parsed][] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return refuse(`configuration file ${file}: ${(error as Error).message}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return refuse(`configuration file ${file} holds no JSON object`);
  }
  return Object.entries(content).map(([name, value]): [string, Parsed] => {
    if (!Object.hasOwn(options, name))
      return refuse(`${file}: unknown option "${name}"${nearest(name, Object.keys(options))}`);
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (parts.some((part) => !['string', 'number', 'boolean'].includes(typeof part))) {
      return refuse(`${file}: ${name}: expected text, a number, true or false, or a list of texts`);
    }
    return [name, parsed(name as keyof Config, parts.join(','), `${file}: ${name}`)];
  });
}

/** The process's own sources. */
export const processSources = (
  args: readonly string[],
  extra: ConfigSources['extra'] = {},
  words = 0,
): ConfigSources => ({
  args,
  env: process.env,
  isRoot: process.getuid?.() === 0,
  extra,
  words,
});
