/**
 * What a running cloud leaves for the command line in `<data>/run`: where it listens, and the keys that commands sign with, sealed
 * by the master key: the data folder gives no secret away. The files tell nothing about life: the process and its health do.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '#cli/output.ts';
import { MasterKeyError, type MasterKeys, readMasterKeys } from '#platform/secrets/master-key.ts';
import { createSealer } from '#platform/secrets/sealer.ts';

interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface RunState {
  /** The server, which `down` asks to stop, and what stays root for it and ends with it. */
  readonly pids: readonly [server: number, ...others: number[]];
  readonly url: string;
  readonly port: number;
  readonly adminPort: number;
  readonly serialConsolePort?: number;
  readonly adminToken: string;
  readonly version: string;
  readonly region: string;
  /** The certificate to trust, when the API speaks TLS. */
  readonly authorityFile?: string;
  /** The master key's file, which opens the secrets. */
  readonly keyFile: string;
  /** `RunSecrets` as sealed JSON. */
  readonly sealed: string;
}

/** The keys as they were at the start. */
export interface RunSecrets {
  readonly operator: AccessKey;
  /** Of the first account; absent if its owner removed the user or its keys. */
  readonly administrator?: AccessKey & { readonly account: string };
}

const PLACE = { account: 'global', record: 'run-state', version: 1 };

export const sealSecrets = (secrets: RunSecrets, keys: MasterKeys): string =>
  createSealer(keys).seal(JSON.stringify(secrets), PLACE);

export function openSecrets({ keyFile, sealed }: RunState): RunSecrets {
  try {
    // Sealed by sealSecrets.
    return JSON.parse(createSealer(readMasterKeys(keyFile)).open(sealed, PLACE).toString('utf8')) as RunSecrets;
  } catch (error) {
    throw error instanceof MasterKeyError ? new CommandError(error.message) : error;
  }
}

const folderOf = (data: string): string => join(data, 'run');
const fileOf = (data: string): string => join(folderOf(data), 'state.json');

export function writeRunState(data: string, state: RunState): void {
  mkdirSync(folderOf(data), { recursive: true, mode: 0o700 });
  const draft = `${fileOf(data)}.new`;
  writeFileSync(draft, JSON.stringify(state), { mode: 0o600 });
  writeFileSync(join(folderOf(data), 'admin-token'), `${state.adminToken}\n`, { mode: 0o600 });
  renameSync(draft, fileOf(data));
}

export function removeRunState(data: string): void {
  rmSync(fileOf(data), { force: true });
}

/** Undefined when no cloud has left one, or it was stopped in order. */
export function readRunState(data: string): RunState | undefined {
  try {
    // Written by writeRunState.
    return JSON.parse(readFileSync(fileOf(data), 'utf8')) as RunState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`the state of the cloud in ${data} can't be read: ${(error as Error).message}`);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !isZombie(pid);
}

/** Has ended, and waits for a parent to ask: for ever in a container whose first process asks for nobody. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    // No Linux, or gone by now.
    return false;
  }
}

/** The state of a cloud that runs; a CommandError that says how to start it otherwise. */
export function runningState(data: string): RunState {
  const state = readRunState(data);
  if (state !== undefined && isAlive(state.pids[0])) return state;
  throw new CommandError(`no cloud runs on ${data}. Start it: makonis up --detach --data ${data}`);
}
