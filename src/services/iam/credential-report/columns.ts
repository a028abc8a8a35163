/**
 * The credential report's columns (IAM User Guide, "Getting credential reports for your AWS account"). Each tells one thing of what was
 * gathered about a person: the root user, or a user.
 */
import type { AccountId } from '#platform/base/ids.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { keysOf } from '#services/iam/access-keys/keys.ts';
import { hasMfa, type PasswordFacts, passwordOf } from '#services/iam/account/sign-in-facts.ts';
import { entityArn, rootArn } from '#services/iam/names.ts';
import { certificatesOf } from '#services/iam/signing-certificates/signing-certificates.ts';
import type { SigningCertificateRow } from '#services/iam/signing-certificates/state.ts';
import {
  type AccessKeyRow,
  accounts,
  type LastUseRow,
  lastUses,
  ROOT_OWNER,
  type UserRow,
  wholeSecond,
} from '#services/iam/state.ts';

interface Person {
  readonly isRoot: boolean;
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly password: PasswordFacts | undefined;
  readonly hasMfa: boolean;
  /** Keys and certificates are numbered by their age. */
  readonly keys: readonly { readonly row: AccessKeyRow; readonly use: LastUseRow | undefined }[];
  readonly certificates: readonly SigningCertificateRow[];
}

/** `owner`: a user's unique id, or `root`. */
const gathered = (tx: ReadTransaction, owner: string) => ({
  isRoot: owner === ROOT_OWNER,
  password: passwordOf(tx, owner),
  hasMfa: hasMfa(tx, owner),
  keys: keysOf(tx, owner)
    .toSorted((a, b) => a.createdAt - b.createdAt)
    .map((row) => ({ row, use: tx.get(lastUses, lastUses.key(row.id)) })),
  certificates: certificatesOf(tx, owner).toSorted((a, b) => a.uploadedAt - b.uploadedAt),
});

const NONE = 'N/A';
const UNSUPPORTED = 'not_supported';

/** `2026-01-31T12:00:00+00:00` */
const timeText = (at: number | undefined): string =>
  at === undefined ? NONE : new Date(wholeSecond(at)).toISOString().replace('.000Z', '+00:00');

type Column = readonly [name: string, value: (person: Person) => string];

function passwordLastUsed({ password }: Person): string {
  if (password === undefined) return NONE;
  return password.lastUsedAt === undefined ? 'no_information' : timeText(password.lastUsedAt);
}

/** Of the root user's password these are not told. */
const ofUsers =
  (value: (password: PasswordFacts | undefined) => string) =>
  ({ isRoot, password }: Person): string =>
    isRoot ? UNSUPPORTED : value(password);

const keyColumns = (index: number): Column[] => [
  [`access_key_${index + 1}_active`, ({ keys }) => String(keys[index]?.row.status === 'Active')],
  [`access_key_${index + 1}_last_rotated`, ({ keys }) => timeText(keys[index]?.row.createdAt)],
  [`access_key_${index + 1}_last_used_date`, ({ keys }) => timeText(keys[index]?.use?.at)],
  [`access_key_${index + 1}_last_used_region`, ({ keys }) => keys[index]?.use?.region ?? NONE],
  [`access_key_${index + 1}_last_used_service`, ({ keys }) => keys[index]?.use?.service ?? NONE],
];

const certificateColumns = (index: number): Column[] => [
  [`cert_${index + 1}_active`, ({ certificates }) => String(certificates[index]?.status === 'Active')],
  [`cert_${index + 1}_last_rotated`, ({ certificates }) => timeText(certificates[index]?.uploadedAt)],
];

const COLUMNS: readonly Column[] = [
  ['user', ({ name }) => name],
  ['arn', ({ arn }) => arn],
  ['user_creation_time', ({ createdAt }) => timeText(createdAt)],
  ['password_enabled', ofUsers((password) => String(password !== undefined))],
  ['password_last_used', passwordLastUsed],
  ['password_last_changed', ofUsers((password) => timeText(password?.changedAt))],
  ['password_next_rotation', ofUsers((password) => timeText(password?.nextRotationAt))],
  ['mfa_active', (person) => String(person.hasMfa)],
  ...keyColumns(0),
  ...keyColumns(1),
  ...certificateColumns(0),
  ...certificateColumns(1),
  // For who has more than two keys or certificates; ours have two at most.
  ['additional_credentials_info', () => NONE],
];

export const HEADER = COLUMNS.map(([name]) => name).join(',');

/** Names and paths may hold commas and quotes. */
const field = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const line = (person: Person): string => COLUMNS.map(([, value]) => field(value(person))).join(',');

export const rootLine = (tx: ReadTransaction, account: AccountId): string =>
  line({
    ...gathered(tx, ROOT_OWNER),
    name: '<root_account>',
    arn: rootArn(account),
    createdAt: tx.get(accounts, accounts.key(account))?.createdAt ?? 0,
  });

export const userLine = (tx: ReadTransaction, account: AccountId, row: UserRow): string =>
  line({ ...gathered(tx, row.id), name: row.name, arn: entityArn(account, 'user', row), createdAt: row.createdAt });
