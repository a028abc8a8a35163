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
import type { Kind } from '#platform/service.ts';
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
  for (const place of cloud.store.partitions({ account })) {
    const service = cloud.registry.service(place.service);
    if (service === undefined) continue;
    await service.load();
    for (const kind of inRemovalOrder(service)) {
      for (const arn of resourcesOf(cloud, place, kind)) {
        if (signal.aborted) return left;
        const reason = await remove(cloud, service, kind, arn, { account, region: place.region }, signal);
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

function* resourcesOf(cloud: Cloud, place: PartitionName, kind: Kind): Generator<string> {
  let after: string | undefined;
  for (;;) {
    const page = cloud.store.partition(place).read((tx) => kind.list(tx, after, PAGE));
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

/** Undefined when it is gone, else why not. */
async function remove(
  cloud: Cloud,
  service: RegisteredService,
  kind: Kind,
  arn: string,
  { account, region }: { account: AccountId; region: Region },
  signal: AbortSignal,
): Promise<string | undefined> {
  const operation = service.operation(kind.remove.operation);
  if (operation === undefined) return `${service.name} has no operation ${kind.remove.operation}`;
  const caller: Caller = {
    principal: { kind: 'root', account, arn: `arn:aws:iam::${account}:root`, userId: account },
    accessKeyId: undefined,
    sourceAddress: 'makonis.internal',
    userAgent: 'makonis.internal',
    isSecure: true,
    calledVia: [],
  };
  const input = kind.remove.input(arn);
  try {
    await dispatch(cloud, {
      operation,
      input,
      caller,
      region,
      requestId: newRequestId(),
      origin: 'http://localhost',
      signal,
    });
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
