/**
 * The global condition keys of a request (IAM User Guide, "AWS global condition context keys"), answered one at a time,
 * because a policy asks for few of them and some cost a read. A key that a request does not have is undefined: policies tell
 * that from an empty value. Names are asked for in lower case, tag names too; a tag's own spelling is found by comparison.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { Context } from '#platform/policy/variables.ts';
import type { ConditionKeys, Principal, SessionFacts } from '#platform/principal.ts';

type Values = string | readonly string[] | undefined;
type Tags = Readonly<Record<string, string>>;

/** What the keys are computed from. What a request does not have is left out. */
export interface RequestFacts {
  readonly principal: Principal;
  readonly now: Milliseconds;
  readonly isSecure: boolean;
  readonly requestedRegion: string;
  readonly resourceAccount?: string | undefined;
  /** Absent for calls that a service makes, and behind a VPC endpoint. */
  readonly sourceAddress?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly referer?: string | undefined;
  /** The services between the caller and this call, first to last. */
  readonly calledVia?: readonly string[] | undefined;
  /** Tags of the user or role; a session's own tags go before them. */
  readonly principalTags?: (() => Tags) | undefined;
  readonly resourceTags?: (() => Tags) | undefined;
  /** The service's own name for aws:ResourceTag, in lower case, if it has one: `iam:resourcetag`. */
  readonly ownResourceTag?: string | undefined;
  /** Tags that the request would set. */
  readonly requestTags?: Tags | undefined;
  /** Tag keys that the request names; the default is those of `requestTags`. */
  readonly tagKeys?: readonly string[] | undefined;
  /** Keys of the service, and global ones that only the caller of this function knows; they go before the computed. */
  readonly serviceKeys?: Readonly<Record<string, Values>> | undefined;
}

type GlobalKey = (facts: RequestFacts) => Values;

const KEYS: ReadonlyMap<string, GlobalKey> = new Map<string, GlobalKey>([
  ['aws:principalarn', ({ principal }) => principalArn(principal)],
  ['aws:principalaccount', ({ principal }) => accountOf(principal)],
  ['aws:principaltype', ({ principal }) => PRINCIPAL_TYPES[principal.kind]],
  ['aws:principalisawsservice', ({ principal }) => String(principal.kind === 'service')],
  ['aws:principalservicename', ({ principal }) => serviceOf(principal)],
  ['aws:principalservicenameslist', ({ principal }) => serviceOf(principal) && [serviceOf(principal) ?? '']],
  ['aws:userid', ({ principal }) => userId(principal)],
  ['aws:username', ({ principal }) => (principal.kind === 'user' ? principal.userName : undefined)],
  ['aws:sourceidentity', ({ principal }) => sessionOf(principal)?.sourceIdentity],
  ['aws:assumedroot', ({ principal }) => assumedRoot(principal)],
  ['aws:signinsessionarn', ({ principal }) => sessionOf(principal)?.signInSessionArn],
  ['aws:tokenissuetime', ({ principal }) => isoTime(sessionOf(principal)?.issuedAt)],
  ['aws:multifactorauthpresent', ({ principal }) => mfaPresent(principal)],
  ['aws:multifactorauthage', ({ principal, now }) => secondsSince(sessionOf(principal)?.mfaAuthenticatedAt, now)],
  ['aws:federatedprovider', ({ principal }) => sessionOf(principal)?.federation?.provider],
  ['ec2:roledelivery', ({ principal }) => sessionOf(principal)?.instance?.version],
  ['ec2:sourceinstancearn', ({ principal }) => sessionOf(principal)?.instance?.arn],
  ['aws:ec2instancesourcevpc', ({ principal }) => sessionOf(principal)?.instance?.vpc],
  ['aws:ec2instancesourceprivateipv4', ({ principal }) => sessionOf(principal)?.instance?.privateIp],
  ['aws:sourcearn', ({ principal }) => (principal.kind === 'service' ? principal.sourceArn : undefined)],
  ['aws:sourceaccount', ({ principal }) => (principal.kind === 'service' ? principal.sourceAccount : undefined)],
  ['aws:sourceip', ({ sourceAddress }) => sourceAddress],
  ['aws:useragent', ({ userAgent }) => userAgent],
  ['aws:referer', ({ referer }) => referer],
  ['aws:securetransport', ({ isSecure }) => String(isSecure)],
  ['aws:currenttime', ({ now }) => isoTime(now)],
  ['aws:epochtime', ({ now }) => String(Math.floor(now / 1000))],
  ['aws:requestedregion', ({ requestedRegion }) => requestedRegion],
  ['aws:resourceaccount', ({ resourceAccount }) => resourceAccount],
  ['aws:viaawsservice', ({ calledVia }) => String((calledVia?.length ?? 0) > 0)],
  ['aws:calledvia', ({ calledVia }) => calledVia],
  ['aws:calledviafirst', ({ calledVia }) => calledVia?.[0]],
  ['aws:calledvialast', ({ calledVia }) => calledVia?.at(-1)],
  ['aws:tagkeys', ({ tagKeys, requestTags }) => tagKeys ?? (requestTags && Object.keys(requestTags))],
]);

/** Only sessions of AssumeRoot have the key. */
const assumedRoot = (principal: Principal): Values =>
  sessionOf(principal)?.taskPolicyArn === undefined ? undefined : 'true';

/** Services and anonymous callers have their own keys to be known by. */
const PRINCIPAL_TYPES: Readonly<Record<Principal['kind'], string | undefined>> = {
  root: 'Account',
  user: 'User',
  'role-session': 'AssumedRole',
  'federated-user': 'FederatedUser',
  service: undefined,
  external: undefined,
  anonymous: 'Anonymous',
};

export function globalContext(facts: RequestFacts): Context {
  let serviceKeys: ReadonlyMap<string, Values> | undefined;
  return (key) => {
    serviceKeys ??= lowerCased(facts.serviceKeys);
    const own = serviceKeys.get(key);
    if (own !== undefined) return own;
    const compute = KEYS.get(key);
    if (compute !== undefined) return compute(facts);
    const vouched = federationOf(facts.principal)?.[key];
    if (vouched !== undefined) return vouched;
    const slash = key.indexOf('/');
    return slash < 0 ? undefined : tagValue(facts, key.slice(0, slash), key.slice(slash + 1));
  };
}

/** The keys of an identity provider: all of them while it vouches for a call, some for as long as the session lasts. */
const federationOf = (principal: Principal): ConditionKeys | undefined =>
  principal.kind === 'external' ? principal.claims.keys : sessionOf(principal)?.federation?.keys;

const NO_KEYS: ReadonlyMap<string, Values> = new Map();

function lowerCased(keys: Readonly<Record<string, Values>> | undefined): ReadonlyMap<string, Values> {
  if (keys === undefined) return NO_KEYS;
  const entries = Object.entries(keys);
  return entries.length === 0 ? NO_KEYS : new Map(entries.map(([key, value]) => [key.toLowerCase(), value]));
}

function tagValue(facts: RequestFacts, family: string, name: string): string | undefined {
  switch (family) {
    case facts.ownResourceTag:
    case 'aws:resourcetag':
      return tagNamed(facts.resourceTags?.(), name);
    case 'aws:requesttag':
      return tagNamed(facts.requestTags, name);
    case 'aws:principaltag':
      return tagNamed(sessionOf(facts.principal)?.tags, name) ?? tagNamed(facts.principalTags?.(), name);
    default:
      return undefined;
  }
}

function tagNamed(tags: Tags | undefined, lowerName: string): string | undefined {
  if (tags === undefined) return undefined;
  for (const [name, value] of Object.entries(tags)) if (name.toLowerCase() === lowerName) return value;
  return undefined;
}

/** A session counts as its role: "for assumed roles, the request context returns the ARN of the role". */
function principalArn(principal: Principal): string | undefined {
  if (principal.kind === 'role-session') return principal.roleArn;
  return 'arn' in principal ? principal.arn : undefined;
}

const accountOf = (principal: Principal): string | undefined =>
  'account' in principal ? principal.account : undefined;

const serviceOf = (principal: Principal): string | undefined =>
  principal.kind === 'service' ? principal.service : undefined;

const sessionOf = (principal: Principal): SessionFacts | undefined =>
  'session' in principal ? principal.session : undefined;

function userId(principal: Principal): string | undefined {
  if (principal.kind === 'anonymous') return 'anonymous';
  return 'userId' in principal ? principal.userId : undefined;
}

/** Only requests with temporary credentials have it. */
function mfaPresent(principal: Principal): string | undefined {
  const session = sessionOf(principal);
  return session && String(session.mfaAuthenticatedAt !== undefined);
}

/** `2026-01-31T12:00:00Z` */
const isoTime = (at: Milliseconds | undefined): string | undefined =>
  at === undefined ? undefined : `${new Date(at).toISOString().slice(0, 19)}Z`;

const secondsSince = (at: Milliseconds | undefined, now: Milliseconds): string | undefined =>
  at === undefined ? undefined : String(Math.floor((now - at) / 1000));
