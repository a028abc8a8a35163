/**
 * models/summaries.json: of each service what must be known before anybody calls it, so that a start, a route or an ARN of an
 * unknown service reads no model. `node tools/generate-models/summaries.ts`, after a model was changed by hand; generate.ts does it too.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceModel, ServiceSummary } from '#platform/model/schema.ts';
import { summaryOf } from '#platform/model/summary.ts';
import { printModel } from './print.ts';

const MODELS = join(import.meta.dirname, '../../models');
/** Files in models/ that are no service. */
const TABLES = ['actions', 'partitions', 'summaries'];

/** The names of all models, sorted. */
export const modelNames = (): string[] =>
  readdirSync(MODELS)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .filter((name) => !TABLES.includes(name))
    .sort();

export const readModel = (name: string): ServiceModel =>
  JSON.parse(readFileSync(join(MODELS, `${name}.json`), 'utf8')) as ServiceModel;

export const summaries = (): Record<string, ServiceSummary> =>
  Object.fromEntries(modelNames().map((name) => [name, summaryOf(readModel(name))]));

export function writeSummaries(): void {
  writeFileSync(join(MODELS, 'summaries.json'), printModel(summaries(), 0));
}

if (import.meta.main) writeSummaries();
