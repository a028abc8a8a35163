/** Users, roles and groups by ARN, for the operations that take any of them. */
import type { AccountId } from '#platform/base/ids.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { entityArn, nameOfArn } from '#services/iam/names.ts';
import { found, GROUP, type OwnerRow, ROLE, USER } from '#services/iam/owners.ts';
import type { EntityKind } from '#services/iam/state.ts';

export interface EntityName {
  readonly account: AccountId;
  readonly noun: EntityKind;
  readonly name: string;
  readonly arn: string;
}

export interface Entity extends EntityName {
  readonly row: OwnerRow;
}

const ENTITY_ARN = /^arn:aws:iam::(\d{12}):(user|role|group)\/(?:[!-~]+\/)?[\w+=,.@-]+$/;

/** Throws InvalidInput for what can't be the ARN of a user, role or group. */
export function entityName(arn: string): EntityName {
  const [, account, noun] = ENTITY_ARN.exec(arn) ?? [];
  if (account === undefined) invalidInput(`Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
  // The form has just been matched.
  return { account: account as AccountId, noun: noun as EntityKind, name: nameOfArn(arn), arn };
}

const OWNERS = { user: USER, role: ROLE, group: GROUP } as const;

/** Throws NoSuchEntity if the account has none of this ARN. */
export function requireEntity(tx: ReadTransaction, account: AccountId, arn: string): Entity {
  const named = entityName(arn);
  const { table, missing } = OWNERS[named.noun];
  const row = named.account === account ? found<OwnerRow>(tx, table, named.name) : undefined;
  if (row === undefined || entityArn(account, named.noun, row) !== arn) return missing(named.name);
  return { ...named, row };
}
