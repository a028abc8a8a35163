/** KMS's kinds of resources. A key's policy is its only root of trust. */
import { formatArn } from '#platform/base/arn.ts';
import type { Kind } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { arnOf, findKey } from '#services/kms/keys/open-key.ts';
import { tagList } from '#services/kms/keys/tags.ts';
import { aliases, keys } from '#services/kms/state.ts';

const KEY = ':key/';
function idOf(arn: string): string | undefined {
  const at = arn.indexOf(KEY);
  return at < 0 || at + KEY.length === arn.length ? undefined : arn.slice(at + KEY.length);
}
const aliasArn = ({ partition: { name } }: ReadTransaction, alias: string): string =>
  formatArn('kms', name.region, name.account, alias);
const aliasOf = (arn: string): string => arn.slice(arn.indexOf(':alias/') + 1);

function* customerKeys(tx: ReadTransaction, after: string | undefined): Generator<string> {
  let from = after;
  for (;;) {
    const page = tx.range(keys, { limit: 100, ...(from !== undefined && { after: keys.key(from) }) });
    for (const { row } of page) if (row.manager === 'CUSTOMER') yield row.id;
    from = page.at(-1)?.row.id;
    if (page.length < 100) return;
  }
}

function firstOf(ids: Iterable<string>, limit: number): string[] {
  const found: string[] = [];
  for (const id of ids) if (found.push(id) >= limit) break;
  return found;
}

export const kinds = {
  key: {
    name: 'key',
    cloudFormationType: 'AWS::KMS::Key',
    list: (tx, after, limit) => firstOf(customerKeys(tx, after && idOf(after)), limit).map((id) => arnOf(tx, id)),
    exists: (tx, arn) => {
      const id = idOf(arn);
      return id !== undefined && findKey(tx, id)?.arn === arn;
    },
    policy: (tx, arn) => {
      const id = idOf(arn);
      const key = id === undefined ? undefined : findKey(tx, id);
      return key?.arn === arn ? key.policyById : undefined;
    },
    policyRequired: true,
    tagging: {
      tag: { operation: 'TagResource', input: (arn, tags) => ({ KeyId: arn, Tags: tagList(tags) }) },
      untag: { operation: 'UntagResource', input: (arn, TagKeys) => ({ KeyId: arn, TagKeys: [...TagKeys] }) },
    },
    // The shortest that there is: a key is never gone at once.
    remove: { operation: 'ScheduleKeyDeletion', input: (arn) => ({ KeyId: arn, PendingWindowInDays: 7 }) },
    holdsData: true,
  },
  alias: {
    name: 'alias',
    cloudFormationType: 'AWS::KMS::Alias',
    list: (tx, after, limit) =>
      tx
        .range(aliases, { limit, ...(after !== undefined && { after: aliases.key(aliasOf(after)) }) })
        .flatMap(({ key }) =>
          aliases.parts(key)[0].startsWith('alias/aws/') ? [] : aliasArn(tx, aliases.parts(key)[0]),
        ),
    exists: (tx, arn) => tx.get(aliases, aliases.key(aliasOf(arn))) !== undefined,
    remove: { operation: 'DeleteAlias', input: (arn) => ({ AliasName: aliasOf(arn) }) },
    holdsData: false,
  },
} satisfies Record<string, Kind>;
