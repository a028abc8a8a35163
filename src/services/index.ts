/** The registry of services: which there are, and what each is given. Only main.ts reads it. */
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { Egress } from '#platform/egress/egress.ts';
import type { ActionCatalogue } from '#platform/model/actions.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Registry } from '#platform/registry.ts';
import type { Removal } from '#platform/removal.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { ServiceDeclaration } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import { createAccounts } from '#services/iam/accounts/accounts.ts';
import { IamIdentity } from '#services/iam/identity/identity.ts';
import { createPeople } from '#services/iam/identity/people.ts';
import { createSessions } from '#services/iam/identity/sessions.ts';
import { createTokenIssuer } from '#services/iam/outbound-federation/issuer.ts';
import { Passwords } from '#services/iam/passwords/passwords.ts';
import { iam } from '#services/iam/service.ts';
import { makonis } from '#services/makonis/service.ts';
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
}

export interface AssembledServices {
  readonly declarations: readonly ServiceDeclaration[];
  readonly identity: IamIdentity;
}

export function assembleServices(deps: ServiceDeps): AssembledServices {
  const { store, sealer } = deps;
  const identity = new IamIdentity(store, sealer);
  const accounts = createAccounts(store, sealer);
  const passwords = new Passwords(sealer);
  const sessions = createSessions(store, sealer, identity);
  const people = createPeople(store, sealer, identity, passwords);
  const signIn = signin({ ...deps, people, sessions });
  const quotas = quotaRequests(deps);
  const tokenIssuer = createTokenIssuer({ ...deps, identity });
  const declarations: readonly ServiceDeclaration[] = [
    iam({ ...deps, identity, passwords, tokenIssuer }),
    makonis({ ...deps, accounts, people, quotas, signIn: signIn.api }),
    serviceQuotas(deps),
    signIn.declaration,
    sqs(deps),
    sts({ ...deps, tokenIssuer, sessions }),
    tagging(deps),
  ];
  return { declarations, identity };
}
