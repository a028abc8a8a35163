/** What the kinds of IAM's resources have in common: lists and look-ups by name, tag operations, and what hangs on an entity. */
import type { AccountId } from '#platform/base/ids.ts';
import type { Input, Kind } from '#platform/service.ts';
import type { Key, Table } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { entityArn, type Named, type Noun, nameKey, nameOfArn } from '#services/iam/names.ts';
import { GROUP, ROLE, USER } from '#services/iam/owners.ts';
import { namedRows } from '#services/iam/paging.ts';
import { type EntityKind, entities } from '#services/iam/state.ts';
import { tagList } from '#services/iam/tags.ts';

/** IAM has no global partition among those that hold entities. */
export const accountOf = (tx: ReadTransaction): AccountId => tx.partition.name.account as AccountId;

const ALL = () => true;

/** In the order of names. */
export const listOf =
  <Row extends Named>(noun: Noun, table: Table<Row, [string]>, isOurs: (row: Row) => boolean = ALL): Kind['list'] =>
  (tx, after, limit) => {
    const arns: string[] = [];
    for (const [, row] of namedRows(tx, table, after === undefined ? undefined : nameKey(nameOfArn(after)))) {
      if (arns.length === limit) break;
      if (isOurs(row)) arns.push(entityArn(accountOf(tx), noun, row));
    }
    return arns;
  };

export const existsIn =
  <Row extends Named>(noun: Noun, table: Table<Row, [string]>): Kind['exists'] =>
  (tx, arn) => {
    const row = tx.get(table, table.key(nameKey(nameOfArn(arn))));
    return row !== undefined && entityArn(accountOf(tx), noun, row) === arn;
  };

type TaggedNoun = 'User' | 'Role' | 'Policy' | 'InstanceProfile' | 'ServerCertificate';

/** The tag operations of a noun: `TagUser` with the member that names it. */
export const taggedBy = (noun: TaggedNoun, member: string, idOf: (arn: string) => string) => ({
  tag: {
    operation: `Tag${noun}`,
    input: (arn: string, tags: Record<string, string>) => ({ [member]: idOf(arn), Tags: tagList(tags) }),
  },
  untag: {
    operation: `Untag${noun}`,
    input: (arn: string, keys: readonly string[]) => ({ [member]: idOf(arn), TagKeys: [...keys] }),
  },
});

interface Hanging {
  readonly noun: EntityKind;
  /** Entity's id, and what it has. */
  readonly table: Table<unknown, [string, string]>;
  readonly operation: string;
  /** From the entity's name and the name of what it has. */
  readonly input: (name: string, thing: string) => Input;
  /** The name of what it has, where the key's second part is not it. */
  readonly nameOf?: (tx: ReadTransaction, second: string) => string | undefined;
  /** False for entities whose things only a service removes. */
  readonly isOurs?: (entity: Named) => boolean;
}

const TABLES = { user: USER.table, role: ROLE.table, group: GROUP.table } as const;
/** Neither paths nor names have spaces. */
const SEPARATOR = ' ';
const PAGE = 200;

/**
 * What an entity has (keys, attachments, memberships) is no resource with an ARN of its own, but has to go before the entity can. It
 * is listed as `<the entity's ARN> <its id> <the key's second part> <name>`, from which the next page and the removal are told.
 */
export const hanging = (name: string, { noun, table, operation, input, isOurs = ALL, nameOf }: Hanging): Kind => ({
  name,
  list(tx, after, limit) {
    const found: string[] = [];
    let last = after === undefined ? undefined : keyOf(table, after);
    while (found.length < limit) {
      const page = tx.range(table, { ...(last !== undefined && { after: last }), limit: PAGE });
      for (const { key } of page) {
        const [id, second] = table.parts(key);
        const entity = tx.get(entities, entities.key(id));
        const row = entity?.kind === noun ? tx.get<Named>(TABLES[noun], TABLES[noun].key(entity.name)) : undefined;
        const thing = nameOf ? nameOf(tx, second) : second;
        if (row && isOurs(row) && thing !== undefined) {
          found.push([entityArn(accountOf(tx), noun, row), id, second, thing].join(SEPARATOR));
        }
        last = key;
        if (found.length === limit) return found;
      }
      if (page.length < PAGE) break;
    }
    return found;
  },
  exists: (tx, arn) => tx.get(table, keyOf(table, arn)) !== undefined,
  remove: {
    operation,
    input(arn) {
      const [entity = '', , , thing = ''] = arn.split(SEPARATOR);
      return input(nameOfArn(entity), thing);
    },
  },
  holdsData: false,
});

function keyOf(table: Table<unknown, [string, string]>, arn: string): Key {
  const [, id = '', second = ''] = arn.split(SEPARATOR);
  return table.key(id, second);
}
