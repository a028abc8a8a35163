/**
 * Grant tokens. A grant counts here from the moment it is made, so a token gives nothing that the grant doesn't; but what is no
 * token is refused as on AWS, and RetireGrant finds its grant by one.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { openText } from '#platform/secrets/sealer.ts';
import { fail } from '#services/kms/errors.ts';
import type { KmsParts } from '#services/kms/parts.ts';

export interface GrantName {
  readonly account: AccountId;
  readonly region: string;
  readonly keyId: string;
  readonly grantId: string;
}

const PURPOSE = 'grant';

export const grantToken = ({ grantTokens }: KmsParts, { account, region, keyId, grantId }: GrantName): string =>
  grantTokens.seal(JSON.stringify([account, region, keyId, grantId]), PURPOSE).toString('base64');

export function readGrantToken({ grantTokens }: KmsParts, token: string): GrantName {
  const opened = openText(grantTokens, token, PURPOSE, 'base64') ?? fail('InvalidGrantToken');
  // Sealed above.
  const [account, region, keyId, grantId] = JSON.parse(opened.toString('utf8')) as [AccountId, string, string, string];
  return { account, region, keyId, grantId };
}

export function checkGrantTokens(parts: KmsParts, tokens: readonly string[] | undefined): void {
  for (const token of tokens ?? []) readGrantToken(parts, token);
}
