/**
 * The registry of services: which there are, what is known of each before its first request, and what it is given when it loads.
 * Only main.ts reads it. Of their code only what every request needs is imported here (tidy holds the list); all else loads by
 * `await import`, in `load` or in what services offer each other.
 */
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { lazy } from '#platform/base/lazy.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
import type { Host } from '#platform/compute/host.ts';
import type { Connections, SerialLines } from '#platform/connections.ts';
import type { Egress } from '#platform/egress/egress.ts';
import type { CallAsRole } from '#platform/jobs/as-role.ts';
import type { CallAsService } from '#platform/jobs/deliver.ts';
import type { Chore } from '#platform/jobs/jobs.ts';
import type { Deliver } from '#platform/jobs/relay.ts';
import type { Metrics } from '#platform/metrics.ts';
import type { ActionCatalogue } from '#platform/model/actions.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { AuthorizationMessages } from '#platform/policy/authorization-message.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { Registry } from '#platform/registry.ts';
import type { Removal } from '#platform/removal.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { ServiceDeclaration, ServiceEntry } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import { Collector } from '#services/cloudtrail/collector.ts';
import type { LogBucket } from '#services/cloudtrail/log-bucket.ts';
import { TrailDirectory } from '#services/cloudtrail/trail-directory.ts';
import { type Accounts, createAccounts } from '#services/iam/accounts/accounts.ts';
import { IamIdentity } from '#services/iam/identity/identity.ts';
import type { Envelopes } from '#services/kms/api.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BlobCare, blobChores } from '#services/s3/storage/chores.ts';

export interface ServiceDeps {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly authorizationMessages: AuthorizationMessages;
  /** `https://cloud.example`: where others reach this cloud. */
  readonly origin: () => string;
  /** Services that speak of others (tags, quotas) find them here, once all are there. */
  readonly registry: () => Registry;
  /** All actions of AWS, read when they are first asked for. */
  readonly actions: () => ActionCatalogue;
  readonly removeResources: (account: AccountId, signal: AbortSignal) => Promise<Removal>;
  readonly version: string;
  readonly regions: readonly string[];
  readonly startedAt: Milliseconds;
  /** A call of one service by another, as that service. */
  readonly deliver: Deliver;
  /** The same, answered. */
  readonly callAsService: CallAsService;
  /** A call as a role that a service was handed. */
  readonly callAsRole: CallAsRole;
  readonly onFault: (error: unknown) => void;
  readonly metrics: Metrics;
  readonly connections: Connections;
  /** Where log files go instead of S3's buckets. */
  readonly logBucket: LogBucket | undefined;
  /** S3's buckets are made as before April 2023. */
  readonly oldBucketDefaults: boolean;
  /** Of a region, opened when they are first asked for. */
  readonly blobs: (region: Region) => Promise<Blobs>;
  /** S3's day, for lifecycle rules and restores. */
  readonly s3Day: Milliseconds;
  /** Where EC2's machines run, opened when EC2 is first used. */
  readonly host: () => Promise<Host | undefined>;
  /** How fast the scrub of stored bytes reads. */
  readonly scrubBytesPerSecond: number;
}

export interface AssembledServices {
  readonly entries: readonly ServiceEntry[];
  readonly identity: IamIdentity;
  readonly audit: Collector;
  /** What keeps a region's blobs in order. */
  readonly blobChores: (region: Region) => readonly Chore[];
  /** The serial console by SSH, made when it is first asked for. */
  readonly serialConsole: () => Promise<SerialLines>;
}

export function assembleServices(deps: ServiceDeps): AssembledServices {
  const identity = new IamIdentity(deps.store, deps.sealer);
  const trails = new TrailDirectory(deps.store);
  const audit = new Collector({ ...deps, trails });
  const { principals } = identity;
  const isAccount = (account: AccountId): boolean => identity.isAccount(account);
  const parts = { ...deps, identity, isAccount, principals, trails, collector: audit };
  const given = { ...parts, offers: offersOf(parts) };
  const entries = SERVICES.map(({ load, preload, ...line }) => ({
    ...line,
    load: () => load(given),
    ...(preload && { preload: () => preload(given) }),
  }));
  const { blobCare, serialConsole } = given.offers;
  return { entries, identity, audit, blobChores: (region) => blobChores(region, blobCare), serialConsole };
}

interface Parts extends ServiceDeps {
  readonly identity: IamIdentity;
  readonly isAccount: (account: AccountId) => boolean;
  readonly principals: PrincipalDirectory;
  readonly trails: TrailDirectory;
  readonly collector: Collector;
}

interface Given extends Parts {
  readonly offers: ReturnType<typeof offersOf>;
}

/** A service is one line here: what is known of it, and how it is made when somebody first asks for it. */
interface ServiceLine extends Omit<ServiceEntry, 'load' | 'preload'> {
  readonly load: (given: Given) => Promise<ServiceDeclaration>;
  readonly preload?: (given: Given) => Promise<unknown>;
}

const SERVICES: readonly ServiceLine[] = [
  {
    name: 'cloudtrail',
    principal: 'cloudtrail.amazonaws.com',
    scope: 'regional',
    reconciles: true,
    load: async (given) => (await import('#services/cloudtrail/assemble.ts')).assembleCloudTrail(given),
  },
  {
    name: 'ec2',
    principal: 'ec2.amazonaws.com',
    scope: 'regional',
    reconciles: true,
    facts: async () => (await import('#services/ec2/facts.ts')).facts,
    preload: ({ offers }) =>
      Promise.all([
        import('#services/ec2/service.ts'),
        offers.envelopes(),
        offers.instanceProfiles(),
        offers.linkedRoles(),
        offers.pushedKeys(),
      ]),
    load: async ({ offers, ...given }) =>
      (await import('#services/ec2/service.ts')).ec2({
        ...given,
        envelopes: await offers.envelopes(),
        host: await given.host(),
        networks: await offers.vpcNetworks(),
        instanceProfiles: await offers.instanceProfiles(),
        linkedRoles: await offers.linkedRoles(),
        pushedKeys: await offers.pushedKeys(),
      }),
  },
  {
    name: 'ec2-instance-connect',
    principal: 'ec2-instance-connect.amazonaws.com',
    scope: 'regional',
    load: async ({ offers, ...given }) =>
      (await import('#services/ec2-instance-connect/service.ts')).ec2InstanceConnect({
        ...given,
        instances: await offers.instances(),
        tunnels: await offers.tunnels(),
      }),
  },
  {
    name: 'iam',
    principal: 'iam.amazonaws.com',
    scope: 'global',
    load: async ({ offers, ...given }) =>
      (await import('#services/iam/service.ts')).iam({
        ...given,
        history: await offers.history(),
        passwords: await offers.passwords(),
        tokenIssuer: await offers.tokenIssuer(),
      }),
  },
  {
    name: 'kms',
    principal: 'kms.amazonaws.com',
    scope: 'regional',
    load: async ({ offers }) => (await import('#services/kms/service.ts')).kms(await offers.kmsParts()),
  },
  {
    name: 'makonis',
    principal: 'makonis.amazonaws.com',
    scope: 'global',
    load: async ({ offers, ...given }) =>
      (await import('#services/makonis/service.ts')).makonis({
        ...given,
        accounts: offers.accounts,
        instances: await offers.instances(),
        issuerKeys: await offers.issuerKeys(),
        people: await offers.people(),
        quotas: await offers.quotas(),
        signIn: await offers.signIn(),
      }),
  },
  {
    name: 'service-quotas',
    principal: 'servicequotas.amazonaws.com',
    scope: 'regional',
    load: async (given) => (await import('#services/service-quotas/service.ts')).serviceQuotas(given),
  },
  {
    name: 's3',
    principal: 's3.amazonaws.com',
    scope: 'regional',
    siteHost: 's3-website',
    reconciles: true,
    load: async ({ offers }) => {
      // Its gauges are there, and its code, before its first work.
      await offers.blobCare();
      return (await import('#services/s3/service.ts')).s3(await offers.s3Parts());
    },
  },
  {
    name: 's3express',
    model: 's3',
    principal: 's3express.amazonaws.com',
    signingName: 's3express',
    scope: 'regional',
    load: async ({ offers }) => (await import('#services/s3/express/service.ts')).s3express(await offers.s3Parts()),
  },
  {
    name: 's3control',
    principal: 's3.amazonaws.com',
    scope: 'regional',
    marks: { path: '/v20180820/', header: 'x-amz-account-id' },
    alsoSignedAs: 's3express',
    nouns: ['accesspoint', 'job'],
    load: async ({ offers, ...given }) =>
      (await import('#services/s3control/service.ts')).s3control({
        ...given,
        buckets: await offers.bucketFacts(),
        publicAccess: await offers.publicAccess(),
      }),
  },
  {
    name: 'signin',
    principal: 'signin.amazonaws.com',
    scope: 'global',
    load: async ({ offers }) => (await import('#services/signin/service.ts')).signin(await offers.signInDeps()),
  },
  {
    name: 'sqs',
    principal: 'sqs.amazonaws.com',
    scope: 'regional',
    load: async ({ offers, ...given }) =>
      (await import('#services/sqs/service.ts')).sqs({
        ...given,
        envelopes: await offers.envelopes(),
      }),
  },
  {
    name: 'sts',
    principal: 'sts.amazonaws.com',
    scope: 'regional',
    load: async ({ offers, ...given }) =>
      (await import('#services/sts/service.ts')).sts({
        ...given,
        sessions: await offers.sessions(),
        tokenIssuer: await offers.tokenIssuer(),
        rootAccess: await offers.rootAccess(),
        delegatedAccess: await offers.delegatedAccess(),
      }),
  },
  {
    name: 'tagging',
    model: 'resourcegroupstaggingapi',
    principal: 'tagging.amazonaws.com',
    scope: 'regional',
    load: async (given) => (await import('#services/tagging/service.ts')).tagging(given),
  },
];

/** What services offer each other (their api.ts), made when the first of those that need it loads. */
function offersOf(parts: Parts) {
  const { store, collector, clock } = parts;
  const iam = offersOfIam(parts);
  const history = lazy(async () =>
    (await import('#services/cloudtrail/whole-history.ts')).wholeHistory(store, collector, clock),
  );
  const instances = lazy(async () => (await import('#services/ec2/instances/connections.ts')).instancesApi(parts));
  const issuerKeys = lazy(async () =>
    (await import('#services/sts/web-identity/supplied-keys.ts')).createSuppliedKeys(store),
  );
  const kmsParts = lazy(async () => (await import('#services/kms/parts.ts')).kmsParts(parts));
  const envelopes = lazy(async () => (await import('#services/kms/envelope.ts')).envelopes(await kmsParts()));
  const quotas = lazy(async () => (await import('#services/service-quotas/requests.ts')).quotaRequests(parts));
  const pushedKeys = lazy(async () => (await import('#services/ec2-instance-connect/pushed-keys.ts')).openKeys(store));
  const serialConsole = lazy(async () =>
    (await import('#services/ec2-instance-connect/serial-console.ts')).serialConsole({
      ...parts,
      instances: await instances(),
    }),
  );
  const vpcNetworks = lazy(async () => {
    const host = await parts.host();
    return host && (await import('#services/ec2/networks/apply.ts')).vpcNetworks(host.networks, store);
  });
  const tunnels = lazy(async () =>
    (await import('#services/ec2/instance-connect-endpoints/tunnels.ts')).tunnelsApi({
      ...parts,
      networks: vpcNetworks,
    }),
  );
  const signInDeps = async () => ({ ...parts, people: await iam.people(), sessions: await iam.sessions() });
  const signIn = lazy(async () => (await import('#services/signin/service.ts')).signInApi(await signInDeps()));
  return {
    ...iam,
    ...offersOfS3(parts, iam.accounts, envelopes),
    envelopes,
    history,
    instances,
    issuerKeys,
    kmsParts,
    pushedKeys,
    quotas,
    serialConsole,
    signIn,
    signInDeps,
    tunnels,
    vpcNetworks,
  };
}

function offersOfIam(parts: Parts) {
  const { store, sealer, identity } = parts;
  const accounts = createAccounts(store, sealer);
  const passwords = lazy(async () => new (await import('#services/iam/passwords/passwords.ts')).Passwords(sealer));
  const sessions = lazy(async () =>
    (await import('#services/iam/identity/sessions.ts')).createSessions(store, sealer, identity),
  );
  const instanceProfiles = lazy(async () =>
    (await import('#services/iam/instance-profiles/for-instances.ts')).createInstanceProfiles(store, await sessions()),
  );
  const linkedRoles = lazy(async () => (await import('#services/iam/linked-roles.ts')).linkedRoles(store));
  const people = lazy(async () =>
    (await import('#services/iam/identity/people.ts')).createPeople(store, sealer, identity, await passwords()),
  );
  const tokenIssuer = lazy(async () =>
    (await import('#services/iam/outbound-federation/issuer.ts')).createTokenIssuer(parts),
  );
  const rootAccess = lazy(async () =>
    (await import('#services/iam/organization/root-access.ts')).createRootAccess(store),
  );
  const delegatedAccess = lazy(async () =>
    (await import('#services/iam/delegation-requests/delegated-access.ts')).createDelegatedAccess(
      store,
      sealer,
      await sessions(),
    ),
  );
  return {
    accounts,
    delegatedAccess,
    instanceProfiles,
    linkedRoles,
    passwords,
    people,
    rootAccess,
    sessions,
    tokenIssuer,
  };
}

/** What S3, S3 Express and S3 Control are made with, and know of buckets; what cares for a region's blobs is one for all. */
function offersOfS3(parts: Parts, accounts: Accounts, envelopes: () => Promise<Envelopes>) {
  const { store } = parts;
  const buckets = lazy(async () => (await import('#services/s3/directory.ts')).openDirectory(store));
  const publicAccess = lazy(async () => (await import('#services/s3control/public-access.ts')).openPublicAccess(store));
  const accessPoints = lazy(async () =>
    (await import('#services/s3control/access-points/open.ts')).openAccessPoints(store),
  );
  const canonicalUsers = lazy(async () =>
    (await import('#services/s3/canonical-users.ts')).canonicalUsers(accounts, parts.oldBucketDefaults),
  );
  const s3Parts = lazy(
    async (): Promise<S3Parts> => ({
      ...parts,
      directory: await buckets(),
      publicAccess: await publicAccess(),
      accessPoints: await accessPoints(),
      envelopes: await envelopes(),
      day: parts.s3Day,
      isRegion: (name) => parts.regions.includes(name),
      users: await canonicalUsers(),
      hashings: (await import('#services/s3/hashing/hashing.ts')).hashings(parts.clock, parts.onFault),
    }),
  );
  const bucketFacts = lazy(async () => (await import('#services/s3/buckets/facts.ts')).bucketFacts(await s3Parts()));
  const blobCare = lazy(async (): Promise<BlobCare> => {
    const [{ sweeper }, { scrubber }] = await Promise.all([
      import('#services/s3/storage/sweep.ts'),
      import('#services/s3/storage/scrub.ts'),
    ]);
    return { sweep: sweeper(await s3Parts()), scrub: scrubber(await s3Parts()) };
  });
  return { blobCare, bucketFacts, publicAccess, s3Parts };
}
