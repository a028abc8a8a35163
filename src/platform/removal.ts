/**
 * Removes all that an account has, by the public operations of the services, as the account's root, so that every rule and
 * record that holds for a user holds here too. Kinds go in the order that they declare (`removeAfter`); what appears or fails in
 * between is met by another round, until a round removes nothing.
 */
import { type AccountId, newRequestId, type Region } from '#platform/base/ids.ts';
import type { Caller, Cloud } from '#platform/cloud.ts';
import { dispatch } from '#platform/dispatch.ts';
import { ServiceError } from '#platform/error.ts';
import type { RegisteredService } from '#platform/registry.ts';
import type { Input, Kind } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { PartitionName } from '#platform/store/store.ts';

export interface Removal {
  readonly removed: number;
  /** What could not be removed, with the reason. */
  readonly left: readonly { readonly arn: string; readonly reason: string }[];
}

const PAGE = 100;

export async function removeAccountResources(cloud: Cloud, account: AccountId, signal: AbortSignal): Promise<Removal> {
  const removed = new Set<string>();
  for (;;) {
    const before = removed.size;
    const left = await removeOnce(cloud, account, removed, signal);
    if (removed.size === before || signal.aborted) return { removed: removed.size, left };
  }
}

async function removeOnce(
  cloud: Cloud,
  account: AccountId,
  removed: Set<string>,
  signal: AbortSignal,
): Promise<Removal['left']> {
  const left: { arn: string; reason: string }[] = [];
  for (const place of await again(() => cloud.store.partitions({ account }))) {
    const service = cloud.registry.service(place.service);
    if (service === undefined) continue;
    await service.load();
    for (const kind of inRemovalOrder(service)) {
      for await (const arn of resourcesOf(cloud, place, kind)) {
        if (signal.aborted) return left;
        const at = { account, region: place.region, signal };
        const reason = (await release(cloud, service, kind, arn, at)) ?? (await remove(cloud, service, kind, arn, at));
        // Listed again after its removal was accepted: it takes its time, and is no progress of this round.
        if (reason !== undefined || removed.has(arn)) left.push({ arn, reason: reason ?? 'its removal is under way' });
        else removed.add(arn);
      }
    }
  }
  return left;
}

/** Kinds that others wait for come first. A circle is broken by the order of names. */
export function inRemovalOrder({ declaration }: Pick<RegisteredService, 'declaration'>): Kind[] {
  const waiting = new Map(Object.entries(declaration.kinds));
  const ordered: Kind[] = [];
  while (waiting.size > 0) {
    const free = [...waiting].filter(([, kind]) => !(kind.removeAfter ?? []).some((name) => waiting.has(name)));
    const [first] = [...waiting];
    for (const [name, kind] of free.length > 0 ? free : first ? [first] : []) {
      waiting.delete(name);
      ordered.push(kind);
    }
  }
  return ordered;
}

async function* resourcesOf(cloud: Cloud, place: PartitionName, kind: Kind): AsyncGenerator<string> {
  let after: string | undefined;
  for (;;) {
    const page = await again(() => cloud.store.partition(place).read((tx) => kind.list(tx, after, PAGE)));
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

interface At {
  readonly account: AccountId;
  readonly region: Region;
  readonly signal: AbortSignal;
}

/** Whatever holds it is asked to be let go of so often at most. */
const MOST_RELEASES = 100;

/** Undefined when nothing holds it any more, else why it can't let go. */
async function release(
  cloud: Cloud,
  service: RegisteredService,
  kind: Kind,
  arn: string,
  at: At,
): Promise<string | undefined> {
  const partition = cloud.store.partition({ service: service.name, account: at.account, region: at.region });
  for (let count = 0; count < MOST_RELEASES; count++) {
    const step = await again(() => partition.read((tx) => kind.release?.(tx, arn)));
    if (step === undefined) return undefined;
    const reason = await act(cloud, service, step.operation, step.input, at);
    if (reason !== undefined) return reason;
  }
  return 'it is held by too many';
}

/** Undefined when it is gone, else why not. */
const remove = (cloud: Cloud, service: RegisteredService, { remove: how }: Kind, arn: string, at: At) =>
  act(cloud, service, how.operation, how.input(arn), at);

/** As the account's root. Undefined when it is done, else why not. */
async function act(
  cloud: Cloud,
  service: RegisteredService,
  name: string,
  input: Input,
  { account, region, signal }: At,
): Promise<string | undefined> {
  const operation = service.operation(name);
  if (operation === undefined) return `${service.name} has no operation ${name}`;
  const caller: Caller = {
    principal: { kind: 'root', account, arn: `arn:aws:iam::${account}:root`, userId: account },
    accessKeyId: undefined,
    sourceAddress: 'makonis.internal',
    userAgent: 'makonis.internal',
    isSecure: true,
    calledVia: [],
  };
  try {
    await dispatch(cloud, {
      operation,
      input,
      caller,
      region,
      requestId: newRequestId(),
      origin: 'http://localhost',
      client: { signal },
    });
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
