/**
 * The tagged resources of an account in a region, over all services: partition by partition in the order of the services'
 * names, and within one by ARN. A position is `<service> <arn>`, so a page goes on where the last one ended whatever has come
 * or gone in between.
 */
import { parseArn } from '#platform/base/arn.ts';
import type { Region } from '#platform/base/ids.ts';
import type { RegisteredService, Registry } from '#platform/registry.ts';
import type { Call, Kind } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Store } from '#platform/store/store.ts';
import { type Tags, taggedResources } from '#platform/tags.ts';

export interface TaggingDeps {
  readonly registry: () => Registry;
  readonly store: Store;
}

export interface TaggedResource {
  readonly position: string;
  readonly arn: string;
  readonly tags: Tags;
  /** `sqs:queue` */
  readonly type: string;
}

/** Resources are read in pages of this size. */
const PAGE = 200;

/** From the one after `position` on. The caller stops when it has enough. */
export function* tagged(deps: TaggingDeps, call: Call, position: string | undefined): Generator<TaggedResource> {
  const [startService = '', startArn = ''] = position?.split(' ', 2) ?? [];
  const services = taggableServices(deps, call).filter(({ name }) => name >= startService);
  for (const service of services) {
    const partition = deps.store.partition({ service: service.name, account: call.account, region: call.region });
    let after = service.name === startService ? startArn : undefined;
    for (;;) {
      const page = partition.read((tx) => taggedResources(tx, after, PAGE));
      for (const { arn, tags } of page) {
        yield { position: `${service.name} ${arn}`, arn, tags, type: typeOf(service, arn, deps, call) };
        after = arn;
      }
      if (page.length < PAGE) break;
    }
  }
}

/** An answer speaks of other services' partitions: those services have to be there, and what it has read may still wait for the disk. */
export async function fromAll<Output>(deps: TaggingDeps, call: Call, answer: () => Output): Promise<Output> {
  const used = await again(() => servicesInUse(deps, call));
  await Promise.all(used.map((service) => service.loadFacts()));
  const output = await again(answer);
  const { account, region } = call;
  const places = await again(() =>
    taggableServices(deps, call).map(({ name }) => deps.store.partition({ service: name, account, region })),
  );
  await Promise.all(places.map((partition) => partition.durable()));
  return output;
}

/** Who has written nothing in the account has tagged nothing there, and need not be loaded for it. */
function servicesInUse({ registry, store }: TaggingDeps, { account, region }: Call): RegisteredService[] {
  const used = new Set(store.partitions({ account, region }).map(({ service }) => service));
  // Regional ones only: AWS's API lists a global service's resources in one region alone, and IAM's not at all.
  return registry().services.filter(
    ({ name, entry, loaded }) => entry.scope === 'regional' && (loaded !== undefined || used.has(name)),
  );
}

const taggableServices = (deps: TaggingDeps, call: Call): RegisteredService[] =>
  servicesInUse(deps, call)
    .filter(({ known }) => Object.values(known?.kinds ?? {}).some((kind) => kind.tagging !== undefined))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

function typeOf(service: RegisteredService, arn: string, deps: TaggingDeps, call: Call): string {
  const kind = kindOf(service, arn, deps, call.account, call.region);
  const name = parseArn(arn)?.service ?? service.name;
  return kind === undefined ? name : `${name}:${kind.name}`;
}

function kindOf(
  service: RegisteredService,
  arn: string,
  { registry, store }: TaggingDeps,
  account: Call['account'],
  region: Region,
): Kind | undefined {
  const kinds = registry().kinds(service);
  const [only] = kinds;
  if (kinds.length === 1) return only;
  return store
    .partition({ service: service.name, account, region })
    .read((tx) => kinds.find((kind) => kind.exists(tx, arn)));
}

export interface Taggable {
  readonly service: RegisteredService;
  readonly tagging: NonNullable<Kind['tagging']>;
}

/** How to tag the resource of an ARN; undefined if it is not the account's own, or no service here takes tags for it. */
export async function taggable(deps: TaggingDeps, call: Call, arn: string): Promise<Taggable | undefined> {
  const parts = parseArn(arn);
  const service = parts && deps.registry().byArnService(parts.service, parts.resource);
  if (service === undefined || parts?.region !== call.region || parts.account !== call.account) return undefined;
  await service.loadFacts();
  const tagging = kindOf(service, arn, deps, call.account, call.region)?.tagging;
  return tagging && { service, tagging };
}
