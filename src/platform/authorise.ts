/**
 * The permission check, in the one place where it is made. What an operation needs is declared: its actions, the ARNs it works
 * on, its own condition keys. The resource's policy comes from its kind, whichever service that belongs to. Values for conditions
 * are read only when a policy asks for them.
 */
import { parseArn } from '#platform/base/arn.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { GLOBAL_REGION, isAccountId, type Region } from '#platform/base/ids.ts';
import type { LiveCall } from '#platform/call.ts';
import type { Cloud, Invocation } from '#platform/cloud.ts';
import { ServiceError } from '#platform/error.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import { globalContext } from '#platform/policy/context.ts';
import { evaluate } from '#platform/policy/evaluate.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Context } from '#platform/policy/variables.ts';
import type { ConditionValues, Input, Kind } from '#platform/service.ts';
import type { Partition } from '#platform/store/store.ts';
import { tagsOf } from '#platform/tags.ts';

/** Throws AccessDenied unless every action is allowed on every resource. */
export function authorise(cloud: Cloud, invocation: Invocation, call: LiveCall): void {
  const { operation, input, caller } = invocation;
  const { declaration } = operation;
  // Throughout: the declaration's input type is the one that the validator has just checked.
  const resources = declaration.resource(input as never, call);
  call.resources = typeof resources === 'string' ? [resources] : resources;
  if (declaration.always) return;
  const policies = cloud.identity.policiesOf(caller.principal);
  const own = declaration.conditions?.(input as never, call);
  for (const resource of call.resources) {
    const place = placeOf(cloud, resource, call.callerAccount);
    const declared = declaration.resourcePolicy?.(input as never, call);
    const resourcePolicy = declared ?? (place && resourcePolicyOf(place, resource));
    const resourceAccount = place?.partition.name.account ?? accountOf(resource) ?? call.account;
    const target = { arn: resource, account: resourceAccount, place };
    // Most decisions ask for no key at all.
    let known: Context | undefined;
    const context: Context = (key) => {
      known ??= contextOf(cloud, invocation, call, target, own);
      return known(key);
    };
    for (const action of operation.actions(input)) {
      const decision = evaluate({
        principal: caller.principal,
        policies,
        action,
        resource,
        resourceAccount,
        ...(resourcePolicy && { resourcePolicy }),
        context,
      });
      if (!decision.allowed) throw new ServiceError('AccessDenied', decision.message);
    }
  }
}

/** A single question beside the operation's own permissions. */
export function isAllowed(
  cloud: Cloud,
  invocation: Invocation,
  call: LiveCall,
  asked: { action: string; resource: string; policy: CompiledPolicy | undefined; account: string },
): boolean {
  const { caller } = invocation;
  const target = { arn: asked.resource, account: asked.account, place: undefined };
  let known: Context | undefined;
  return evaluate({
    principal: caller.principal,
    policies: cloud.identity.policiesOf(caller.principal),
    action: asked.action,
    resource: asked.resource,
    resourceAccount: asked.account,
    ...(asked.policy && { resourcePolicy: asked.policy }),
    context: (key) => {
      known ??= contextOf(cloud, invocation, call, target, undefined);
      return known(key);
    },
  }).allowed;
}

const accountOf = (arn: string): string | undefined => parseArn(arn)?.account || undefined;

function contextOf(
  cloud: Cloud,
  invocation: Invocation,
  call: LiveCall,
  resource: { readonly arn: string; readonly account: string; readonly place: Place | undefined },
  serviceKeys: ConditionValues | undefined,
): Context {
  const { caller, region } = invocation;
  return globalContext({
    principal: caller.principal,
    now: call.now,
    sourceAddress: caller.principal.kind === 'service' ? undefined : caller.sourceAddress,
    userAgent: caller.userAgent,
    isSecure: caller.isSecure,
    calledVia: caller.calledVia,
    requestedRegion: invocation.operation.service.declaration.scope === 'global' ? 'us-east-1' : region,
    resourceAccount: resource.account,
    principalTags: () => cloud.identity.tagsOf(caller.principal),
    resourceTags: () => resource.place?.partition.read((tx) => tagsOf(tx, resource.arn)) ?? {},
    ...requestTags(invocation.input),
    serviceKeys: serviceKeys ?? {},
  });
}

/** aws:RequestTag and aws:TagKeys, from the forms that tags have in AWS's inputs: a map, or a list of keys and values. */
function requestTags(input: Input): { requestTags?: Record<string, string>; tagKeys?: readonly string[] } {
  const tags = input['Tags'] ?? input['tags'];
  const keys = input['TagKeys'] ?? input['tagKeys'];
  if (Array.isArray(tags)) {
    const pairs = tags.map((tag: Input) => [
      String(tag['Key'] ?? tag['key']),
      String(tag['Value'] ?? tag['value'] ?? ''),
    ]);
    return { requestTags: Object.fromEntries(pairs) };
  }
  // Validated: a tag map's values are text.
  if (typeof tags === 'object' && tags !== null) return { requestTags: tags as Record<string, string> };
  return Array.isArray(keys) ? { tagKeys: keys } : {};
}

interface Place {
  readonly partition: Partition;
  /** The service's kinds that may have a policy. */
  readonly kinds: readonly Kind[];
}

/** Where an ARN's resource lies does not change: ARNs that were found once are kept, so a busy queue's costs one look-up. */
const placesOf = new WeakMap<Cloud, Map<string, Place>>();
const MAX_PLACES = 10_000;

/** The partition that holds the resource of an ARN. `known` is an account that exists. */
function placeOf(cloud: Cloud, arn: string, known: string | undefined): Place | undefined {
  const places = getOrInsert(placesOf, cloud, () => new Map<string, Place>());
  const kept = places.get(arn);
  if (kept !== undefined) return kept;
  const place = findPlace(cloud, arn, known);
  if (place === undefined) return undefined;
  if (places.size >= MAX_PLACES) places.clear();
  places.set(arn, place);
  return place;
}

function findPlace(
  { registry, store, identity, isRegion }: Cloud,
  arn: string,
  known: string | undefined,
): Place | undefined {
  const parts = parseArn(arn);
  const service = parts && registry.byArnService(parts.service);
  if (parts === undefined || service === undefined) return undefined;
  const { account, region: named } = parts;
  const region = service.declaration.scope === 'global' ? GLOBAL_REGION : named;
  if (!isAccountId(account) || (region !== GLOBAL_REGION && !isRegion(region))) return undefined;
  if (account !== known && !identity.isAccount(account)) return undefined;
  const kinds = registry.kinds(service).filter(({ policy }) => policy !== undefined);
  return { partition: store.partition({ service: service.name, account, region: region as Region }), kinds };
}

function resourcePolicyOf({ partition, kinds }: Place, arn: string): CompiledPolicy | undefined {
  for (const kind of kinds) {
    const text = partition.read((tx) => kind.policy?.(tx, arn));
    if (text !== undefined) return compiledPolicy(text, 'resource');
  }
  return undefined;
}
