/** Names of IAM's entities: ARNs, and the form under which names are kept unique. */
import type { AccountId } from '#platform/base/ids.ts';
import type { CallScope } from '#platform/service.ts';

export interface Named {
  /** `/` or `/division/team/` */
  readonly path: string;
  readonly name: string;
}

export type Noun = 'user' | 'role' | 'group' | 'policy' | 'instance-profile' | 'server-certificate';

export const rootArn = (account: AccountId): string => `arn:aws:iam::${account}:root`;

export const entityArn = (account: AccountId, noun: Noun, { path, name }: Named): string =>
  `arn:aws:iam::${account}:${noun}${path}${name}`;

/** What a list of these below a path asks permission for: `user/division/`. */
export const below =
  (noun: Noun) =>
  ({ PathPrefix = '/' }: { readonly PathPrefix?: string }, { account }: CallScope): string =>
    `arn:aws:iam::${account}:${noun}${PathPrefix}`;

/** "Names are not distinguished by case": `John` can't stand beside `john`. Rows are keyed by this form. */
export const nameKey = (name: string): string => name.toLowerCase();

/** The last part of an entity's ARN: `bob` of `arn:aws:iam::123456789012:user/team/bob`. */
export const nameOfArn = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
