/**
 * The version of tokens that STS's global endpoint issues. "Version 1 tokens are valid only in AWS Regions that are available by
 * default", version 2 everywhere; tokens of regional endpoints are valid everywhere.
 */
import type { IamOperations, SetSecurityTokenServicePreferencesRequest } from '#platform/model/generated/iam.ts';
import type { Call, Handlers } from '#platform/service.ts';
import { jsonRows, table } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';

type TokenVersion = 1 | 2;

/** One row. */
export const tokenPreferences = table('token-preference', [], jsonRows<{ readonly version: TokenVersion }>(1));

export const globalTokenVersion = (tx: ReadTransaction): TokenVersion =>
  tx.get(tokenPreferences, tokenPreferences.key())?.version ?? 1;

/** Those that AWS opened after March 2019: an account has to enable them there (here all are). */
const OPT_IN_REGIONS: ReadonlySet<string> = new Set([
  'af-south-1',
  'ap-east-1',
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'eu-central-2',
  'eu-south-1',
  'eu-south-2',
  'il-central-1',
  'me-central-1',
  'me-south-1',
  'mx-central-1',
]);

export const isValidIn = (version: TokenVersion, region: string | undefined): boolean =>
  version === 2 || region === undefined || !OPT_IN_REGIONS.has(region);

function setPreferences(input: SetSecurityTokenServicePreferencesRequest, { tx }: Call): void {
  const version = input.GlobalEndpointTokenVersion === 'v1Token' ? 1 : 2;
  tx.put(tokenPreferences, tokenPreferences.key(), { version });
}

export const tokenPreferenceOperations = {
  SetSecurityTokenServicePreferences: { handler: setPreferences, resource: () => '*' },
} satisfies Partial<Handlers<IamOperations, object>>;
