/** The four operations that each kind of configuration has: the same but for the noun in their names and members. */
import type { Call } from '#platform/service.ts';
import { accessOf } from '#services/s3/access.ts';
import {
  type Configuration,
  type ConfigurationKind,
  keeperOf,
  type OnConfiguration,
  type OnList,
  type Paging,
} from '#services/s3/configurations/configurations.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';

type Given<Noun extends string, Kept> = OnConfiguration & Readonly<Record<`${Noun}Configuration`, Kept>>;
type Shown<Noun extends string, Kept> = Record<`${Noun}Configuration`, Kept>;
type Listed<Noun extends string, Kept> = Paging & Record<`${Noun}ConfigurationList`, Kept[]>;

export function configurationOperations<const Noun extends string, Kept extends Configuration>(
  parts: S3Parts,
  noun: Noun,
  kind: ConfigurationKind<Kept>,
) {
  const { bucket } = accessOf(parts);
  const keeper = keeperOf(parts, kind);
  const write = { ...bucket, usage: TIER_1, action: `s3:Put${noun}Configuration` } as const;
  const read = { ...bucket, usage: TIER_2, access: 'read', action: `s3:Get${noun}Configuration` } as const;
  const member = `${noun}Configuration` as const;
  // A name that is made of a type's parameter is a member, which TypeScript does not follow: so these casts.
  const put = {
    handler: (input: Given<Noun, Kept>, call: Call): void => keeper.put(input, input[member] as Kept, call),
    ...write,
  };
  const get = {
    handler: (input: OnConfiguration, call: Call) => ({ [member]: keeper.get(input, call) }) as Shown<Noun, Kept>,
    ...read,
  };
  const remove = { handler: (input: OnConfiguration, call: Call): void => keeper.remove(input, call), ...write };
  const list = {
    handler(input: OnList, call: Call): Listed<Noun, Kept> {
      const { configurations, paging } = keeper.list(input, call);
      return { [`${member}List`]: configurations, ...paging } as Listed<Noun, Kept>;
    },
    ...read,
  };
  return {
    [`GetBucket${member}`]: get,
    [`PutBucket${member}`]: put,
    [`DeleteBucket${member}`]: remove,
    [`ListBucket${member}s`]: list,
  } as Record<`GetBucket${Noun}Configuration`, typeof get> &
    Record<`PutBucket${Noun}Configuration`, typeof put> &
    Record<`DeleteBucket${Noun}Configuration`, typeof remove> &
    Record<`ListBucket${Noun}Configurations`, typeof list>;
}
