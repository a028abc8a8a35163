/**
 * Identity: what a key opens and what a principal may do. Both answers come from the memory of the account's owner
 * (memory.ts) and cost no store read when they were asked for before. Temporary credentials are opened from their own
 * token and kept for as long as there is room; long-term ones are rows.
 *
 * An answer that rests on a write which is not yet on disk must wait for it: `durable` of the account says so.
 */
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { PrincipalPolicies } from '#platform/policy/evaluate.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { Credential, FederatedUserPrincipal, Identity, Principal, RootPrincipal } from '#platform/principal.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Partition, Store } from '#platform/store/store.ts';
import { type Tags, tagsOf } from '#platform/tags.ts';
import { accountOfKeyId } from '#services/iam/access-keys/access-key-id.ts';
import { expiredToken, invalidToken } from '#services/iam/errors.ts';
import { type AccountMemory, accountMemory } from '#services/iam/identity/memory.ts';
import { createPrincipalDirectory } from '#services/iam/identity/principal-directory.ts';
import { compiledSessionPolicies, policiesOfOwner } from '#services/iam/identity/principal-policies.ts';
import { credentialOfKey, principalOfSession } from '#services/iam/identity/principals.ts';
import { type SessionRecord, type SessionTokens, sessionTokens } from '#services/iam/identity/session-tokens.ts';
import { nameKey, nameOfArn, rootArn } from '#services/iam/names.ts';
import { awsManagedPolicy } from '#services/iam/policies/aws-managed.ts';
import {
  accessKeys,
  accounts,
  chosenKeys,
  directoryOf,
  entities,
  type LastUseRow,
  lastUses,
  partitionOf,
  users,
} from '#services/iam/state.ts';
import { isValidIn } from '#services/iam/token-preferences/token-preferences.ts';

/** A session's token is a few hundred characters long, or thirty thousand if it is full of tags. */
const SESSIONS = { entries: 20_000, characters: 32_000_000 };
const MOST_ROUTES = 100_000;
/** AWS tells the last use with a delay of hours; a crash loses no more than this. */
const USES_WRITTEN_EVERY: Milliseconds = minutes(15);
const NO_TAGS: Tags = {};
const NO_POLICIES: PrincipalPolicies = { identity: [] };

interface OpenSession {
  readonly token: string;
  readonly record: SessionRecord;
  /** The account's generation that the credential was made in. */
  readonly generation: number;
  readonly credential: Credential;
}

interface NotedUse {
  at: Milliseconds;
  service: string;
  region: string;
  writtenAt: Milliseconds;
}

type LimitedPrincipal = Exclude<Principal, { kind: 'service' | 'external' | 'anonymous' }>;

export class IamIdentity implements Identity {
  /** Whom policies and grants name. */
  readonly principals: PrincipalDirectory;
  readonly #store: Store;
  readonly #sealer: Sealer;
  readonly #tokens: SessionTokens;
  /** By access key id, the longest unused first. */
  readonly #sessions = new BoundedMap<OpenSession>(SESSIONS);
  /** Access key id -> account, of keys that were found. */
  readonly #routes = new Map<string, AccountId>();
  readonly #limited = new WeakMap<Principal, { base: PrincipalPolicies; whole: PrincipalPolicies }>();
  /** By access key id, or role id. */
  readonly #uses = new Map<string, NotedUse>();

  constructor(store: Store, sealer: Sealer) {
    this.#store = store;
    this.#sealer = sealer;
    this.#tokens = sessionTokens(sealer);
    this.principals = createPrincipalDirectory(store, (account) => this.isAccount(account));
  }

  credential(accessKeyId: string, sessionToken: string | undefined, now: Milliseconds, region?: string): Credential {
    if (sessionToken !== undefined) return this.#temporary(accessKeyId, sessionToken, now, region);
    const account = this.#routes.get(accessKeyId);
    const kept = account && this.#memory(account).credentials.get(accessKeyId);
    return kept ?? this.#readKey(accessKeyId) ?? invalidToken();
  }

  policiesOf(principal: Principal): PrincipalPolicies {
    switch (principal.kind) {
      case 'root':
        return this.#limit(principal, this.#policiesOfTask(principal));
      case 'user':
        return this.#limit(principal, this.#policiesById(principal.account, principal.userId));
      case 'role-session':
        return this.#limit(principal, this.#policiesById(principal.account, principal.roleId));
      case 'federated-user':
        return this.#limit(principal, this.#policiesOfIssuer(principal));
      default:
        return NO_POLICIES;
    }
  }

  tagsOf(principal: Principal): Tags {
    if (principal.kind !== 'user' && principal.kind !== 'role-session') return NO_TAGS;
    const { account } = principal;
    const arn = principal.kind === 'user' ? principal.arn : principal.roleArn;
    const { tags } = this.#memory(account);
    let found = tags.get(arn);
    if (!found) {
      found = partitionOf(this.#store, account).read((tx) => tagsOf(tx, arn));
      tags.set(arn, found);
    }
    return found;
  }

  noteUse(accessKeyId: string, service: string, region: string, now: Milliseconds): void {
    const session = this.#sessions.get(accessKeyId)?.record;
    // Of temporary keys only a role's use is asked for (RoleLastUsed).
    if (session && session.owner.kind !== 'role') return;
    const id = session?.owner.kind === 'role' ? session.owner.id : accessKeyId;
    const account = session?.account ?? this.#routes.get(accessKeyId);
    if (!account) return;
    const use = this.#uses.get(id);
    if (use) Object.assign(use, { at: now, service, region });
    else this.#uses.set(id, { at: now, service, region, writtenAt: Number.NEGATIVE_INFINITY });
    const noted = use ?? this.#uses.get(id);
    if (noted && noted.writtenAt + USES_WRITTEN_EVERY <= now) this.#writeUse(account, id, noted);
  }

  /** Joins the next batch; nobody waits for it. */
  #writeUse(account: AccountId, id: string, use: NotedUse): void {
    const { writtenAt: _, ...row } = use;
    use.writtenAt = use.at;
    if (this.#uses.size > MOST_ROUTES) this.#uses.clear();
    partitionOf(this.#store, account).beforeCommit((tx) => {
      const isThere = tx.get(accessKeys, accessKeys.key(id)) ?? tx.get(entities, entities.key(id));
      if (isThere) tx.put(lastUses, lastUses.key(id), row);
    });
  }

  /** The last use of a key, or of a role by its id, as this process knows it. */
  lastUse(id: string): LastUseRow | undefined {
    return this.#uses.get(id);
  }

  /** The account that a key belongs to or, of a temporary one, belonged to. */
  accountOfKey(accessKeyId: string): AccountId | undefined {
    for (const account of this.#candidates(accessKeyId)) {
      const partition = this.#partitionIfKnown(account);
      if (partition && accessKeyId.startsWith('ASIA')) return account;
      if (partition?.read((tx) => tx.get(accessKeys, accessKeys.key(accessKeyId)))) return account;
    }
    return undefined;
  }

  isAccount(account: AccountId): boolean {
    return this.#partitionIfKnown(account) !== undefined;
  }

  durable(account: AccountId): Promise<void> | undefined {
    return partitionOf(this.#store, account).durable();
  }

  #memory(account: AccountId): AccountMemory {
    return partitionOf(this.#store, account).memory(accountMemory);
  }

  /** A partition comes into being when it is asked for: an id that a stranger made up must not make one. */
  #partitionIfKnown(account: AccountId): Partition | undefined {
    const row = directoryOf(this.#store).read((tx) => tx.get(accounts, accounts.key(account)));
    return row?.status === 'ACTIVE' ? partitionOf(this.#store, account) : undefined;
  }

  /** An operator may choose an id of the generated form, so the directory is asked also where the form names an account. */
  *#candidates(accessKeyId: string): Generator<AccountId> {
    const named = accountOfKeyId(accessKeyId);
    if (named) yield named;
    const chosen = directoryOf(this.#store).read((tx) => tx.get(chosenKeys, chosenKeys.key(accessKeyId)));
    if (chosen) yield chosen.account;
  }

  #readKey(accessKeyId: string): Credential | undefined {
    for (const account of this.#candidates(accessKeyId)) {
      const partition = this.#partitionIfKnown(account);
      const credential = partition?.read((tx) => credentialOfKey(tx, account, accessKeyId, this.#sealer));
      if (!credential) continue;
      if (this.#routes.size >= MOST_ROUTES) this.#routes.clear();
      this.#routes.set(accessKeyId, account);
      this.#memory(account).credentials.set(accessKeyId, credential);
      return credential;
    }
    return undefined;
  }

  #temporary(accessKeyId: string, token: string, now: Milliseconds, region: string | undefined): Credential {
    const kept = this.#sessions.get(accessKeyId);
    const record = kept?.token === token ? kept.record : this.#tokens.open(token);
    if (record?.accessKeyId !== accessKeyId) return invalidToken();
    if (record.facts.expiresAt <= now) return expiredToken();
    if (!isValidIn(record.facts.tokenVersion ?? 2, region)) return invalidToken();
    const { generation } = this.#memory(record.account);
    if (kept?.record === record && kept.generation === generation) return kept.credential;
    const principal = this.#partitionIfKnown(record.account)?.read((tx) => principalOfSession(tx, record));
    if (!principal) return invalidToken();
    const credential = { accessKeyId, secretAccessKey: record.secretAccessKey, sessionToken: token, principal };
    this.#sessions.set(accessKeyId, { token, record, generation, credential }, token.length);
    return credential;
  }

  #policiesById(account: AccountId, id: string): PrincipalPolicies {
    const memory = this.#memory(account);
    let policies = memory.policies.get(id);
    if (!policies) {
      policies = partitionOf(this.#store, account).read((tx) => policiesOfOwner(tx, account, id)) ?? { identity: [] };
      memory.policies.set(id, policies);
    }
    return policies;
  }

  /** Session policies are compiled once: the principal is one object for as long as its session is kept. */
  #limit(principal: LimitedPrincipal, base: PrincipalPolicies): PrincipalPolicies {
    const { session: facts } = principal;
    if (facts === undefined) return base;
    const kept = this.#limited.get(principal);
    if (kept?.base === base) return kept.whole;
    const session = partitionOf(this.#store, principal.account).read((tx) =>
      compiledSessionPolicies(tx, principal.account, facts),
    );
    // A federated user without session policies may do what resource policies allow it, and nothing else.
    const isLimited = session.length > 0 || principal.kind === 'federated-user';
    const whole = isLimited ? { ...base, session } : base;
    this.#limited.set(principal, { base, whole });
    return whole;
  }

  /** A root user needs no policy to allow it anything; a task's policy denies it all else. */
  #policiesOfTask({ session }: RootPrincipal): PrincipalPolicies {
    const arn = session?.taskPolicyArn;
    if (arn === undefined) return NO_POLICIES;
    const document = awsManagedPolicy(arn)?.document ?? DENY_ALL;
    return { identity: [compiledPolicy(document, 'identity')] };
  }

  #policiesOfIssuer(principal: FederatedUserPrincipal): PrincipalPolicies {
    const { account, session } = principal;
    if (session.issuerArn === rootArn(account)) return ROOT_AS_ISSUER;
    const name = nameKey(nameOfArn(session.issuerArn ?? ''));
    const user = partitionOf(this.#store, account).read((tx) => tx.get(users, users.key(name)));
    return user ? this.#policiesById(account, user.id) : NO_POLICIES;
  }
}

const DENY_ALL = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}';

/** The root user has no policies, but what it federates is limited by the session policies alone. */
const ROOT_AS_ISSUER: PrincipalPolicies = {
  get identity() {
    return [
      compiledPolicy(awsManagedPolicy('arn:aws:iam::aws:policy/AdministratorAccess')?.document ?? '', 'identity'),
    ];
  },
};
