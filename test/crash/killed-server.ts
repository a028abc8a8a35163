/** A cloud in a process of its own, to be killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createMasterKeys } from '#platform/secrets/master-key.ts';
import type { Books, Ready } from '#test/crash/server.ts';
import { STORE_VARIABLE } from '#test/sdk/variables.ts';

export class Server {
  readonly #args: readonly string[];
  readonly #storeUrl: string | undefined;
  readonly #blobs: string | undefined;
  #child: ChildProcess | undefined;

  /** With a folder of `blobs` it shares its store with other processes. */
  constructor(args: readonly string[], storeUrl?: string, blobs?: string) {
    this.#args = args;
    this.#storeUrl = storeUrl;
    this.#blobs = blobs;
  }

  async start(port: number): Promise<Ready> {
    const file = new URL('./server.ts', import.meta.url);
    const env = { ...process.env, ...(this.#storeUrl !== undefined && { [STORE_VARIABLE]: this.#storeUrl }) };
    const child = fork(file, [...this.#args, String(port), ...(this.#blobs === undefined ? [] : [this.#blobs])], {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    const exit = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
    const [ready] = (await Promise.race([once(child, 'message'), exit])) as [Ready];
    exit.catch(() => {});
    return ready;
  }

  async books(): Promise<Books> {
    const answer = once(this.#child ?? assert.fail(), 'message');
    this.#child?.send('books');
    return ((await answer) as [Books])[0];
  }

  /** It gets no time until `go`. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  go(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

interface NewFolder {
  readonly folder: string;
  readonly data: string;
  readonly keyFile: string;
}

/** Whoever asks for it removes it, when nothing runs on it any more. */
export function newFolder(): NewFolder {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-crash-'));
  const keyFile = join(folder, 'master-key.json');
  createMasterKeys(keyFile);
  return { folder, data: join(folder, 'data'), keyFile };
}

/** Not started yet. After the test it is gone, and then its folder. */
export function newServer(t: TestContext, storeUrl?: string): Server {
  const { folder, data, keyFile } = newFolder();
  const server = new Server([data, keyFile], storeUrl);
  t.after(async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return server;
}
