/** A cloud with real machines that is killed and started again, and what lies on this machine of it, looked at from outside. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { EC2Client } from '@aws-sdk/client-ec2';
import { computeFolders } from '#hostd/protocol.ts';
import { randomBytes } from '#platform/base/ids.ts';
import { SERVER } from '#platform/compute/qemu/machines.fixture.ts';
import { createMasterKeys } from '#platform/secrets/master-key.ts';
import type { MachinesPlace, MachinesReady } from '#test/crash/machines-server.ts';
import {
  groupsOf,
  hasOuterRules,
  hostdsOf,
  machinesIn,
  namespacesOf,
  removeAfterwards,
  removeRemains,
} from '#test/remains.ts';

export class MachinesCloud {
  readonly place: MachinesPlace;
  #child: ChildProcess | undefined;
  #port = 0;
  #client: EC2Client | undefined;
  #isRemoved = false;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'makonis-kills-'));
    createMasterKeys(join(folder, 'master-key.json'));
    chownSync(folder, SERVER.uid, SERVER.gid);
    const tag = randomBytes(4).toString('hex');
    removeAfterwards(folder, tag);
    this.place = { folder, tag, publicCidr: `198.19.${randomBytes(1)[0]}.0/24` };
  }

  get ec2(): EC2Client {
    return this.#client ?? assert.fail('it does not run');
  }

  async start(): Promise<void> {
    assert.ok(!this.#isRemoved, 'the test is over');
    const file = new URL('./machines-server.ts', import.meta.url);
    const child = fork(file, [JSON.stringify(this.place), String(this.#port)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    const exit = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
    const [ready] = (await Promise.race([once(child, 'message'), exit])) as [MachinesReady];
    exit.catch(() => {});
    this.#port = ready.port;
    this.#client?.destroy();
    this.#client = new EC2Client({
      endpoint: `http://localhost:${ready.port}`,
      region: 'us-east-1',
      credentials: ready,
      maxAttempts: 1,
    });
  }

  /** From now on it kills itself at this step; '' is none. Whether it was told so in its life. */
  async endAt(step: string): Promise<boolean> {
    const child = this.#child ?? assert.fail();
    const answer = once(child, 'message');
    const end = this.isDead ? undefined : once(child, 'exit');
    child.send(step, () => {});
    await Promise.race([answer, end]);
    return !this.isDead;
  }

  get isDead(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async kill(): Promise<void> {
    if (this.isDead || this.#child === undefined) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** With all that a test that failed has left; what is still under way in one that took too long starts nothing any more. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    await this.kill();
    this.#client?.destroy();
    await removeRemains(this.place.folder, this.place.tag);
  }

  /** Those that it has taken since it was told last where to end. */
  steps(): string[] {
    return readFileSync(join(this.place.folder, 'steps'), 'utf8').split('\n').slice(0, -1);
  }

  /** What it complained of last. */
  errors(): string {
    const file = join(this.place.folder, 'errors.log');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-4000) : '';
  }

  get folders() {
    return computeFolders(join(this.place.folder, 'data'));
  }

  machines = () => machinesIn(this.folders.machines);

  hostds = (): number => hostdsOf(this.place.folder);

  namespaces = (): string[] => namespacesOf(this.place.tag);

  taps(): string[] {
    return this.namespaces().flatMap((namespace) =>
      [...run('ip', '-n', namespace, '-br', 'link').matchAll(/^(tap\S+)/gm)].map(([, name = '']) => name),
    );
  }

  /** Chains of nftables that are of one interface each. */
  guarded(): string[] {
    return this.namespaces().flatMap((namespace) =>
      [
        ...run('ip', 'netns', 'exec', namespace, 'nft', 'list', 'table', 'netdev', 'guests').matchAll(
          /chain from_(\S+)/g,
        ),
      ].map(([, name = '']) => name),
    );
  }

  outerRules = (): boolean => hasOuterRules(this.place.tag);

  routes(): string[] {
    const prefix = this.place.publicCidr.replace(/0\/24$/, '');
    return run('ip', 'route')
      .split('\n')
      .filter((line) => line.startsWith(prefix));
  }

  shares = (): string[] => groupsOf(this.place.tag);

  /** Volumes and snapshots with bytes, and layers that none of them has. */
  disks() {
    const { volumes: folder } = this.folders;
    const records = ['volumes', 'snapshots'].map((kind) =>
      readdirSync(join(folder, kind)).map((name) => ({
        id: basename(name, '.json'),
        // As the driver wrote it.
        layers: (JSON.parse(readFileSync(join(folder, kind, name), 'utf8')) as { layers: string[] }).layers,
      })),
    );
    const used = new Set(records.flat().flatMap(({ layers }) => layers));
    const layers = readdirSync(join(folder, 'layers')).map((name) => basename(name, '.qcow2'));
    const [volumes = [], snapshots = []] = records.map((those) => those.map(({ id }) => id).sort());
    return { volumes, snapshots, stray: layers.filter((layer) => !used.has(layer)) };
  }

  incoming(): string[] {
    return [this.folders.volumes, this.folders.images].flatMap((folder) => readdirSync(join(folder, 'incoming')));
  }

  consoleOf(id: string): string {
    const file = join(this.folders.machines, id, 'console');
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  }

  /** Says a letter to the guest, and hears its answer if it has one. */
  async tell(id: string, letters: string): Promise<string> {
    const socket = connect(join(this.folders.machines, id, 'serial'));
    try {
      await once(socket, 'connect');
      socket.write(letters);
      if (!/[wr]/.test(letters)) return '';
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer.toString('latin1');
    } finally {
      socket.destroy();
    }
  }
}

export async function newCloud(t: TestContext): Promise<MachinesCloud> {
  const cloud = new MachinesCloud();
  t.after(async () => {
    t.diagnostic(cloud.errors());
    await cloud.remove();
  });
  await cloud.start();
  return cloud;
}

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
