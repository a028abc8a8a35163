/** The registry of services: which there are, and what each is given. Only main.ts reads it. */
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
import type { Egress } from '#platform/egress/egress.ts';
import type { Deliver } from '#platform/jobs/relay.ts';
import type { ActionCatalogue } from '#platform/model/actions.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { AuthorizationMessages } from '#platform/policy/authorization-message.ts';
import type { Registry } from '#platform/registry.ts';
import type { Removal } from '#platform/removal.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { ServiceDeclaration } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import { assembleCloudTrail } from '#services/cloudtrail/assemble.ts';
import type { Collector } from '#services/cloudtrail/collector.ts';
import type { LogBucket } from '#services/cloudtrail/log-bucket.ts';
import { createAccounts } from '#services/iam/accounts/accounts.ts';
import { createDelegatedAccess } from '#services/iam/delegation-requests/delegated-access.ts';
import { IamIdentity } from '#services/iam/identity/identity.ts';
import { createPeople } from '#services/iam/identity/people.ts';
import { createSessions } from '#services/iam/identity/sessions.ts';
import { createRootAccess } from '#services/iam/organization/root-access.ts';
import { createTokenIssuer } from '#services/iam/outbound-federation/issuer.ts';
import { Passwords } from '#services/iam/passwords/passwords.ts';
import { iam } from '#services/iam/service.ts';
import { envelopes } from '#services/kms/envelope.ts';
import { kmsParts } from '#services/kms/parts.ts';
import { kms } from '#services/kms/service.ts';
import { makonis } from '#services/makonis/service.ts';
import { openDirectory } from '#services/s3/directory.ts';
import { s3express } from '#services/s3/express/service.ts';
import { canonicalUsers } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { s3 } from '#services/s3/service.ts';
import { storageReconcilers } from '#services/s3/storage/sweep.ts';
import { quotaRequests } from '#services/service-quotas/requests.ts';
import { serviceQuotas } from '#services/service-quotas/service.ts';
import { signin } from '#services/signin/service.ts';
import { sqs } from '#services/sqs/service.ts';
import { sts } from '#services/sts/service.ts';
import { tagging } from '#services/tagging/service.ts';

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
  readonly onFault: (error: unknown) => void;
  /** Where log files go instead of S3's buckets. */
  readonly logBucket: LogBucket | undefined;
  /** S3's buckets are made as before April 2023. */
  readonly oldBucketDefaults: boolean;
  /** Of a region, opened when they are first asked for. */
  readonly blobs: (region: Region) => Promise<Blobs>;
  /** A scrub of a region's blobs is over: what it found damaged. */
  /** S3's day, for lifecycle rules and restores. */
  readonly s3Day: Milliseconds;
  readonly onScrubbed: (region: Region, damaged: readonly string[]) => void;
}

export interface AssembledServices {
  readonly declarations: readonly ServiceDeclaration[];
  readonly identity: IamIdentity;
  readonly audit: Collector;
}

export function assembleServices(deps: ServiceDeps): AssembledServices {
  const { store, sealer } = deps;
  const identity = new IamIdentity(store, sealer);
  const accounts = createAccounts(store, sealer);
  const passwords = new Passwords(sealer);
  const sessions = createSessions(store, sealer, identity);
  const people = createPeople(store, sealer, identity, passwords);
  const signIn = signin({ ...deps, people, sessions });
  const cloudTrail = assembleCloudTrail(deps);
  const quotas = quotaRequests(deps);
  const tokenIssuer = createTokenIssuer({ ...deps, identity });
  const ofKms = kmsParts({ ...deps, isAccount: (account) => identity.isAccount(account) });
  const sealers = envelopes(ofKms);
  const ofS3: S3Parts = {
    ...deps,
    directory: openDirectory(store),
    envelopes: sealers,
    day: deps.s3Day,
    isRegion: (name) => deps.regions.includes(name),
    isCanonicalUser: canonicalUsers(accounts),
  };
  const storage = storageReconcilers(ofS3);
  const declarations: readonly ServiceDeclaration[] = [
    cloudTrail.declaration,
    iam({ ...deps, history: cloudTrail.history, identity, passwords, tokenIssuer }),
    kms(ofKms),
    makonis({ ...deps, accounts, people, quotas, signIn: signIn.api }),
    serviceQuotas(deps),
    s3(ofS3, storage),
    s3express(ofS3, storage),
    signIn.declaration,
    sqs({ ...deps, envelopes: sealers }),
    sts({
      ...deps,
      sessions,
      tokenIssuer,
      rootAccess: createRootAccess(store),
      delegatedAccess: createDelegatedAccess(store, sealer, sessions),
    }),
    tagging(deps),
  ];
  return { declarations, identity, audit: cloudTrail.collector };
}
