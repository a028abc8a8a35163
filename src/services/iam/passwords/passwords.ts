/**
 * Passwords of users and of the root user, whoever asks: IAM's operations, the operator, the sign-in. To set one takes three
 * steps, since hashing leaves the event loop: read what is there, hash, write. Meanwhile the owner is marked, and nobody else may
 * set or remove its password: that is AWS's EntityTemporarilyUnmodifiable.
 */

import { afterFailure, isLocked, type LockRule } from '#platform/attempts.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { SealedPlace, Sealer } from '#platform/secrets/sealer.ts';
import { again } from '#platform/store/again.ts';
import type { Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';
import {
  loginProfileBusy,
  loginProfileExists,
  noLoginProfile,
  noSuchUser,
  passwordViolation,
} from '#services/iam/errors.ts';
import { type PasswordHash, PasswordHasher } from '#services/iam/passwords/hasher.ts';
import { policyOf, violationOf } from '#services/iam/passwords/policy.ts';
import { type LoginProfileRow, loginProfiles, passwordUses } from '#services/iam/passwords/state.ts';
import { accounts, entities, ROOT_OWNER, wholeSecond } from '#services/iam/state.ts';

/** Whose password: of which account's partition, and how messages call the owner. */
export interface PasswordOwner {
  readonly partition: Partition;
  readonly account: AccountId;
  /** A user's unique id, or `root`. */
  readonly id: string;
  readonly name: string;
}

export interface NewPassword {
  readonly password: string;
  readonly isResetRequired: boolean;
}

/** "Prevent password reuse": 24 at most. They are kept from the start, so that a policy can ask about them later. */
const MOST_REMEMBERED = 24;
const OLD_PASSWORD_RULE: LockRule = {
  free: 5,
  firstLock: minutes(1),
  longestLock: minutes(15),
  forgetAfter: minutes(15),
};

export const profileOf = (tx: ReadTransaction, ownerId: string): LoginProfileRow | undefined =>
  tx.get(loginProfiles, loginProfiles.key(ownerId));

export class Passwords {
  readonly #sealer: Sealer;
  readonly #hasher = new PasswordHasher();
  /** Owners whose password is being set, by account and id. */
  readonly #underWay = new Set<string>();

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  /** Refuses if the owner has one. `now` is when the call began. */
  create(owner: PasswordOwner, wanted: NewPassword, now: Milliseconds): Promise<LoginProfileRow> {
    return this.#alone(owner, async () => {
      if (owner.partition.read((tx) => profileOf(tx, owner.id))) loginProfileExists(owner.name);
      return this.#set(owner, wanted, now);
    });
  }

  /** `wanted.password` undefined: only whether it must be reset changes. */
  update(owner: PasswordOwner, wanted: Partial<NewPassword>, now: Milliseconds): Promise<void> {
    return this.#alone(owner, async () => {
      const row = this.profile(owner);
      const { password, isResetRequired = row.isResetRequired } = wanted;
      if (password !== undefined) await this.#set(owner, { password, isResetRequired }, now);
      else owner.partition.transact((tx) => put(tx, owner, { ...row, isResetRequired }));
    });
  }

  /** Creates or replaces: the operator's way to a root password, and that of a person who must set a new one. */
  async replace(owner: PasswordOwner, password: string, now: Milliseconds): Promise<void> {
    await this.#alone(owner, () => this.#set(owner, { password, isResetRequired: false }, now));
  }

  /** By its owner, who knows the old one. */
  change(owner: PasswordOwner, old: string, password: string, now: Milliseconds): Promise<void> {
    return this.#alone(owner, async () => {
      const row = this.profile(owner);
      if (isLocked(row.failures, now)) loginProfileBusy(owner.name);
      if (!(await this.#hasher.isPassword(old, this.#hashes(owner, row)[0]))) {
        const failures = afterFailure(row.failures, now, OLD_PASSWORD_RULE);
        owner.partition.transact((tx) => put(tx, owner, { ...row, failures }));
        fail('AccessDenied', 'The old password was incorrect.');
      }
      await this.#set(owner, { password, isResetRequired: false }, now);
    });
  }

  remove(tx: Transaction, owner: PasswordOwner): void {
    if (this.#underWay.has(keyOf(owner))) loginProfileBusy(owner.name);
    if (!profileOf(tx, owner.id)) noLoginProfile(owner.name);
    tx.delete(loginProfiles, loginProfiles.key(owner.id));
    tx.delete(passwordUses, passwordUses.key(owner.id));
  }

  /** Takes the same time whether there is such a person or not: `owner` undefined is nobody. */
  async isPassword(owner: PasswordOwner | undefined, password: string): Promise<boolean> {
    const row = owner?.partition.read((tx) => profileOf(tx, owner.id));
    return this.#hasher.isPassword(password, owner && row && this.#hashes(owner, row)[0]);
  }

  profile(owner: PasswordOwner): LoginProfileRow {
    return owner.partition.read((tx) => profileOf(tx, owner.id)) ?? noLoginProfile(owner.name);
  }

  async #alone<T>(owner: PasswordOwner, action: () => Promise<T>): Promise<T> {
    const key = keyOf(owner);
    if (this.#underWay.has(key)) loginProfileBusy(owner.name);
    this.#underWay.add(key);
    try {
      return await action();
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #set(owner: PasswordOwner, wanted: NewPassword, now: Milliseconds): Promise<LoginProfileRow> {
    const { partition, id, account } = owner;
    const { before, policy, accountName } = partition.read((tx) => ({
      before: profileOf(tx, id),
      // "The IAM password policy does not apply to the AWS account root user password."
      policy: id === ROOT_OWNER ? undefined : policyOf(tx),
      accountName: tx.get(accounts, accounts.key(account))?.name ?? '',
    }));
    const violation = violationOf(wanted.password, policy, accountName);
    if (violation !== undefined) passwordViolation(violation);
    const used = before ? this.#hashes(owner, before) : [];
    if (await this.#hasher.isAmong(wanted.password, used.slice(0, policy?.reusePrevention ?? 0))) {
      passwordViolation(REUSED);
    }
    const hash = await this.#hasher.hash(wanted.password, used);
    const row: LoginProfileRow = {
      createdAt: before?.createdAt ?? wholeSecond(now),
      changedAt: now,
      isResetRequired: wanted.isResetRequired,
      sealed: this.#sealer.seal(JSON.stringify([hash, ...used].slice(0, MOST_REMEMBERED)), placeOf(owner)),
    };
    await again(() =>
      partition.transact((tx) => {
        // The user may have been deleted meanwhile: it had no profile yet that would have kept it.
        if (id !== ROOT_OWNER && !tx.get(entities, entities.key(id))) noSuchUser(owner.name);
        put(tx, owner, row);
      }),
    );
    return row;
  }

  #hashes(owner: PasswordOwner, row: LoginProfileRow): readonly PasswordHash[] {
    // Sealed by `#set` for this row.
    return JSON.parse(this.#sealer.open(row.sealed, placeOf(owner)).toString('utf8')) as PasswordHash[];
  }
}

function put(tx: Transaction, owner: PasswordOwner, row: LoginProfileRow): void {
  tx.put(loginProfiles, loginProfiles.key(owner.id), row);
}

const keyOf = ({ account, id }: PasswordOwner): string => `${account}/${id}`;
const placeOf = ({ account, id }: PasswordOwner): SealedPlace => ({
  account,
  record: `login-profile/${id}`,
  version: 1,
});

const REUSED = 'Policy constraint violation with password reuse prevention during password change.';
