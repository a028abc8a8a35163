/** The program as a user runs it: bin/makonis with a home, a data folder and a key of the test's own, gone when the test ends. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { removeAfterwards, removeRemains } from '#test/remains.ts';

export const ROOT = join(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Program {
  readonly home: string;
  readonly data: string;
  /** Runs a command to its end. `--data` and the key are added to commands that start with a name. */
  run(...args: string[]): Promise<Ended>;
  /** The same for any program, in the same environment. */
  exec(command: string, args: readonly string[], env?: Record<string, string>): Promise<Ended>;
  state(): {
    readonly pids: readonly number[];
    readonly port: number;
    readonly adminPort: number;
    readonly serialConsolePort?: number;
    readonly url: string;
  };
  /** Settings of `makonis env`. */
  settings(): Promise<Record<string, string>>;
  /** What `makonis env` prints, for a client of AWS's SDK. */
  clientConfig(): Promise<ClientConfig>;
}

interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function program(
  t: Pick<TestContext, 'after'>,
  launcher = join(ROOT, 'bin', 'makonis'),
  more: Record<string, string> = {},
): Program {
  const home = mkdtempSync(join(tmpdir(), 'makonis-cli-'));
  removeAfterwards(home);
  // The cloud of a test that runs as root must get to its data.
  chmodSync(home, 0o755);
  const data = join(home, 'data');
  const file = join(data, 'run', 'state.json');
  // The test process's own setting, if it has one, would hide what the launcher does.
  const { NODE_COMPILE_CACHE: _, ...rest } = process.env;
  const environment = { ...rest, HOME: home, MAKONIS_MASTER_KEY: join(home, 'keys', 'master.key'), ...more };
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  const self: Program = {
    home,
    data,
    run: (command = '', ...args) => self.exec(launcher, [command, ...args, '--data', data]),
    exec: (command, args, env = {}) => end(command, args, { ...environment, XDG_CACHE_HOME: cacheHome, ...env }, home),
    state: () => JSON.parse(readFileSync(file, 'utf8')),
    async settings() {
      const { out } = await self.run('env');
      return Object.fromEntries(
        [...out.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
      );
    },
    async clientConfig() {
      const { AWS_ENDPOINT_URL: endpoint = '', AWS_REGION: region = '', ...keys } = await self.settings();
      const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = keys;
      return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
    },
  };
  t.after(async () => {
    if (existsSync(file)) await self.run('down');
    await removeRemains(home);
  });
  return self;
}

/** What was fetched and compiled before is used again. */
const cacheHome = process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '', '.cache');

function end(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Record<'out' | 'err', Buffer[]> = { out: [], err: [] };
    child.stdout.on('data', (chunk: Buffer) => chunks.out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({
        code,
        out: Buffer.concat(chunks.out).toString('utf8'),
        err: Buffer.concat(chunks.err).toString('utf8'),
      });
    });
  });
}
