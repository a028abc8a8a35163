/**
 * The permission check, in the one place where it is made. What an operation needs is declared: its actions, the ARNs it works
 * on, its own condition keys. The resource's policy comes from its kind, whichever service that belongs to. Values for conditions
 * are read only when a policy asks for them.
 */
import { parseArn } from '#platform/base/arn.ts';
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { GLOBAL_REGION, isAccountId, type Region } from '#platform/base/ids.ts';
import type { LiveCall } from '#platform/call.ts';
import type { Cloud, Invocation } from '#platform/cloud.ts';
import { ServiceError } from '#platform/error.ts';
import type { ServiceModel } from '#platform/model/schema.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import { globalContext } from '#platform/policy/context.ts';
import { type AuthorizationRequest, evaluate } from '#platform/policy/evaluate.ts';
import type { ResourceGrant } from '#platform/policy/grants.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Context } from '#platform/policy/variables.ts';
import type { ConditionValues, Input, Kind, Permission } from '#platform/service.ts';
import type { Partition } from '#platform/store/store.ts';
import { tagsOf } from '#platform/tags.ts';

/** Throws AccessDenied unless every action is allowed on every resource. */
export function authorise(cloud: Cloud, invocation: Invocation, call: LiveCall): void {
  const { operation, input, caller } = invocation;
  const { declaration, service } = operation;
  const session = 'session' in caller.principal ? caller.principal.session : undefined;
  if (session !== undefined) service.declaration.admitSession?.(session, operation.name);
  // Throughout: the declaration's input type is the one that the validator has just checked.
  const resources = declaration.resource(input as never, call);
  call.resources = typeof resources === 'string' ? [resources] : resources;
  if (declaration.always) return;
  for (const permission of permissionsOf(invocation, call)) {
    permit(cloud, invocation, call, {
      action: permission.action,
      resource: permission.resource,
      resourcePolicy: declaration.resourcePolicy?.(input as never, call, permission),
      holder: declaration.holder?.(input as never, call, permission),
      grants: declaration.grants && (() => declaration.grants?.(input as never, call, permission.resource) ?? []),
      conditions: () => declaration.conditions?.(input as never, call, permission),
    });
  }
  for (const { conditions, ...permission } of declaration.further?.(input as never, call) ?? []) {
    // What the input says of tags, it does not say of these.
    permit(cloud, { ...invocation, input: {} }, call, { ...permission, conditions: () => conditions });
  }
}

interface Question extends Permission {
  /** The operation's own; otherwise the kind's counts. */
  readonly resourcePolicy?: CompiledPolicy | undefined;
  readonly holder?: string | undefined;
  readonly grants?: (() => readonly ResourceGrant[]) | undefined;
  readonly conditions: () => ConditionValues | undefined;
}

function permit(cloud: Cloud, invocation: Invocation, call: LiveCall, question: Question): void {
  const { principal } = invocation.caller;
  const { action, resource, resourcePolicy: declared, grants, holder } = question;
  const place = placeOf(cloud, resource, call.callerAccount);
  const ofKind = declared === undefined && place ? resourcePolicyOf(place, resource) : undefined;
  const resourcePolicy = declared ?? ofKind?.policy;
  const resourceAccount = holder ?? place?.partition.name.account ?? accountOf(resource) ?? call.account;
  const target = { arn: resource, account: resourceAccount, place };
  // Most decisions ask for no key at all.
  let known: Context | undefined;
  const context: Context = (key) => {
    known ??= contextOf(cloud, invocation, call, target, question.conditions());
    return known(key);
  };
  const request: AuthorizationRequest = {
    principal,
    policies: cloud.identity.policiesOf(principal),
    action,
    resource,
    resourceAccount,
    resourcePolicy,
    resourcePolicyRequired: ofKind?.isRequired === true,
    grants,
    canonicalUser: canonicalUserOf(invocation, call),
    context,
  };
  const decision = evaluate(request);
  if (!decision.allowed) throw refusal(cloud, invocation, call, decision.message, request, question.conditions);
}

function canonicalUserOf({ operation }: Invocation, { callerAccount }: LiveCall): string | undefined {
  const nameOf = operation.service.declaration.accountName;
  return nameOf && callerAccount ? nameOf(callerAccount) : undefined;
}

function permissionsOf({ operation, input }: Invocation, call: LiveCall): readonly Permission[] {
  const listed = operation.declaration.permissions?.(input as never, call);
  if (listed !== undefined) {
    // Who is let in by a session needs none, and the resource is still the one that is worked on.
    if (listed.length > 0) call.resources = [...new Set(listed.map(({ resource }) => resource))];
    return listed;
  }
  const actions = operation.actions(input, call);
  // A call that names no resource is still a call.
  const resources = call.resources.length > 0 ? call.resources : ['*'];
  const [action, resource] = [actions[0], resources[0]];
  if (action && resource && actions.length === 1 && resources.length === 1) return [{ action, resource }];
  return resources.flatMap((resource) => actions.map((action) => ({ action, resource })));
}

/** Who may not do it is told so; who may decode the rest can. */
function refusal(
  { authorizationMessages }: Cloud,
  { operation }: Invocation,
  { callerAccount, now }: LiveCall,
  message: string,
  request: AuthorizationRequest,
  conditions: Question['conditions'],
): ServiceError {
  const { refusalMessage, encodedRefusals: isEncoded = false } = operation.service.declaration;
  if (!isEncoded || callerAccount === undefined) {
    return new ServiceError('AccessDenied', refusalMessage?.(message, request.principal, request.resource) ?? message);
  }
  const encoded = authorizationMessages.encode(request, Object.keys(conditions() ?? {}), callerAccount, now);
  const whole = `You are not authorized to perform this operation. ${message}. Encoded authorization failure message: ${encoded}`;
  return new ServiceError('AccessDenied', whole);
}

/** A single question beside the operation's own permissions. */
export function isAllowed(
  cloud: Cloud,
  invocation: Invocation,
  call: LiveCall,
  asked: Permission & {
    readonly policy: CompiledPolicy | undefined;
    readonly account: string;
    readonly conditions: ConditionValues | undefined;
  },
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
    resourcePolicy: asked.policy,
    canonicalUser: canonicalUserOf(invocation, call),
    context: (key) => {
      known ??= contextOf(cloud, invocation, call, target, asked.conditions);
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
    requestedRegion: invocation.operation.service.entry.scope === 'global' ? 'us-east-1' : region,
    resourceAccount: resource.account,
    principalTags: () => cloud.identity.tagsOf(caller.principal),
    ownResourceTag: resource.place?.ownResourceTag,
    resourceTags: () => resource.place?.partition.read((tx) => tagsOf(tx, resource.arn)) ?? {},
    ...requestTagsOf(invocation),
    serviceKeys,
  });
}

/** Whom a provider vouches for passes the tags that the provider vouches for. */
function requestTagsOf({ input, caller: { principal } }: Invocation): ReturnType<typeof requestTags> {
  if (principal.kind !== 'external') return requestTags(input);
  const { tags } = principal.claims;
  return Object.keys(tags).length > 0 ? { requestTags: tags } : {};
}

/** aws:RequestTag and aws:TagKeys, from the forms that tags have in AWS's inputs: a map, or a list of keys and values. */
function requestTags(input: Input): { requestTags?: Record<string, string>; tagKeys?: readonly string[] } {
  const tags = input['Tags'] ?? input['tags'];
  const keys = input['TagKeys'] ?? input['tagKeys'];
  if (Array.isArray(tags)) {
    const pairs = tags.map((tag: Input) => [
      String(tag['Key'] ?? tag['key'] ?? tag['TagKey']),
      String(tag['Value'] ?? tag['value'] ?? tag['TagValue'] ?? ''),
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
  /** `iam:resourcetag`, where the service has a name of its own for aws:ResourceTag. */
  readonly ownResourceTag: string | undefined;
}

/** Where an ARN's resource lies does not change: ARNs that were found once are kept, so a busy queue's costs one look-up. */
const placesOf = new WeakMap<Cloud, BoundedMap<Place>>();
const PLACES = { entries: 10_000, characters: 4_000_000 };

/** The partition that holds the resource of an ARN. `known` is an account that exists. */
function placeOf(cloud: Cloud, arn: string, known: string | undefined): Place | undefined {
  const places = getOrInsert(placesOf, cloud, () => new BoundedMap<Place>(PLACES));
  const kept = places.get(arn);
  if (kept !== undefined) return kept;
  const place = findPlace(cloud, arn, known);
  if (place === undefined) return undefined;
  places.set(arn, place);
  return place;
}

function findPlace(
  { registry, store, identity, isRegion }: Cloud,
  arn: string,
  known: string | undefined,
): Place | undefined {
  const parts = parseArn(arn);
  const service = parts && registry.byArnService(parts.service, parts.resource);
  if (parts === undefined || service === undefined) return undefined;
  const { account, region: named } = parts;
  const region = service.entry.scope === 'global' ? GLOBAL_REGION : named;
  if (!isAccountId(account) || (region !== GLOBAL_REGION && !isRegion(region))) return undefined;
  if (account !== known && !identity.isAccount(account)) return undefined;
  const kinds = registry.kinds(service).filter(({ policy }) => policy !== undefined);
  const partition = store.partition({ service: service.name, account, region: region as Region });
  return { partition, kinds, ownResourceTag: ownResourceTag(service.model) };
}

function ownResourceTag({ authorization }: ServiceModel): string | undefined {
  const keys = Object.keys(authorization?.conditionKeys ?? {}).map((key) => key.toLowerCase());
  const own = keys.find((key) => key.includes(':resourcetag/') && !key.startsWith('aws:'));
  return own?.slice(0, own.indexOf('/'));
}

interface PolicyOfKind {
  readonly policy: CompiledPolicy;
  readonly isRequired: boolean;
}

function resourcePolicyOf({ partition, kinds }: Place, arn: string): PolicyOfKind | undefined {
  for (const kind of kinds) {
    const text = partition.read((tx) => kind.policy?.(tx, arn));
    if (text !== undefined) {
      return { policy: compiledPolicy(text, 'resource'), isRequired: kind.policyRequired === true };
    }
  }
  return undefined;
}
