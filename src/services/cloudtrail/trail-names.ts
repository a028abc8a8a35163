/** Names and ARNs of trails. */
import { formatArn, parseArn } from '#platform/base/arn.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { refuse } from './errors.ts';

const NAME = /^[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*$/;
export const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/;

export function checkName(name: string): void {
  const isGood = name.length >= 3 && name.length <= 128 && NAME.test(name) && !ADDRESS.test(name);
  if (!isGood) refuse('InvalidTrailNameException', name);
}

export const trailArn = (region: Region, account: AccountId, name: string): string =>
  formatArn('cloudtrail', region, account, `trail/${name}`);

export interface TrailName {
  readonly name: string;
  /** Of an ARN. */
  readonly region: Region | undefined;
  readonly account: AccountId | undefined;
}

/** Reads what a client names a trail by, and refuses what can't be a trail's. */
export function readName(given: string): TrailName {
  if (!given.startsWith('arn:')) {
    checkName(given);
    return { name: given, region: undefined, account: undefined };
  }
  const arn = parseArn(given);
  if (arn?.service !== 'cloudtrail' || !arn.resource.startsWith('trail/') || !arn.region || !arn.account) {
    return refuse('CloudTrailARNInvalidException', given);
  }
  const name = arn.resource.slice('trail/'.length);
  checkName(name);
  // An ARN's region and account: whether there are such is asked where they are used.
  return { name, region: arn.region as Region, account: arn.account as AccountId };
}

/** For the authoriser, which asks before the handler checks. */
export const arnOf = (
  given: string | undefined,
  scope: { readonly account: AccountId; readonly region: Region },
): string => (given?.startsWith('arn:') ? given : trailArn(scope.region, scope.account, given ?? ''));
