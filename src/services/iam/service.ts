/** AWS Identity and Access Management. */
import type { PageTokens } from '#platform/page-token.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import { defineService } from '#platform/service.ts';
import type { IamIdentity } from '#services/iam/identity.ts';

export interface IamParts {
  readonly sealer: Sealer;
  readonly pages: PageTokens;
  readonly identity: IamIdentity;
}

export const iam = (_parts: IamParts) =>
  defineService({
    name: 'iam',
    principal: 'iam.amazonaws.com',
    scope: 'global',
    operations: {},
    notImplemented: {},
    kinds: {},
    quotas: {},
  });
