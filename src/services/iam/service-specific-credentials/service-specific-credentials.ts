/**
 * Service-specific credentials: a user name and password for one service (CodeCommit, Keyspaces), or a long-term API key
 * (Bedrock, CloudWatch Logs). IAM makes them, shows the secret once and keeps a hash of it.
 */
import { createHash } from 'node:crypto';
import { days } from '#platform/base/clock.ts';
import { type AccountId, iamId, randomBytes } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call, CallScope, ConditionValues } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { invalidInput, limitExceeded } from '#services/iam/errors.ts';
import { userById } from '#services/iam/identity/principals.ts';
import { CREDENTIALS_PER_SERVICE } from '#services/iam/limits.ts';
import { callerOrUser, ownerOf, USER, userNameOf } from '#services/iam/owners.ts';
import { type Positioned, pageOf } from '#services/iam/paging.ts';
import { type ServiceCredentialRow, serviceCredentials } from '#services/iam/service-specific-credentials/state.ts';
import { type UserRow, wholeSecond } from '#services/iam/state.ts';

/** What a service's credentials look like: a password, or a key that begins with the service's four letters. */
const SERVICES: Readonly<Record<string, { readonly keyPrefix?: string }>> = {
  'codecommit.amazonaws.com': {},
  'cassandra.amazonaws.com': {},
  'bedrock.amazonaws.com': { keyPrefix: 'ABSK' },
  'logs.amazonaws.com': { keyPrefix: 'ACWL' },
};

function kindOf(service: string): { readonly keyPrefix?: string } {
  const kind = Object.hasOwn(SERVICES, service) ? SERVICES[service] : undefined;
  return kind ?? fail('NotSupportedService', `No such service ${service} is supported for this operation`);
}

const SECRET_BYTES = 33;

interface CredentialInput {
  readonly UserName?: string;
  readonly ServiceSpecificCredentialId: string;
}

/** Credentials belong to IAM users; the root user has none. */
function userOf(tx: ReadTransaction, input: { readonly UserName?: string }, { principal }: Pick<Call, 'principal'>) {
  const UserName = userNameOf(input, principal);
  if (UserName === undefined)
    return fail('ValidationError', 'Must specify userName when calling with root credentials');
  return ownerOf(tx, USER, { UserName });
}

function found(
  tx: ReadTransaction,
  input: CredentialInput,
  call: Pick<Call, 'principal'>,
): { user: UserRow; row: ServiceCredentialRow } {
  const user = userOf(tx, input, call);
  const { ServiceSpecificCredentialId: id } = input;
  const row = tx.get(serviceCredentials, serviceCredentials.key(user.id, id));
  const missing = (): never => fail('NoSuchEntity', `No such credential ${id} exists`);
  return { user, row: row ?? missing() };
}

/** iam:ServiceSpecificCredentialServiceName of a credential that is there. */
export const credentialConditions = (input: CredentialInput, scope: CallScope): ConditionValues => {
  const { principal } = scope;
  const UserName = input.UserName ?? (principal.kind === 'user' ? principal.userName : undefined);
  if (UserName === undefined) return {};
  const service = scope.read((tx) => {
    const user = tx.get(USER.table, USER.table.key(UserName.toLowerCase()));
    const { ServiceSpecificCredentialId: id } = input;
    return user && tx.get(serviceCredentials, serviceCredentials.key(user.id, id))?.service;
  });
  return { 'iam:servicespecificcredentialservicename': service };
};

const hasExpired = ({ expiresAt }: ServiceCredentialRow, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now;

function metadataOf(user: UserRow, row: ServiceCredentialRow, now: number): Model.ServiceSpecificCredentialMetadata {
  const isKey = SERVICES[row.service]?.keyPrefix !== undefined;
  return {
    UserName: user.name,
    Status: hasExpired(row, now) ? 'Expired' : row.status,
    ...(isKey ? { ServiceCredentialAlias: row.name } : { ServiceUserName: row.name }),
    CreateDate: row.createdAt,
    ...(row.expiresAt !== undefined && { ExpirationDate: row.expiresAt }),
    ServiceSpecificCredentialId: row.id,
    ServiceName: row.service,
  };
}

/** `jane-at-123456789012`; a second one is `jane+1-at-123456789012`. */
function freeName(account: AccountId, user: UserRow, others: readonly ServiceCredentialRow[]): string {
  const taken = new Set(others.map(({ name }) => name));
  for (let n = 0; ; n++) {
    const name = `${user.name}${n === 0 ? '' : `+${n}`}-at-${account}`;
    if (!taken.has(name)) return name;
  }
}

type Whole = { ServiceSpecificCredential: Model.ServiceSpecificCredential };

/** Writes the credential with a new secret and answers with it: the only time that it is shown. */
function putWithSecret(tx: Transaction, user: UserRow, row: Omit<ServiceCredentialRow, 'hash'>, now: number): Whole {
  const { keyPrefix } = SERVICES[row.service] ?? {};
  const random = randomBytes(SECRET_BYTES).toString('base64');
  const secret = keyPrefix === undefined ? random : keyPrefix + Buffer.from(`${row.name}:${random}`).toString('base64');
  const whole: ServiceCredentialRow = { ...row, hash: createHash('sha256').update(secret).digest('hex') };
  tx.put(serviceCredentials, serviceCredentials.key(user.id, row.id), whole);
  const shown = keyPrefix === undefined ? { ServicePassword: secret } : { ServiceCredentialSecret: secret };
  return { ServiceSpecificCredential: { ...metadataOf(user, whole, now), ...shown } };
}

export function createServiceSpecificCredential(
  input: Model.CreateServiceSpecificCredentialRequest,
  { tx, account, now }: Call,
): Model.CreateServiceSpecificCredentialResponse {
  const user = ownerOf(tx, USER, input);
  const { ServiceName: service, CredentialAgeDays: age } = input;
  const kind = kindOf(service);
  if (age !== undefined && kind.keyPrefix === undefined) {
    fail('ValidationError', `CredentialAgeDays is not supported for ${service}`);
  }
  const others = tx
    .range(serviceCredentials, { prefix: [user.id] })
    .map(({ row }) => row)
    .filter((row) => row.service === service);
  if (others.length >= CREDENTIALS_PER_SERVICE) {
    limitExceeded('ServiceSpecificCredentialsPerUser', CREDENTIALS_PER_SERVICE);
  }
  const createdAt = wholeSecond(now);
  const row = {
    id: iamId('ACCA', 17),
    service,
    name: freeName(account, user, others),
    status: 'Active' as const,
    createdAt,
    ...(age !== undefined && { expiresAt: createdAt + days(age) }),
  };
  return putWithSecret(tx, user, row, now);
}

export function resetServiceSpecificCredential(
  input: Model.ResetServiceSpecificCredentialRequest,
  call: Call,
): Model.ResetServiceSpecificCredentialResponse {
  const { user, row } = found(call.tx, input, call);
  return putWithSecret(call.tx, user, row, call.now);
}

export function updateServiceSpecificCredential(input: Model.UpdateServiceSpecificCredentialRequest, call: Call): void {
  const { user, row } = found(call.tx, input, call);
  const { Status: status } = input;
  if (status === 'Expired') throw invalidInput('The status of a credential can be Active or Inactive.');
  call.tx.put(serviceCredentials, serviceCredentials.key(user.id, row.id), { ...row, status });
}

export function deleteServiceSpecificCredential(input: Model.DeleteServiceSpecificCredentialRequest, call: Call): void {
  const { user, row } = found(call.tx, input, call);
  call.tx.delete(serviceCredentials, serviceCredentials.key(user.id, row.id));
}

interface Listed {
  readonly user: UserRow;
  readonly row: ServiceCredentialRow;
}

/** In the order of users' ids; the position is a user's id and a credential's. */
function* listed(
  tx: ReadTransaction,
  user: UserRow | undefined,
  after: string | undefined,
): Generator<Positioned<Listed>> {
  const [afterUser = '', afterId = ''] = after?.split('/') ?? [];
  let last = after === undefined ? undefined : serviceCredentials.key(afterUser, afterId);
  for (;;) {
    const page = tx.range(serviceCredentials, {
      ...(user && { prefix: [user.id] as const }),
      ...(last !== undefined && { after: last }),
      limit: LIST_PAGE,
    });
    for (const { key, row } of page) {
      const [userId] = serviceCredentials.parts(key);
      const owner = user ?? userById(tx, userId);
      if (owner) yield [`${userId}/${row.id}`, { user: owner, row }];
      last = key;
    }
    if (page.length < LIST_PAGE) return;
  }
}
const LIST_PAGE = 200;

export const listServiceSpecificCredentials =
  (pages: PageTokens) =>
  (input: Model.ListServiceSpecificCredentialsRequest, call: Call): Model.ListServiceSpecificCredentialsResponse => {
    const { tx, now } = call;
    const { ServiceName: service, AllUsers: isAll = false } = input;
    if (service !== undefined) kindOf(service);
    if (isAll && input.UserName !== undefined) {
      fail('ValidationError', 'AllUsers cannot be specified together with UserName');
    }
    const user = isAll ? undefined : userOf(tx, input, call);
    const source = function* (after: string | undefined): Generator<Positioned<Listed>> {
      for (const each of listed(tx, user, after)) {
        if (service === undefined || each[1].row.service === service) yield each;
      }
    };
    const { items, end } = pageOf(pages, call, input, [user?.id, service], source);
    return { ServiceSpecificCredentials: items.map((each) => metadataOf(each.user, each.row, now)), ...end };
  };

export const listedUsers = (input: Model.ListServiceSpecificCredentialsRequest, scope: CallScope): string =>
  input.AllUsers ? `arn:aws:iam::${scope.account}:user/*` : callerOrUser(input, scope);
