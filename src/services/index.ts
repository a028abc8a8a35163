/** The registry of services: which there are, and what each is given. Only main.ts reads it. */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Registry } from '#platform/registry.ts';
import type { Removal } from '#platform/removal.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { ServiceDeclaration } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import { createAccounts } from '#services/iam/accounts/accounts.ts';
import { IamIdentity } from '#services/iam/identity/identity.ts';
import { createSessions } from '#services/iam/identity/sessions.ts';
import { iam } from '#services/iam/service.ts';
import { makonis } from '#services/makonis/service.ts';
import { openDirectory } from '#services/s3/directory.ts';
import { s3 } from '#services/s3/service.ts';
import { quotaRequests } from '#services/service-quotas/requests.ts';
import { serviceQuotas } from '#services/service-quotas/service.ts';
import { sqs } from '#services/sqs/service.ts';
import { sts } from '#services/sts/service.ts';
import { tagging } from '#services/tagging/service.ts';

export interface ServiceDeps {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  /** Services that speak of others (tags, quotas) find them here, once all are there. */
  readonly registry: () => Registry;
  readonly removeResources: (account: AccountId, signal: AbortSignal) => Promise<Removal>;
  readonly version: string;
  readonly regions: readonly string[];
  readonly startedAt: Milliseconds;
  readonly blobs: (region: Region) => Promise<Blobs>;
}

export interface AssembledServices {
  readonly declarations: readonly ServiceDeclaration[];
  readonly identity: IamIdentity;
}

export function assembleServices(deps: ServiceDeps): AssembledServices {
  const { store, sealer } = deps;
  const identity = new IamIdentity(store, sealer);
  const accounts = createAccounts(store, sealer);
  const quotas = quotaRequests(deps);
  const declarations: readonly ServiceDeclaration[] = [
    iam({ ...deps, identity }),
    makonis({ ...deps, accounts, quotas }),
    serviceQuotas(deps),
    s3({ ...deps, directory: openDirectory(store), isRegion: (name) => deps.regions.includes(name) }),
    sqs(deps),
    sts(createSessions(store, sealer, identity)),
    tagging(deps),
  ];
  return { declarations, identity };
}
