/** IAM's kinds of resources, in the nouns of the service authorization reference. */
import type { AccountId } from '#platform/base/ids.ts';
import type { Kind } from '#platform/service.ts';
import type { Table } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { entityArn, type Named, type Noun, nameKey, nameOfArn } from '#services/iam/names.ts';
import { namedRows } from '#services/iam/paging.ts';
import { providerKinds } from '#services/iam/provider-kinds.ts';
import { groups, policies, roles, users } from '#services/iam/state.ts';
import { tagList } from '#services/iam/tags.ts';

/** IAM has no global partition among those that hold entities. */
const accountOf = (tx: ReadTransaction): AccountId => tx.partition.name.account as AccountId;

/** In the order of names. */
const listOf =
  <Row extends Named>(noun: Noun, table: Table<Row, [string]>): Kind['list'] =>
  (tx, after, limit) => {
    const arns: string[] = [];
    for (const [, row] of namedRows(tx, table, after === undefined ? undefined : nameKey(nameOfArn(after)))) {
      if (arns.length === limit) break;
      arns.push(entityArn(accountOf(tx), noun, row));
    }
    return arns;
  };

const existsIn =
  <Row extends Named>(noun: Noun, table: Table<Row, [string]>): Kind['exists'] =>
  (tx, arn) => {
    const row = tx.get(table, table.key(nameKey(nameOfArn(arn))));
    return row !== undefined && entityArn(accountOf(tx), noun, row) === arn;
  };

/** The tag operations of a noun: `TagUser` with the member that names it. */
const taggedBy = (noun: 'User' | 'Role' | 'Policy', member: string, idOf: (arn: string) => string) => ({
  tag: {
    operation: `Tag${noun}`,
    input: (arn: string, tags: Record<string, string>) => ({ [member]: idOf(arn), Tags: tagList(tags) }),
  },
  untag: {
    operation: `Untag${noun}`,
    input: (arn: string, keys: readonly string[]) => ({ [member]: idOf(arn), TagKeys: [...keys] }),
  },
});

export const kinds = {
  user: {
    name: 'user',
    cloudFormationType: 'AWS::IAM::User',
    list: listOf('user', users),
    exists: existsIn('user', users),
    tagging: taggedBy('User', 'UserName', nameOfArn),
    remove: { operation: 'DeleteUser', input: (arn) => ({ UserName: nameOfArn(arn) }) },
    removeAfter: ['group'],
    holdsData: false,
  },
  role: {
    name: 'role',
    cloudFormationType: 'AWS::IAM::Role',
    list: listOf('role', roles),
    exists: existsIn('role', roles),
    tagging: taggedBy('Role', 'RoleName', nameOfArn),
    remove: { operation: 'DeleteRole', input: (arn) => ({ RoleName: nameOfArn(arn) }) },
    holdsData: false,
  },
  group: {
    name: 'group',
    cloudFormationType: 'AWS::IAM::Group',
    list: listOf('group', groups),
    exists: existsIn('group', groups),
    remove: { operation: 'DeleteGroup', input: (arn) => ({ GroupName: nameOfArn(arn) }) },
    holdsData: false,
  },
  policy: {
    name: 'policy',
    cloudFormationType: 'AWS::IAM::ManagedPolicy',
    list: listOf('policy', policies),
    exists: existsIn('policy', policies),
    tagging: taggedBy('Policy', 'PolicyArn', (arn) => arn),
    remove: { operation: 'DeletePolicy', input: (arn) => ({ PolicyArn: arn }) },
    removeAfter: ['user', 'role', 'group'],
    holdsData: false,
  },
  ...providerKinds,
} satisfies Record<string, Kind>;
