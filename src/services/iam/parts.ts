/** What IAM's operations are given by main.ts. */
import type { Egress } from '#platform/egress/egress.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { IamIdentity } from '#services/iam/identity/identity.ts';
import type { TokenIssuer } from '#services/iam/outbound-federation/issuer.ts';

export interface IamParts {
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly egress: Egress;
  readonly identity: IamIdentity;
  readonly tokenIssuer: TokenIssuer;
}
