/**
 * What the sign-in keeps. `signin/global/aws-global` has what is known before the account is: failed attempts, and the key that id
 * tokens are signed with. An account's partition has the authorization codes and the sessions of its command lines, both keyed by
 * when they end, so that a new one sweeps what is over; and the records of who signed in.
 */
import type { Failures } from '#platform/attempts.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import type { SessionFacts } from '#platform/principal.ts';
import { jsonRows, type Table, table, text, u64 } from '#platform/store/keys.ts';
import type { Partition, Store, Transaction } from '#platform/store/store.ts';
import type { SessionOwner } from '#services/iam/api.ts';

/** `user` or `source`; `<account>/<user name>` or an address. */
export const failures = table('failures', [text, text], jsonRows<Failures>(1));
/** The one row: an EC key for ES384, PKCS #8 in base 64, sealed. */
export const signingKeys = table('signing-key', [], jsonRows<{ readonly sealed: string }>(1));

/** Whose session it is, and what it was given when its owner signed in. */
export interface Authorized {
  readonly clientId: string;
  readonly owner: SessionOwner;
  readonly facts: SessionFacts;
  /** When the owner's password was set: a new one ends the session. */
  readonly passwordChangedAt?: Milliseconds;
}

export interface CodeRow extends Authorized {
  readonly redirectUri: string;
  /** SHA-256 of the verifier, in base64url. */
  readonly challenge: string;
  /** The session that it was exchanged for, to be ended if the code comes again; or nothing, if the exchange failed. */
  readonly used?: { readonly session?: { readonly endsAt: Milliseconds; readonly id: string } };
}

/** A command line that is signed in. */
export interface CliSessionRow extends Authorized {
  readonly startedAt: Milliseconds;
  /** RFC 7638's of the key that every request proves to have. */
  readonly thumbprint: string;
}

/** When it ends, id. */
export const codes = table('code', [u64, text], jsonRows<CodeRow>(1));
export const cliSessions = table('cli-session', [u64, text], jsonRows<CliSessionRow>(1));

/** Proofs that an answer was given for, until they are not fresh any more: when that is, id. */
export const usedProofs = table('used-proof', [u64, text], jsonRows<object>(1));

/** Where a row of either table is: what a code or a refresh token has inside. */
export interface RowPlace {
  readonly account: AccountId;
  readonly endsAt: Milliseconds;
  readonly id: string;
}

const SWEPT_AT_ONCE = 100;

export function sweep(tx: Transaction, rows: Table<unknown, [number, string]>, now: Milliseconds): void {
  for (const { key } of tx.range(rows, { before: rows.key(now, ''), limit: SWEPT_AT_ONCE })) tx.delete(rows, key);
}

export const everywhere = (store: Store): Partition =>
  store.partition({ service: 'signin', account: 'global', region: GLOBAL_REGION });

export const partitionOf = (store: Store, account: AccountId): Partition =>
  store.partition({ service: 'signin', account, region: GLOBAL_REGION });
