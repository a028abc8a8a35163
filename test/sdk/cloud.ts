/**
 * A real cloud for tests: its own data folder, port and clock, removed when the test ends. Clients are AWS's own SDKs over real
 * HTTP; when a test moves the clock, they are told, as their signatures carry the time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type RunningCloud, startCloud } from '#main';
import { SimulatedClock } from '#platform/base/clock.ts';
import { randomBytes } from '#platform/base/ids.ts';
import { type Logger, silent } from '#platform/base/log.ts';
import type { Host } from '#platform/compute/host.ts';
import { createMasterKeys, readMasterKeys } from '#platform/secrets/master-key.ts';
import { parseStoreAddress, type StoreAddress } from '#platform/store/store-address.ts';
import type { LogBucket } from '#services/cloudtrail/log-bucket.ts';
import { noteAnswers } from '#test/sdk/seen-answers.ts';
import { type Farm, memoryFarm, settled } from '#test/sdk/several.ts';
import { NODES_VARIABLE, STORE_VARIABLE } from '#test/sdk/variables.ts';

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
  /** Where its machines run; none unless a test gives one. */
  readonly host?: Host;
}

/** A schema for each cloud; over-postgres.test.ts sets it. */
const storeUrl = process.env[STORE_VARIABLE];
const storeOfEnvironment = (): { readonly store?: StoreAddress } => {
  const schema = `test_${randomBytes(8).toString('hex')}`;
  return storeUrl === undefined ? {} : { store: { ...parseStoreAddress(storeUrl), schema } };
};

/** How many nodes every cloud has; over-nodes.test.ts sets it. */
const nodeCount = Number(process.env[NODES_VARIABLE] ?? 1);

interface Place {
  readonly folder: string;
  readonly clock: SimulatedClock;
  readonly keyFile: string;
  readonly farm: Farm;
  readonly options: TestCloudOptions;
}

function startNode({ folder, clock, keyFile, farm, options }: Place, data: string): Promise<RunningCloud> {
  const { parent: _, tls = false, host, ...given } = options;
  return startCloud({
    data: join(folder, data),
    ...(nodeCount > 1 && { processes: farm.member(), blobs: join(folder, 'blobs') }),
    masterKeys: readMasterKeys(keyFile),
    port: 0,
    adminPort: 0,
    adminToken: 'test',
    listen: [],
    domains: ['localhost'],
    region: 'us-east-1',
    tlsFolder: tls ? join(folder, 'tls') : undefined,
    log: silent,
    version: 'test',
    clock,
    ...given,
    ...(host && { host: async () => host }),
  });
}

export async function cloud(t: TestContext, options: TestCloudOptions = {}): Promise<TestCloud> {
  const folder = mkdtempSync(join(options.parent ?? tmpdir(), 'makonis-test-'));
  const clock = new SimulatedClock();
  const keyFile = join(folder, 'master-key.json');
  const given = { ...storeOfEnvironment(), ...options };
  const place = { folder, clock, keyFile, farm: memoryFarm(createMasterKeys(keyFile)), options: given };
  const clouds: RunningCloud[] = [];
  t.after(async () => {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  });
  return start();

  async function start(): Promise<TestCloud> {
    clouds.length = 0;
    for (let node = 0; node < nodeCount; node++)
      clouds.push(await startNode(place, node === 0 ? 'data' : `data-${node}`));
    if (nodeCount > 1) await settled(clouds);
    return testCloud(clouds[0] as RunningCloud); // there is one at least
  }

  async function stopAll(): Promise<void> {
    await Promise.all(clouds.map((node) => node.stop(0)));
  }

  /** Each client has another node. */
  function nextUrl(): string {
    const node = clouds.shift() as RunningCloud; // there is one at least
    clouds.push(node);
    return node.url;
  }

  function testCloud(running: RunningCloud): TestCloud {
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
      async restart() {
        await stopAll();
        return start();
      },
    };
  }
}
