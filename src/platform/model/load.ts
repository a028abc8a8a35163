/** Models of services, read from models/ at first use and kept; their summaries are read at once, in one file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { present } from '#platform/base/assert.ts';
import type { ServiceModel, ServiceSummary } from '#platform/model/schema.ts';

/** The text of models/<name>.json. Injected where files are out of reach after the start (a process that gave up root). */
export type ReadModelFile = (name: string) => string;

const MODELS = join(import.meta.dirname, '../../../models');

export const packagedModelFile: ReadModelFile = (name) => readFileSync(join(MODELS, `${name}.json`), 'utf8');

/** A function that gives the model of a service (`sqs`, `service-quotas`: the file's name). */
export function modelLoader(read: ReadModelFile = packagedModelFile): (service: string) => ServiceModel {
  const loaded = new Map<string, ServiceModel>();
  return (service) => {
    const known = loaded.get(service);
    if (known) return known;
    // The files are ours, written by the generator: their form is the test's business, not each start's.
    const model = JSON.parse(read(service)) as ServiceModel;
    loaded.set(service, model);
    return model;
  };
}

export interface ModelSource {
  readonly summary: ServiceSummary;
  readonly load: () => ServiceModel;
}

export function modelSources(read: ReadModelFile = packagedModelFile): (service: string) => ModelSource {
  const summaries = JSON.parse(read('summaries')) as Readonly<Record<string, ServiceSummary>>;
  const load = modelLoader(read);
  return (service) => ({
    summary: present(summaries[service], `${service} is in models/summaries.json, which tools/generate-models writes`),
    load: () => load(service),
  });
}
