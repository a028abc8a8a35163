/** What IAM's operations are given by main.ts. */

import type { Egress } from '#platform/egress/egress.ts';
import type { ActionCatalogue } from '#platform/model/actions.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Registry } from '#platform/registry.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Store } from '#platform/store/store.ts';
import type { AuditHistory } from '#services/cloudtrail/api.ts';
import type { IamIdentity } from '#services/iam/identity/identity.ts';
import type { TokenIssuer } from '#services/iam/outbound-federation/issuer.ts';
import type { Passwords } from '#services/iam/passwords/passwords.ts';

export interface IamParts {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly egress: Egress;
  readonly identity: IamIdentity;
  /** For when an operation is called: there is none yet while services are put together. */
  readonly registry: () => Registry;
  /** All actions of AWS. */
  readonly actions: () => ActionCatalogue;
  readonly passwords: Passwords;
  readonly history: AuditHistory;
  readonly tokenIssuer: TokenIssuer;
}
