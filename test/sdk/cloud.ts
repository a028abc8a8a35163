/**
 * A real cloud for tests: its own data folder, port and clock, removed when the test ends. Clients are AWS's own SDKs over real
 * HTTP; when a test moves the clock, they are told, as their signatures carry the time.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type RunningCloud, startCloud } from '#main';
import { minutes, SimulatedClock } from '#platform/base/clock.ts';
import { randomBytes } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Host } from '#platform/compute/host.ts';
import { createMasterKeys, readMasterKeys } from '#platform/secrets/master-key.ts';
import { heldThread } from '#platform/store/again.ts';
import { parseStoreAddress, type StoreAddress } from '#platform/store/store-address.ts';
import type { LogBucket } from '#services/cloudtrail/log-bucket.ts';
import { PLAIN } from '#test/plain-cloud.ts';
import { noteAnswers } from '#test/sdk/seen-answers.ts';
import { memoryFarm, settled } from '#test/sdk/several.ts';
import { STORE_VARIABLE } from '#test/sdk/store-variable.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly maxAttempts: number;
  systemClockOffset: number;
}

interface Client {
  destroy(): void;
}

export interface TestCloud {
  readonly url: string;
  readonly port: number;
  readonly clock: SimulatedClock;
  readonly running: RunningCloud;
  readonly account: string;
  /** The data folder. */
  readonly data: string;
  /** The certificate to trust, with `tls`. */
  readonly authorityFile: string;
  /** The first account's administrator. */
  readonly administrator: Credentials;
  readonly operator: Credentials;
  /** A client of any SDK class, as the administrator unless told otherwise, destroyed with the test. */
  client<T extends Client>(
    Class: new (config: ClientConfig) => T,
    options?: { credentials?: Credentials; region?: string; endpoint?: string },
  ): T;
  /** Where the next client would go: each to another node, if there are several. */
  nextUrl(): string;
  /** Moves the cloud's clock, and that of the clients with it. */
  advance(milliseconds: number): void;
  /** Stops the cloud and starts it again on the same data. The port changes; `client` knows the new one. */
  restart(): Promise<TestCloud>;
}

export interface TestCloudOptions {
  /** A database for its rows; files in its folder by default. */
  readonly store?: StoreAddress;
  readonly log?: Logger;
  readonly tls?: boolean;
  readonly logBucket?: LogBucket;
  readonly s3Day?: number;
  readonly scrubBytesPerSecond?: number;
  /** Where its folder is made; the system's place for temporary files by default. */
  readonly parent?: string;
  readonly refusesVersion2?: boolean;
  readonly oldBucketDefaults?: boolean;
  /** 0: the serial console by SSH, on a port that the system chooses. */
  readonly serialConsolePort?: number;
  /** Where its machines run; none unless a test gives one. */
  readonly host?: Host;
  /** In the place of `host`: when they are first asked for. */
  readonly openHost?: () => Promise<Host>;
}

/** A schema for each cloud; over-postgres.test.ts sets it. */
const storeUrl = process.env[STORE_VARIABLE];
const storeOfEnvironment = (): { readonly store?: StoreAddress } => {
  const schema = `test_${randomBytes(8).toString('hex')}`;
  return storeUrl === undefined ? {} : { store: { ...parseStoreAddress(storeUrl), schema } };
};

/** How many nodes every cloud has, over a store across a wire: test/sdk/over-nodes.test.ts sets it. Unset, it is alone and over files. */
export const NODES_VARIABLE = 'MAKONIS_INTERNAL_TEST_NODES';
const nodeCount = Number(process.env[NODES_VARIABLE] ?? 0);
/** Set, a test fails where a read across the wire has held the thread after the start. */
export const HELD_VARIABLE = 'MAKONIS_INTERNAL_TEST_HELD';
const mayHold = process.env[HELD_VARIABLE] === undefined;

export async function cloud(t: TestContext, options: TestCloudOptions = {}): Promise<TestCloud> {
  const folder = mkdtempSync(join(options.parent ?? tmpdir(), 'makonis-test-'));
  const clock = new SimulatedClock();
  const keyFile = join(folder, 'master-key.json');
  const masterKeys = createMasterKeys(keyFile);
  // Services are tested here. That leases end, and how, is not for a busy machine to bring in.
  const farm = nodeCount > 0 ? memoryFarm(masterKeys, minutes(2)) : undefined;
  const clouds: RunningCloud[] = [];
  const {
    parent: _,
    tls = false,
    host,
    openHost = host && (async () => host),
    ...given
  } = { ...storeOfEnvironment(), ...options };
  let held = heldThread.times;
  t.after(async () => {
    const now = heldThread.times;
    await stop(clouds);
    rmSync(folder, { recursive: true, force: true });
    assert.ok(mayHold || now === held, `${now - held} reads held the thread`);
  });
  return start();

  async function stop(nodes: readonly RunningCloud[]): Promise<void> {
    await Promise.all(nodes.map((node) => node.stop(0)));
  }

  async function start(): Promise<TestCloud> {
    clouds.length = 0;
    clouds.push(await startNode('data'));
    for (let node = 1; farm !== undefined && node < nodeCount; node++) clouds.push(await startNode(`data-${node}`));
    if (farm !== undefined) await settled(clouds);
    const running = clouds[0] as RunningCloud; // pushed above
    const whole = testCloud({ t, running, clock, folder, nextUrl, restart });
    // Nobody waits while a cloud starts.
    held = heldThread.times;
    return whole;
  }

  function startNode(data: string): Promise<RunningCloud> {
    return startCloud({
      ...PLAIN,
      data: join(folder, data),
      masterKeys: readMasterKeys(keyFile),
      tlsFolder: tls ? join(folder, 'tls') : undefined,
      clock,
      ...(farm && { processes: farm.member(), blobs: join(folder, 'blobs') }),
      ...given,
      ...(openHost && { host: openHost }),
    });
  }

  async function restart(): Promise<TestCloud> {
    await stop(clouds);
    return start();
  }

  /** Each client has another node. */
  function nextUrl(): string {
    const node = clouds.shift() as RunningCloud; // there is one at least
    clouds.push(node);
    return node.url;
  }
}

interface TestCloudParts {
  readonly t: TestContext;
  readonly running: RunningCloud;
  readonly clock: SimulatedClock;
  readonly folder: string;
  readonly nextUrl: () => string;
  readonly restart: () => Promise<TestCloud>;
}

function testCloud({ t, running, clock, folder, nextUrl, restart }: TestCloudParts): TestCloud {
  const { operator, first } = running.keys();
  if (first === undefined) throw new Error('the first account has no administrator');
  const configs: ClientConfig[] = [];
  return {
    url: running.url,
    port: running.port,
    clock,
    running,
    account: first.account,
    data: join(folder, 'data'),
    authorityFile: join(folder, 'tls', 'ca.pem'),
    nextUrl,
    administrator: first.administrator,
    operator,
    client(Class, { credentials = first.administrator, region = 'us-east-1', endpoint = nextUrl() } = {}) {
      const config = { endpoint, region, credentials, maxAttempts: 1, systemClockOffset: clock.offset };
      const client = new Class(config);
      // SDK clients keep their resolved configuration here, and read the offset for each signature.
      configs.push((client as unknown as { config: ClientConfig }).config);
      noteAnswers(client);
      t.after(() => client.destroy());
      return client;
    },
    advance(milliseconds) {
      clock.advance(milliseconds);
      for (const config of configs) config.systemClockOffset = clock.offset;
    },
    restart,
  };
}
