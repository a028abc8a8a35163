/** All services as the program has them, with what the models say of their operations: for checks and for the tables in docs. */
import { days, systemClock } from '#platform/base/clock.ts';
import { Connections } from '#platform/connections.ts';
import { createEgress } from '#platform/egress/egress.ts';
import { Metrics } from '#platform/metrics.ts';
import { actionCatalogue } from '#platform/model/actions.ts';
import { modelLoader } from '#platform/model/load.ts';
import type { ServiceModel } from '#platform/model/schema.ts';
import { pageTokens } from '#platform/page-token.ts';
import { authorizationMessages } from '#platform/policy/authorization-message.ts';
import { Registry } from '#platform/registry.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import type { ServiceDeclaration, ServiceEntry } from '#platform/service.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { assembleServices } from '#services/index.ts';

export interface DeclaredService {
  readonly entry: ServiceEntry;
  readonly declaration: ServiceDeclaration;
  readonly model: ServiceModel;
}

/** Nothing is called, so the store stays empty and the key is nobody's. */
export async function declaredServices(): Promise<DeclaredService[]> {
  const store = openStore({ drivers: memoryDrivers() });
  const sealer = createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32)]]) });
  const { entries } = assembleServices({
    store,
    sealer,
    pages: pageTokens(sealer),
    authorizationMessages: authorizationMessages(sealer),
    origin: () => '',
    egress: createEgress({ clock: systemClock, rules: { loopback: false, private: false }, ownPorts: () => [] }),
    registry: () => new Registry([]),
    actions: () => actionCatalogue(),
    version: '',
    regions: [],
    removeResources: () => Promise.resolve({ removed: 0, left: [] }),
    startedAt: systemClock.now(),
    clock: systemClock,
    deliver: () => Promise.resolve(),
    callAsService: () => Promise.resolve({}),
    callAsRole: () => Promise.resolve({}),
    onFault: () => {},
    metrics: new Metrics(),
    connections: new Connections(systemClock),
    logBucket: undefined,
    oldBucketDefaults: false,
    blobs: () => Promise.reject(new Error('nothing is called')),
    scrubBytesPerSecond: 1,
    s3Day: days(1),
    host: async () => undefined,
  });
  const load = modelLoader();
  const services = entries.map(async (entry) => ({
    entry,
    declaration: await entry.load(),
    model: load(entry.model ?? entry.name),
  }));
  return (await Promise.all(services)).sort((a, b) => (a.entry.name < b.entry.name ? -1 : 1));
}
