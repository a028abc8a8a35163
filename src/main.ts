/**
 * The composition root: the only file that names every part, beside storage.ts, which chooses the drivers of data. `startCloud` opens the store,
 * joins the services to the gateway and listens; what it returns can be stopped. The command line (cli/) and the tests start clouds
 * through it.
 */
import { join } from 'node:path';
import { startAdmin } from '#gateway/admin.ts';
import { consoleSite, type Pages, readPages, upgradeAtConsole } from '#gateway/console.ts';
import type { Processes, ProcessesOptions } from '#gateway/forward/processes.ts';
import { hostReader } from '#gateway/host.ts';
import { startFronted } from '#gateway/http/front/fronted-server.ts';
import type { Listener, ListenOptions } from '#gateway/http/listener.ts';
import { type Gateway, planBody, serve } from '#gateway/pipeline.ts';
import { Router } from '#gateway/route.ts';
import { upgradeToTunnel } from '#gateway/tunnel.ts';
import { present } from '#platform/base/assert.ts';
import { type Clock, days, type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';
import { GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import { lazy } from '#platform/base/lazy.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Cloud } from '#platform/cloud.ts';
import type { NodeAddress } from '#platform/cluster/address.ts';
import type { Host } from '#platform/compute/host.ts';
import { Connections, type SerialLines } from '#platform/connections.ts';
import { createEgress, type Egress, type EgressRules } from '#platform/egress/egress.ts';
import { KEPT_ANSWERS } from '#platform/idempotency.ts';
import { callAsRole } from '#platform/jobs/as-role.ts';
import { callAsService, deliver } from '#platform/jobs/deliver.ts';
import { Jobs } from '#platform/jobs/jobs.ts';
import { Metrics } from '#platform/metrics.ts';
import { type ActionCatalogue, actionCatalogue } from '#platform/model/actions.ts';
import { modelSources, type ReadModelFile } from '#platform/model/load.ts';
import { loadPartition } from '#platform/model/partitions.ts';
import { compileValidator } from '#platform/model/validate.ts';
import { pageTokens } from '#platform/page-token.ts';
import { authorizationMessages as sealedAuthorizationMessages } from '#platform/policy/authorization-message.ts';
import { RegisteredService, Registry } from '#platform/registry.ts';
import { removeAccountResources } from '#platform/removal.ts';
import { checkMasterKeys } from '#platform/secrets/check-value.ts';
import type { MasterKeys } from '#platform/secrets/master-key.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import type { ServiceEntry } from '#platform/service.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import { commitStart } from '#platform/store/first-commit.ts';
import { openStore } from '#platform/store/open-store.ts';
import { rowSeals } from '#platform/store/row-seals.ts';
import type { Store } from '#platform/store/store.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';
import { showStore } from '#platform/store/store-metrics.ts';
import { Throttle } from '#platform/throttle.ts';
import type { Collector } from '#services/cloudtrail/collector.ts';
import type { LogBucket } from '#services/cloudtrail/log-bucket.ts';
import { bootstrap, type FirstKeys, firstAccount, firstKeys } from '#services/iam/accounts/bootstrap.ts';
import { assembleServices } from '#services/index.ts';
import { blobsOf, driversOf, openProcesses } from '#storage';

export interface CloudOptions {
  readonly data: string;
  /** A database for the rows, and a folder for the long bytes; both in the data folder by default. */
  readonly store?: StoreAddress | undefined;
  readonly blobs?: string | undefined;
  /** Where other processes on the same store call this one; alone by default. */
  readonly node?: NodeAddress | undefined;
  /** In the place of `store` and `node`. */
  readonly processes?: ProcessesOptions | undefined;
  readonly masterKeys: MasterKeys;
  readonly port: number;
  /** Threads that may read and write connections when the engine's is busy; none by default. */
  readonly frontThreads?: number;
  readonly adminPort: number;
  readonly adminToken: string;
  /** Empty: loopback only. */
  readonly listen: readonly string[];
  readonly domains: readonly string[];
  readonly region: string;
  /** A folder with the certificate authority; undefined for plain HTTP. */
  readonly tlsFolder: string | undefined;
  readonly refusesVersion2?: boolean;
  readonly oldBucketDefaults?: boolean;
  /** What outward calls may reach beside the internet; by default this machine, while the cloud listens there alone. */
  readonly egress?: EgressRules;
  readonly log: Logger;
  readonly version: string;
  readonly clock?: Clock;
  readonly readModel?: ReadModelFile;
  /** What S3's lifecycle rules and restores call a day; a real one by default. */
  readonly s3Day?: Milliseconds;
  /** How fast S3 reads what it stores, to check it; as fast as it can by default. */
  readonly scrubBytesPerSecond?: number;
  /** Of the EC2 serial console by SSH; 0 lets the system choose; undefined: there is none. */
  readonly serialConsolePort?: number | undefined;
  /** Where CloudTrail's log files go, if not to S3. */
  readonly logBucket?: LogBucket;
  /** Opens where EC2's machines run, when EC2 is first used; without one nothing can be launched. */
  readonly host?: () => Promise<Host | undefined>;
  /** Brings the store to this program's format before anything is served. */
  readonly migrate?: (store: Store) => Promise<void>;
  /** All files that a start needs are read and nothing has come from a client: the time to give up root. */
  readonly onReady?: (registry: Registry) => Promise<void>;
}

export interface RunningCloud {
  readonly port: number;
  readonly adminPort: number;
  readonly serialConsolePort: number | undefined;
  readonly url: string;
  readonly cloud: Cloud;
  readonly processes: Processes | undefined;
  /** The operator's key, and that of the first account's administrator, as they are now. */
  keys(): FirstKeys;
  /** Finishes what is in flight, flushes, closes. After `grace` milliseconds connections are cut. */
  stop(grace?: Milliseconds): Promise<void>;
}

const DEFAULT_GRACE: Milliseconds = seconds(10);

export async function startCloud(options: CloudOptions): Promise<RunningCloud> {
  const { log } = options;
  const stopping = new AbortController();
  const onFault = (error: unknown): void => log.log('error', 'fault', { reason: describe(error) });
  const ports = [options.port, options.adminPort];
  const processes = await openProcesses(options, onFault);
  const clock = processes?.clockFrom(options.clock ?? systemClock) ?? options.clock ?? systemClock;
  const { cloud, store, jobs, sealer, audit, blobs, careFor, metrics, host, connections, serialConsole } = joinParts(
    { ...options, clock, drivers: processes?.drivers ?? (await driversOf(options)) },
    { stopping: stopping.signal, onFault, ports, processes },
  );

  await processes?.begin({
    cloud,
    store,
    connections,
    onOwned: (isOwned) => void jobs.resume(store, isOwned).catch(onFault),
    onRetired(partition) {
      jobs.detach(partition);
      audit.closed(partition);
    },
    onAdopted(partition) {
      jobs.wake(partition);
      audit.opened(partition);
    },
  });
  processes?.count(metrics);
  showStore(metrics, store);
  const prove = () => proveData(options, store, clock);
  await (processes?.patiently(prove) ?? prove());
  await options.migrate?.(store);
  const first = () => bootstrap(store, sealer, clock.now());
  if (processes === undefined) await first();
  else await processes.onceForAll(first, () => firstAccount(store) !== undefined);
  const tls = options.tlsFolder === undefined ? undefined : await loadTls();
  const listenForSsh = await serialConsoleOf(options, clock, serialConsole);
  await options.onReady?.(cloud.registry);
  const gateway = gatewayOf(options, cloud, metrics, connections);
  const listener = await listen(options, { gateway, connections }, onFault, clock, tls);
  metrics.gauge('connections', 'Open connections of the API port.', () => listener.connections);
  const admin = await adminOf(options, { clock, onFault, metrics, processes, stopping: stopping.signal });
  const serial = await listenForSsh();
  ports.splice(0, ports.length, listener.port, admin.port);
  // Of several processes each has taken up what is its own when it joined.
  if (processes === undefined) void jobs.resume(store).catch(onFault);
  for (const region of blobs.regions()) careFor(region);

  return {
    port: listener.port,
    adminPort: admin.port,
    serialConsolePort: serial?.port,
    url: originOf({ ...options, domains: [] }, listener.port),
    cloud,
    processes,
    keys: () => firstKeys(store, sealer),
    async stop(grace = DEFAULT_GRACE) {
      stopping.abort();
      serial?.stop();
      await listener.stop(grace);
      await jobs.stop();
      await audit.stop();
      await admin.stop(0);
      await host.close();
      await processes?.drain();
      await store.close();
      await processes?.close();
      await blobs.close();
    },
  };
}

interface Surroundings {
  readonly stopping: AbortSignal;
  readonly onFault: (error: unknown) => void;
  /** Of the API and the admin, as asked for, then as they are. */
  readonly ports: readonly number[];
}

/** Everything behind the ports: the store, the services, the jobs between them. */
function joinParts(
  options: CloudOptions & { readonly clock: Clock; readonly drivers: StoreDrivers },
  { stopping, onFault, ports, processes }: Surroundings & { readonly processes: Processes | undefined },
) {
  const { log, clock, drivers, readModel, version, masterKeys } = options;
  const sealer = createSealer(masterKeys);
  // The store tells the jobs of each partition that opens; the jobs' relay calls services, which stand on the store.
  const late: { jobs?: Jobs; cloud?: Cloud; audit?: Collector; actions?: ActionCatalogue } = {};
  const running = (): Cloud => present(late.cloud, 'services ask for the cloud when they are called');
  const store = openStore({
    drivers,
    sharing: processes?.sharing,
    sealing: { seals: rowSeals(sealer), clock },
    onFault,
    onOpen: (partition) => {
      late.jobs?.attach(partition);
      late.audit?.opened(partition);
    },
  });
  const regions = regionsOf(readModel);
  const careFor = onceForEach(regions, (region) => blobChores(region).forEach((chore) => void jobs.keep(chore)));
  const blobs = blobsOf(options, clock, onFault, processes?.blobs, careFor);
  const [metrics, connections] = [new Metrics(), new Connections(clock)];
  const [authorizationMessages, host] = [sealedAuthorizationMessages(sealer), hostOf(options)];
  const { entries, identity, audit, blobChores, serialConsole } = assembleServices({
    store,
    sealer,
    pages: pageTokens(sealer),
    egress: egressOf(options, clock, () => ports),
    clock,
    authorizationMessages,
    origin: () => originOf(options, present(ports[0], 'a cloud has a port')),
    registry: () => running().registry,
    actions: () => (late.actions ??= actionCatalogue(readModel)),
    removeResources: (account, signal) => removeAccountResources(running(), account, signal),
    version,
    regions,
    startedAt: clock.now(),
    deliver: (delivery) => deliver(running(), delivery),
    callAsService: (call) => callAsService(running(), call),
    callAsRole: (assumption, call) => callAsRole(running(), assumption, call),
    onFault,
    metrics,
    connections,
    logBucket: options.logBucket,
    oldBucketDefaults: options.oldBucketDefaults ?? false,
    blobs: blobs.of,
    host: host.open,
    scrubBytesPerSecond: options.scrubBytesPerSecond ?? Number.POSITIVE_INFINITY,
    s3Day: options.s3Day ?? days(1),
  });
  const registry = registryOf(entries, readModel);
  const cloud: Cloud = {
    store,
    registry,
    identity,
    clock,
    log,
    throttle: new Throttle(),
    audit,
    keptAnswers: sealer.purpose(KEPT_ANSWERS),
    authorizationMessages,
    isRegion: regionTest(regions),
    ...(processes && { placement: processes.placement }),
    stopping,
  };
  const jobs = new Jobs({ clock, log, registry, deliver: (delivery) => deliver(cloud, delivery) });
  Object.assign(late, { jobs, cloud, audit });
  return { cloud, store, jobs, sealer, audit, blobs, careFor, metrics, host, connections, serialConsole };
}

function onceForEach(regions: readonly string[], action: (region: Region) => void): (region: Region) => void {
  const left = new Set(regions);
  return (region) => {
    if (left.delete(region)) action(region);
  };
}

const regionTest = (regions: readonly string[]): Cloud['isRegion'] => {
  const known = new Set(regions);
  return (name) => known.has(name);
};

const regionsOf = (readModel: ReadModelFile | undefined): string[] => Object.keys(loadPartition(readModel).regions);

interface AdminParts {
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
  readonly metrics: Metrics;
  readonly processes: Processes | undefined;
  readonly stopping: AbortSignal;
}

const adminOf = ({ adminPort: port, adminToken: token, version }: CloudOptions, parts: AdminParts) =>
  startAdmin({
    port,
    clock: parts.clock,
    onFault: parts.onFault,
    token,
    health: () => ({ ready: !parts.stopping.aborted, version }),
    metrics: () => parts.metrics.text(),
    nodes: parts.processes,
  });

/** SSH takes 50 ms to load: only who wants it waits. Root's files are read here; what this answers listens. */
async function serialConsoleOf(
  { serialConsolePort: port, listen: hosts, log }: CloudOptions,
  clock: Clock,
  serialLines: () => Promise<SerialLines>,
) {
  if (port === undefined) return async () => undefined;
  const { loadSsh, startSerialConsole } = await import('#gateway/serial-console.ts');
  const [ssh, lines] = await Promise.all([loadSsh(), serialLines()]);
  return () => startSerialConsole({ port, hosts, ssh, lines, clock, log });
}

const egressOf = ({ egress, listen }: CloudOptions, clock: Clock, ownPorts: () => readonly number[]): Egress =>
  createEgress({ clock, ownPorts, rules: egress ?? { loopback: listen.length === 0, private: false } });

/** Where others reach the cloud: by its own domain, if it has one. */
function originOf({ domains, tlsFolder }: CloudOptions, port: number): string {
  const host = domains.find((domain) => domain !== 'localhost') ?? 'localhost';
  return new URL(`${tlsFolder === undefined ? 'http' : 'https'}://${host}:${port}`).origin;
}

const gatewayOf = (
  { domains, region, refusesVersion2 = false }: CloudOptions,
  cloud: Cloud,
  metrics: Metrics,
  connections: Connections,
): Gateway => ({
  cloud,
  router: new Router(cloud.registry),
  readHost: hostReader(domains),
  defaultRegion: region as Region,
  metrics,
  refusesVersion2,
  console: consoleSite(consolePages, connections),
});

/** Where the console's pages are built to. */
const CONSOLE_FOLDER = join(import.meta.dirname, '..', 'console', 'dist');

/** Read once, when they are first asked for, or before root is given up. */
export const consolePages: () => Promise<Pages> = lazy(() => readPages(CONSOLE_FOLDER));

/** The keys fit the data; when the promise resolves, the disk has taken a write. */
function proveData({ masterKeys, version }: CloudOptions, store: Store, clock: Clock): Promise<void> {
  const global = store.partition({ service: 'iam', account: 'global', region: GLOBAL_REGION });
  checkMasterKeys(masterKeys, global);
  return commitStart(global, clock.now(), version);
}

function registryOf(entries: readonly ServiceEntry[], readModel: ReadModelFile | undefined): Registry {
  const sourceOf = modelSources(readModel);
  return new Registry(
    entries.map((entry) => new RegisteredService(entry, sourceOf(entry.model ?? entry.name), compileValidator)),
  );
}

/** Opened when EC2 loads, and closed only then. */
function hostOf({ host }: CloudOptions) {
  let opened: Promise<Host | undefined> | undefined;
  return {
    open: (): Promise<Host | undefined> => (opened ??= host?.() ?? Promise.resolve(undefined)),
    close: async (): Promise<void> => await (await opened)?.close?.(),
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
  { gateway, connections }: { readonly gateway: Gateway; readonly connections: Connections },
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
    handler: {
      planBody,
      serve: (request) => serve(request, gateway),
      upgrade: (request) => upgradeAtConsole(request, gateway) ?? upgradeToTunnel(request, gateway, connections),
    },
  };
  if (tlsFolder === undefined || tls === undefined) return await startFronted(listenOptions, options.frontThreads);
  const names = tls.serverNames(options.domains, regionsOf(options.readModel));
  return await tls.startNodeServer(listenOptions, tls.openTlsIdentity({ folder: tlsFolder, names, clock }));
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
