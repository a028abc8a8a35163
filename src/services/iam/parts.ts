/** What IAM's operations are given by main.ts. */
import type { PageTokens } from '#platform/page-token.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { IamIdentity } from '#services/iam/identity/identity.ts';
import type { Passwords } from '#services/iam/passwords/passwords.ts';

export interface IamParts {
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly identity: IamIdentity;
  readonly passwords: Passwords;
}
