/**
 * Writes models/ from botocore's service data and the service authorization reference:
 * `node tools/generate-models/generate.ts [service...]`. Without names, all of services.ts, and the tables over all of
 * AWS (actions, partitions). The only step that needs a network; types.ts reads its result.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PaginatorModel, ServiceModel } from '#platform/model/schema.ts';
import { compactActions } from './actions.ts';
import { authorizationModel } from './authorization.ts';
import { botocoreData, readDataFile, readServiceFile } from './botocore.ts';
import { endpointHosts } from './endpoints.ts';
import { partitionModel } from './partitions.ts';
import { applyPatches, type Patch } from './patch.ts';
import { printModel } from './print.ts';
import { reachableShapes, reduceModel } from './reduce.ts';
import { SERVICES } from './services.ts';
import { writeSummaries } from './summaries.ts';

const MODELS = join(import.meta.dirname, '../../models');

function generateService(data: string, service: string, prefix: string): ServiceModel {
  const model = reduceModel(readServiceFile(data, service, 'service-2.json'));
  const paginators = readServiceFile(data, service, 'paginators-1.json') as
    | { pagination: Record<string, PaginatorModel> }
    | undefined;
  const waiters = readServiceFile(data, service, 'waiters-2.json') as { waiters: Record<string, unknown> } | undefined;
  const whole: ServiceModel = {
    ...model,
    paginators: paginators?.pagination ?? {},
    waiters: waiters?.waiters ?? {},
    endpoints: endpointHosts(readServiceFile(data, service, 'endpoint-rule-set-1.json')),
    authorization: authorizationModel(prefix),
  };
  const patches = join(MODELS, 'patches', `${service}.json`);
  if (existsSync(patches)) applyPatches(whole, JSON.parse(readFileSync(patches, 'utf8')) as Patch[]);
  return reachableShapes(whole);
}

const write = (name: string, text: string): void => {
  writeFileSync(join(MODELS, `${name}.json`), text);
  console.log(`models/${name}.json: ${Math.round(text.length / 1024)} KiB`);
};

const named = process.argv.slice(2);
const data = botocoreData();
for (const service of named.length > 0 ? named : Object.keys(SERVICES)) {
  const known = SERVICES[service];
  if (!known) throw new Error(`${service} is not in services.ts; it has ${Object.keys(SERVICES).join(', ')}`);
  write(service, printModel(generateService(data, service, known.prefix)));
}
writeSummaries();
if (named.length === 0) {
  write('actions', printModel(compactActions()));
  write('partitions', printModel(partitionModel(readDataFile(join(data, 'partitions.json')))));
}
