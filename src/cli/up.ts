/**
 * `makonis up`: starts a cloud in this process, or with --detach in one of its own, and says how to use it. What can be wrong
 * (port taken, folder in use, wrong key) is said in one line, with what to do next.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { flushCompileCache, getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { keyFileOf } from '#cli/key-file.ts';
import { openLogFile } from '#cli/log-file.ts';
import { CommandError, print, printError } from '#cli/output.ts';
import {
  checkReach,
  giveUpRoot,
  handOver,
  isOpenToAll,
  isRoot,
  mayMakeNetworks,
  type Unprivileged,
  unprivilegedUser,
} from '#cli/privileges.ts';
import { programRoot, programVersion } from '#cli/program.ts';
import { type RunState, removeRunState, sealSecrets, writeRunState } from '#cli/run-state.ts';
import { type Config, processSources, readConfig } from '#config';
import { ConfigError } from '#config-values';
import type { Hostd } from '#hostd/hostd.ts';
import { type CloudOptions, consolePages, type RunningCloud, startCloud } from '#main';
import { seconds, systemClock } from '#platform/base/clock.ts';
import { randomBytes } from '#platform/base/ids.ts';
import { type Logger, lineLogger } from '#platform/base/log.ts';
import { giveBackMemory } from '#platform/base/memory.ts';
import { nearest } from '#platform/base/nearest.ts';
import { formatNodeAddress } from '#platform/cluster/address.ts';
import type { Host } from '#platform/compute/host.ts';
import { egressRules } from '#platform/egress/rules.ts';
import type { ReadModelFile } from '#platform/model/load.ts';
import { loadPartition } from '#platform/model/partitions.ts';
import { loadPackages } from '#platform/packages.ts';
import type { Registry } from '#platform/registry.ts';
import { createMasterKeys, MasterKeyError, type MasterKeys, readMasterKeys } from '#platform/secrets/master-key.ts';
import { type DataFolder, DataFolderError, makeFolder } from '#platform/store/data-folder.ts';
import { migrate } from '#platform/store/migrate.ts';
import { describeAddress } from '#platform/store/store-address.ts';
import { openData } from '#storage';

export async function up(args: readonly string[]): Promise<number> {
  const { config, extra } = readConfig(processSources(args, { '--detach': 'switch' }));
  checkRegion(config);
  checkNode(config);
  if (extra['--detach'] !== undefined) return detach(args, config);
  try {
    await serve(config);
    return 0;
  } catch (error) {
    const reason = reasonOf(error, config);
    if (reason === undefined) throw error;
    throw new CommandError(reason);
  }
}

/** What a user can mend; undefined for a fault of ours. */
function reasonOf(error: unknown, config: Config): string | undefined {
  if (isForUsers(error)) return error.message;
  const { code, message, port } = error as NodeJS.ErrnoException & { readonly port?: number };
  switch (code) {
    case 'EADDRINUSE':
      return port !== undefined && port === config.serialConsolePort
        ? `port ${port} is taken: choose another with --serial-console-port`
        : `port ${config.port} is taken: choose another with --port, or 0 for any`;
    case 'EACCES':
      return config.port > 0 && config.port < 1024
        ? `port ${config.port} needs a right that this process has given up: choose one from 1024 on`
        : `no permission: ${message}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `this machine has no address ${config.listen.join(', ')}: see --listen`;
    default:
      return undefined;
  }
}

const isForUsers = (error: unknown): error is Error =>
  error instanceof CommandError || error instanceof DataFolderError || error instanceof MasterKeyError;

/**
 * Bytes of bodies lie beside V8's heap, and by default it marks all of the heap after each 64 MB of them: for every 500 objects of 64 KiB, a
 * third of what a GET costs. Reckoned among the rest they go with the young ones, cheaply; memory stays as it was.
 */
const BODIES_IN_HEAP_LIMIT = '--external-memory-accounted-in-global-limit';

async function serve(config: Config): Promise<void> {
  setFlagsFromString(BODIES_IN_HEAP_LIMIT);
  const folder = await openData({
    path: config.data,
    store: config.store,
    node: config.node,
    version: programVersion(),
  });
  if (config.blobs !== undefined) makeFolder(config.blobs);
  const logFile = openLogFile(join(config.data, 'log'));
  const log = lineLogger(logFile.write, systemClock, config.logLevel);
  const start = startOf(config, folder, log);
  const running = await startCloud(start.options);
  writeRunState(config.data, stateOf(config, running, start));
  announce(greeting(running, config, start, logFile.path));
  systemClock.after(seconds(1), giveBackMemory);
  await untilAskedToStop();
  await running.stop();
  start.machines.close();
  log.flush();
  removeRunState(config.data);
  folder.close();
}

interface Start {
  readonly options: CloudOptions;
  readonly keyFile: string;
  readonly machines: MachinesOfThisHost;
  /** How commands find this cloud again: nothing, if its data folder is the default one of who started it. */
  readonly dataOption: string;
}

function startOf(config: Config, folder: DataFolder, log: Logger): Start {
  const keyFile = keyFileOf(config, folder.cloudId);
  if (keyFile.startsWith(`${config.data}/`)) {
    throw new CommandError(
      `the master key ${keyFile} must lie outside of the data folder: who has a copy of the data would have it too`,
    );
  }
  const machines = machinesOf(config, folder, log);
  const options: CloudOptions = {
    ...config,
    // A machine belongs to a host, and no process knows the others' hosts: with several, EC2 refuses for lack of capacity.
    ...(config.machines && config.node === undefined && { host: machines.open }),
    egress: egressRules(config),
    s3Day: seconds(config.s3DaySeconds),
    scrubBytesPerSecond: config.scrubMibPerSecond * 2 ** 20,
    masterKeys: masterKeysOf(keyFile, folder),
    adminToken: randomBytes(24).toString('base64url'),
    refusesVersion2: config.refuseSigv2,
    oldBucketDefaults: config.oldBucketDefaults,
    tlsFolder: config.tls ? join(config.data, 'tls') : undefined,
    log,
    version: programVersion(),
    readModel: modelReader(),
    migrate: (store) => migrate(folder, store),
    onReady: (registry) => becomeUnprivileged(config, registry, machines.staysRoot),
  };
  const isDefault = config.data === readConfig(processSources([])).config.data;
  return { options, keyFile, machines, dataOption: isDefault ? '' : ` --data ${config.data}` };
}

interface MachinesOfThisHost {
  readonly open: () => Promise<Host | undefined>;
  /** Before root is given up: what needs it from then on. */
  readonly staysRoot: (server: Unprivileged) => Promise<void>;
  readonly rootPid: () => number | undefined;
  readonly close: () => void;
}

function machinesOf(config: Config, { cloudId }: DataFolder, log: Logger): MachinesOfThisHost {
  const { data, publicAddresses: publicCidr } = config;
  const [vcpus, memory] = config.overcommit;
  const tag = cloudId.slice(0, 8);
  // Node names a folder of its own in the one that it is given.
  const cache = getCompileCacheDir();
  const compileCache = cache && dirname(cache);
  let hostd: Hostd | undefined;
  return {
    open: async () => {
      const { openThisHost } = await import('#hostd/this-host.ts');
      const user = { tag, compileCache };
      return openThisHost({ data, hostd, user, publicCidr, overcommit: { vcpus, memory }, clock: systemClock, log });
    },
    staysRoot: async (server) => {
      // Without these, machines run as the server's own user, as they do where it was never root.
      if (!config.machines || !mayMakeNetworks()) return;
      const { startHostd } = await import('#hostd/hostd.ts');
      hostd = startHostd({ data, server, tag, publicCidr, compileCache });
    },
    rootPid: () => hostd?.pid,
    close: () => hostd?.close(),
  };
}

/** Processes share a cloud whose rows are in a database, and whose long bytes all of them reach. */
function checkNode({ node, store, blobs }: Config): void {
  if (node === undefined) return;
  if (store === undefined) throw new ConfigError('--node needs --store: processes share the rows of a database');
  if (blobs === undefined)
    throw new ConfigError('--node needs --blobs: a folder that all processes of the cloud reach');
}

function checkRegion({ region }: Config): void {
  const known = Object.keys(loadPartition().regions);
  if (!known.includes(region)) throw new ConfigError(`--region: there is no region ${region}${nearest(region, known)}`);
}

/** To the terminal, or to the process that waits for this one and is gone after that. */
function announce(greeting: string): void {
  if (process.send === undefined) {
    print(greeting);
    return;
  }
  process.send({ greeting });
  process.disconnect();
}

/** Root's files may be out of reach after the start: then all models are opened before, and read through that at first use. */
function modelReader(): ReadModelFile {
  const folder = join(programRoot, 'models');
  const pathOf = (name: string): string => join(folder, `${name}.json`);
  if (!isRoot()) return (name) => readFileSync(pathOf(name), 'utf8');
  const names = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const open = new Map(names.map((file) => [file.slice(0, -'.json'.length), openSync(join(folder, file), 'r')]));
  return (name) => {
    const file = open.get(name);
    if (file === undefined) return readFileSync(pathOf(name), 'utf8');
    const bytes = Buffer.alloc(fstatSync(file).size);
    readSync(file, bytes, 0, bytes.length, 0);
    return bytes.toString('utf8');
  };
}

async function becomeUnprivileged(
  config: Config,
  registry: Registry,
  staysRoot: MachinesOfThisHost['staysRoot'],
): Promise<void> {
  if (!isRoot()) return;
  // What loads at its first use takes 40 MiB when all of it is loaded: only where it will be out of reach.
  if (!isOpenToAll(join(programRoot, 'node_modules'))) await loadPackages();
  if (!isOpenToAll(join(programRoot, 'console'))) await consolePages();
  const sources = [join(programRoot, 'src'), getCompileCacheDir() ?? programRoot];
  if (!sources.every(isOpenToAll)) {
    await Promise.all([registry.preloadAll(), import('#hostd/this-host.ts')]);
  }
  const user = unprivilegedUser(config.user);
  // The cache is root's too: what was compiled so far is kept for the next start.
  flushCompileCache();
  const { computeFolders } = await import('#hostd/protocol.ts');
  const { machines, builds } = computeFolders(config.data);
  const isShared = (folder: string): boolean => config.node !== undefined && folder === config.blobs;
  for (const folder of foldersOf(config)) handOver(folder, user, [machines, builds], isShared(folder));
  await staysRoot(user);
  giveUpRoot(user);
  for (const folder of foldersOf(config)) checkReach(folder, user);
}

/** All that the server writes to. */
const foldersOf = ({ data, blobs }: Config): string[] => (blobs === undefined ? [data] : [data, blobs]);

/** A folder without data gets a new key, if the operator has not put one there; one with data needs its own. */
const masterKeysOf = (path: string, folder: DataFolder): MasterKeys =>
  existsSync(path) || folder.holdsRows ? readMasterKeys(path) : createMasterKeys(path);

function stateOf(config: Config, running: RunningCloud, { options, keyFile, machines }: Start): RunState {
  const { operator, first } = running.keys();
  const rootPid = machines.rootPid();
  const administrator = first && { ...first.administrator, account: first.account };
  return {
    pids: [process.pid, ...(rootPid === undefined ? [] : [rootPid])],
    url: running.url,
    port: running.port,
    adminPort: running.adminPort,
    ...(running.serialConsolePort !== undefined && { serialConsolePort: running.serialConsolePort }),
    adminToken: options.adminToken,
    version: options.version,
    region: config.region,
    keyFile,
    sealed: sealSecrets({ operator, ...(administrator && { administrator }) }, options.masterKeys),
    ...(config.tls && { authorityFile: join(config.data, 'tls', 'ca.pem') }),
  };
}

/** The first key is shown: who can start a cloud on this data can read it anyway. Nothing of it goes to the log. */
function greeting(running: RunningCloud, config: Config, { dataOption: data }: Start, logPath: string): string {
  const program = join(programRoot, 'bin', 'makonis');
  const { url } = running;
  const { first } = running.keys();
  return [
    `Makonis ${programVersion()} is ready: ${url}`,
    ...(first === undefined
      ? []
      : [
          `  account            ${first.account}`,
          `  access key id      ${first.administrator.accessKeyId}`,
          `  secret access key  ${first.administrator.secretAccessKey}`,
        ]),
    `  web console        ${consoleUrl(url)}`,
    ...(running.serialConsolePort === undefined
      ? []
      : [`  serial console     port ${running.serialConsolePort} (ssh)`]),
    `  data               ${config.data}`,
    ...(config.node === undefined ? [] : [`  node               ${formatNodeAddress(config.node)}`]),
    ...(config.store === undefined ? [] : [`  store              ${describeAddress(config.store)}`]),
    `  log                ${logPath}`,
    'Try:',
    `  eval "$(${program} env${data})"`,
    `  aws --endpoint-url ${url} sqs create-queue --queue-name first`,
    `Stop it: ${process.send === undefined ? 'Ctrl+C' : `${program} down${data}`}. The data stays.`,
  ].join('\n');
}

/** `http://console.localhost:4566` */
const consoleUrl = (url: string): string => url.replace('://', '://console.');

function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    // The server's handles keep the process alive; SIGHUP is the terminal's end.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve());
  });
}

/** Starts `up` in a process of its own and returns when it answers, or says why it does not. */
async function detach(args: readonly string[], config: Config): Promise<number> {
  const folder = join(config.data, 'log');
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What it says before it can log, and the trace of a crash.
  const errorFile = join(folder, 'errors.log');
  const start = sizeOf(errorFile);
  const errors = openSync(errorFile, 'a', 0o600);
  // The other process finds compiled what this one has loaded.
  flushCompileCache();
  const rest = args.filter((argument) => argument !== '--detach');
  const main = join(programRoot, 'src', 'cli', 'main.ts');
  const child = spawn(process.execPath, [...process.execArgv, main, 'up', ...rest], {
    detached: true,
    stdio: ['ignore', 'ignore', errors, 'ipc'],
  });
  closeSync(errors);
  const outcome = await greetingOf(child);
  if (outcome !== undefined) {
    print(outcome);
    return 0;
  }
  const said = readFileSync(errorFile).subarray(start).toString('utf8').trim();
  printError(said.replace(/^makonis: /, '') || 'the cloud ended before it was ready');
  return 1;
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Undefined when it ended instead. */
function greetingOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('message', (message) => {
      child.unref();
      // The only message is `announce`'s.
      resolve((message as { greeting: string }).greeting);
    });
    child.once('exit', () => resolve(undefined));
    child.once('error', () => resolve(undefined));
  });
}
