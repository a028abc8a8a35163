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

export class Server {
  readonly #args: readonly [data: string, keyFile: string];
  readonly #shared: readonly string[];
  #child: ChildProcess | undefined;

  /** `shared`: the store and the folder of blobs that it has with others; by how many milliseconds its clock is wrong. */
  constructor(data: string, keyFile: string, ...shared: string[]) {
    this.#args = [data, keyFile];
    this.#shared = shared;
  }

  async start(port: number): Promise<Ready> {
    const file = new URL('./server.ts', import.meta.url);
    const child = fork(file, [...this.#args, String(port), ...this.#shared], {
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
export function newServer(t: TestContext, ...shared: string[]): Server {
  const { folder, data, keyFile } = newFolder();
  const server = new Server(data, keyFile, ...shared);
  t.after(async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return server;
}
