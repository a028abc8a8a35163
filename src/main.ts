/**
 * The composition root: the only file that names every part. `startCloud` opens the store, joins the services to the gateway and
 * listens; what it returns can be stopped. The command line (cli/) and the tests start clouds through it.
 */
import { join } from 'node:path';
import { startAdmin } from '#gateway/admin.ts';
import { hostReader } from '#gateway/host.ts';
import { startHttp1 } from '#gateway/http/http1-server.ts';
import type { Listener, ListenOptions } from '#gateway/http/listener.ts';
import { type Gateway, planBody, serve } from '#gateway/pipeline.ts';
import { Router } from '#gateway/route.ts';
import { present } from '#platform/base/assert.ts';
import { type Clock, type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
import { openFilesystemBlobs } from '#platform/blobs/filesystem/blobs.ts';
import type { Cloud } from '#platform/cloud.ts';
import { deliver } from '#platform/jobs/deliver.ts';
import { Jobs } from '#platform/jobs/jobs.ts';
import { Metrics } from '#platform/metrics.ts';
import { modelLoader, type ReadModelFile } from '#platform/model/load.ts';
import { loadPartition } from '#platform/model/partitions.ts';
import { compileValidator } from '#platform/model/validate.ts';
import { pageTokens } from '#platform/page-token.ts';
import { RegisteredService, Registry } from '#platform/registry.ts';
import { removeAccountResources } from '#platform/removal.ts';
import { checkMasterKeys } from '#platform/secrets/check-value.ts';
import type { MasterKeys } from '#platform/secrets/master-key.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import type { ServiceDeclaration } from '#platform/service.ts';
import { backupStore, restoreStore } from '#platform/store/backup.ts';
import { commitStart } from '#platform/store/first-commit.ts';
import { openStore } from '#platform/store/open-store.ts';
import { copyRegions } from '#platform/store/sqlite/copy.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import type { Store } from '#platform/store/store.ts';
import { Throttle } from '#platform/throttle.ts';
import { bootstrap, type FirstKeys, firstKeys } from '#services/iam/accounts/bootstrap.ts';
import { assembleServices } from '#services/index.ts';

export interface CloudOptions {
  readonly data: string;
  readonly masterKeys: MasterKeys;
  readonly port: number;
  readonly adminPort: number;
  readonly adminToken: string;
  /** Empty: loopback only. */
  readonly listen: readonly string[];
  readonly domains: readonly string[];
  readonly region: string;
  /** A folder with the certificate authority; undefined for plain HTTP. */
  readonly tlsFolder: string | undefined;
  readonly log: Logger;
  readonly version: string;
  readonly clock?: Clock;
  readonly readModel?: ReadModelFile;
  /** Brings the store to this program's format before anything is served. */
  readonly migrate?: (store: Store) => Promise<void>;
  /** All files that were there are read and nothing has come from a client: the time to give up root. */
  readonly onReady?: () => void;
}

export interface RunningCloud {
  readonly port: number;
  readonly adminPort: number;
  readonly url: string;
  readonly cloud: Cloud;
  /** The operator's key, and that of the first account's administrator, as they are now. */
  keys(): FirstKeys;
  /** Finishes what is in flight, flushes, closes. After `grace` milliseconds connections are cut. */
  stop(grace?: Milliseconds): Promise<void>;
}

const DEFAULT_GRACE: Milliseconds = seconds(10);

export async function startCloud(options: CloudOptions): Promise<RunningCloud> {
  const { log, data, clock = systemClock } = options;
  const stopping = new AbortController();
  const sealer = createSealer(options.masterKeys);
  const onFault = (error: unknown): void => log.log('error', 'fault', { reason: describe(error) });

  // The store tells the jobs of each partition that opens; the jobs' relay calls services, which stand on the store.
  const late: { jobs?: Jobs; cloud?: Cloud } = {};
  const running = (): Cloud => present(late.cloud, 'services ask for the cloud when they are called');
  const drivers = sqliteDrivers(join(data, 'regions'));
  const store = openStore({ drivers, onFault, onOpen: (partition) => late.jobs?.attach(partition) });
  const blobs = blobsOf(data, onFault);
  const firstCommit = proveData(options, store, clock);

  const regions = new Set(Object.keys(loadPartition(options.readModel).regions));
  const { declarations, identity } = assembleServices({
    store,
    sealer,
    pages: pageTokens(sealer),
    registry: () => running().registry,
    removeResources: (account, signal) => removeAccountResources(running(), account, signal),
    version: options.version,
    regions: [...regions],
    startedAt: clock.now(),
    blobs: blobs.of,
  });
  const metrics = new Metrics();
  const registry = registryOf(declarations, options.readModel);
  const throttle = new Throttle();
  const isRegion = (name: string): boolean => regions.has(name);
  const cloud: Cloud = { store, registry, identity, clock, log, throttle, isRegion, stopping: stopping.signal };
  const jobs = new Jobs({ clock, log, services: declarations, deliver: (delivery) => deliver(cloud, delivery) });
  Object.assign(late, { jobs, cloud });

  await firstCommit;
  await options.migrate?.(store);
  await bootstrap(store, sealer, clock.now());
  const tls = options.tlsFolder === undefined ? undefined : await loadTls();
  options.onReady?.();
  const gateway = gatewayOf(options, cloud, metrics);
  const listener = await listen(options, gateway, [...regions], onFault, clock, tls);
  metrics.gauge('connections', 'Open connections of the API port.', () => listener.connections);
  const admin = await startAdmin({
    port: options.adminPort,
    clock,
    onFault,
    token: options.adminToken,
    health: () => ({ ready: !stopping.signal.aborted, version: options.version }),
    metrics: () => metrics.text(),
  });
  void jobs.resume(store).catch(onFault);

  return {
    port: listener.port,
    adminPort: admin.port,
    url: `${options.tlsFolder === undefined ? 'http' : 'https'}://localhost:${listener.port}`,
    cloud,
    keys: () => firstKeys(store, sealer),
    async stop(grace = DEFAULT_GRACE) {
      stopping.abort();
      await listener.stop(grace);
      await jobs.stop();
      await admin.stop(0);
      await store.close();
      await blobs.close();
    },
  };
}

const gatewayOf = ({ domains, region }: CloudOptions, cloud: Cloud, metrics: Metrics): Gateway => ({
  cloud,
  router: new Router(cloud.registry),
  readHost: hostReader(domains),
  defaultRegion: region as Region,
  metrics,
});

/** The keys fit the data; when the promise resolves, the disk has taken a write. */
function proveData({ masterKeys, version }: CloudOptions, store: Store, clock: Clock): Promise<void> {
  const global = store.partition({ service: 'iam', account: 'global', region: GLOBAL_REGION });
  checkMasterKeys(masterKeys, global);
  const committed = commitStart(global, clock.now(), version);
  // It fails where it is awaited.
  committed.catch(() => {});
  return committed;
}

function registryOf(declarations: readonly ServiceDeclaration[], readModel: ReadModelFile | undefined): Registry {
  const load = modelLoader(readModel);
  return new Registry(
    declarations.map(
      (declaration) =>
        new RegisteredService(declaration, () => load(declaration.model ?? declaration.name), compileValidator),
    ),
  );
}

/** Each region's blobs lie beside its store, and are opened when they are first asked for. */
function blobsOf(data: string, onFault: (error: unknown) => void) {
  const opened = new Map<Region, Promise<Blobs>>();
  return {
    of: (region: Region): Promise<Blobs> =>
      getOrInsert(opened, region, () => openFilesystemBlobs(join(data, 'blobs', region), onFault)),
    close: async (): Promise<void> => {
      for (const each of opened.values()) await (await each).close();
    },
  };
}

/** Node's HTTP takes 40 ms to load: only who wants TLS waits for it. */
const loadTls = async () => ({
  ...(await import('#gateway/http/node-server.ts')),
  ...(await import('#gateway/http/tls.ts')),
});
type Tls = Awaited<ReturnType<typeof loadTls>>;

async function listen(
  options: CloudOptions,
  gateway: Gateway,
  regions: readonly string[],
  onFault: (error: unknown) => void,
  clock: Clock,
  tls: Tls | undefined,
): Promise<Listener> {
  const { tlsFolder, listen: hosts, port } = options;
  const listenOptions: ListenOptions = {
    ...(hosts.length > 0 && { hosts }),
    port,
    clock,
    onFault,
    handler: { planBody, serve: (request) => serve(request, gateway) },
  };
  if (tlsFolder === undefined || tls === undefined) return await startHttp1(listenOptions);
  const names = tls.serverNames(options.domains, regions);
  return await tls.startNodeServer(listenOptions, tls.openTlsIdentity({ folder: tlsFolder, names, clock }));
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** A consistent copy of a data folder, whether a cloud runs on it or not. */
export const backupData = (data: string, target: string): Promise<void> => backupStore(data, target, copyRegions);

/** Fills a data folder, which must be new or empty, from such a copy. */
export const restoreData = (source: string, data: string): Promise<void> => restoreStore(source, data, copyRegions);
