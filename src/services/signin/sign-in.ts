/**
 * A person signs in: account, name, password, and a code where there is an MFA device. The order of the questions is such that
 * nothing is told before the password was right, and that a code is used up only if it is all that was missing. A wrong name
 * is answered like a wrong password, after the same time.
 */
import { type Milliseconds, seconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { SessionFacts } from '#platform/principal.ts';
import type { Call } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
import type { PasswordState, PeopleApi, Person, SessionOwner, SessionsApi } from '#services/iam/api.ts';
import type { SignedIn, SignInRequest } from '#services/signin/api.ts';
import {
  accessDenied,
  authenticationFailed,
  mfaRequired,
  passwordChangeRequired,
  passwordExpired,
  tooManyFailures,
} from '#services/signin/errors.ts';
import { recordEvent, type Scene } from '#services/signin/events.ts';
import { type Entry, enter, succeed, takeBack } from '#services/signin/guard.ts';
import { everywhere, partitionOf } from '#services/signin/state.ts';

export interface SignInParts {
  readonly store: Store;
  readonly people: PeopleApi;
  readonly sessions: SessionsApi;
}

/** "Your session expires after 12 hours"; of root, as with GetSessionToken, after one. */
const MOST_SECONDS = 43_200;
const MOST_SECONDS_OF_ROOT = 3600;

export async function signIn(parts: SignInParts, request: SignInRequest, call: Call): Promise<SignedIn> {
  const { store, people } = parts;
  const { now, sourceAddress } = call;
  const attempts = everywhere(store);
  const account = people.account(request.account);
  const attempt = { account: account ?? request.account, userName: request.userName, sourceAddress };
  const entry = enter(attempts, attempt, now);
  await attempts.durable();
  if (entry.lockedUntil !== undefined) return tooManyFailures(entry.lockedUntil - now);
  const person = account && people.person(account, request.userName);
  const isRight = await people.isPassword(person, request.password);
  const state = isRight && person ? people.passwordState(person, now) : undefined;
  if (account === undefined || person === undefined || state === undefined) {
    return refuse(parts, account, person, request, call);
  }
  const passed = await judge(parts, { request, person, state, entry }, call);
  succeed(attempts, entry);
  const signedIn = admit(parts, { request, person, mfaDevice: passed.mfaDevice }, call);
  await Promise.all([attempts.durable(), parts.sessions.durable(account), partitionOf(store, account).durable()]);
  const { passwordExpiresAt } = passed;
  return { ...signedIn, ...(passwordExpiresAt !== undefined && { passwordExpiresAt }) };
}

async function refuse(
  { store }: SignInParts,
  account: AccountId | undefined,
  person: Person | undefined,
  { mfaCode }: SignInRequest,
  call: Call,
): Promise<never> {
  if (account !== undefined) {
    const event = { name: 'ConsoleLogin', result: 'Failure', isMfaUsed: mfaCode !== undefined } as const;
    recordEvent(store, account, person, event, sceneOf(call));
    await partitionOf(store, account).durable();
  }
  return authenticationFailed();
}

interface Candidate {
  readonly request: SignInRequest;
  readonly person: Person;
  readonly state: PasswordState;
  readonly entry: Entry;
}

interface Passed {
  /** The serial number of the device whose code was given. */
  readonly mfaDevice: string | undefined;
  readonly passwordExpiresAt?: Milliseconds;
}

/** The password was right: what else is wanted? */
async function judge(parts: SignInParts, candidate: Candidate, call: Call): Promise<Passed> {
  const { store, people } = parts;
  const { request, person, state, entry } = candidate;
  const attempts = everywhere(store);
  const needsMfa = people.hasMfa(person);
  if (needsMfa && request.mfaCode === undefined) {
    takeBack(attempts, entry);
    recordEvent(store, person.account, person, { name: 'CheckMfa', result: 'Success' }, sceneOf(call));
    await partitionOf(store, person.account).durable();
    return mfaRequired();
  }
  if (state.need === 'administrator') {
    takeBack(attempts, entry);
    return passwordExpired();
  }
  if (state.need !== 'nothing' && request.newPassword === undefined) {
    takeBack(attempts, entry);
    return passwordChangeRequired(state.need === 'reset' ? 'RESET_REQUIRED' : 'EXPIRED');
  }
  const mfaDevice = needsMfa ? people.takeMfaCode(person, request.mfaCode ?? '', call.now) : undefined;
  if (needsMfa && mfaDevice === undefined) {
    return refuse(parts, person.account, person, request, call);
  }
  if (request.newPassword !== undefined) {
    await renew(parts, { ...candidate, newPassword: request.newPassword, isMfaUsed: needsMfa }, call);
  }
  const expiresAt = people.passwordState(person, call.now)?.expiresAt;
  return { mfaDevice, ...(expiresAt !== undefined && { passwordExpiresAt: expiresAt }) };
}

type Renewal = Candidate & { readonly newPassword: string; readonly isMfaUsed: boolean };

/** A user needs permission to change its own password, here as elsewhere; policies see whether a code was given. */
async function renew(parts: SignInParts, renewal: Renewal, call: Call): Promise<void> {
  const { store, people } = parts;
  const { person, entry, newPassword, isMfaUsed } = renewal;
  const { now } = call;
  const principal = people.principal(person.account, ownerOf(person), factsOf(now, now, isMfaUsed));
  const wanted = { action: 'iam:ChangePassword', resource: person.arn, call };
  if (person.userName !== undefined && !(principal && people.isAllowed(principal, wanted))) {
    takeBack(everywhere(store), entry);
    accessDenied(`User: ${person.arn} is not authorized to perform: iam:ChangePassword on resource: ${person.arn}`);
  }
  try {
    await people.setPassword(person, newPassword, now);
  } catch (error) {
    takeBack(everywhere(store), entry);
    throw error;
  }
  recordEvent(store, person.account, person, { name: 'PasswordUpdated', result: 'Success' }, sceneOf(call));
}

function admit(
  parts: SignInParts,
  { request, person, mfaDevice }: { request: SignInRequest; person: Person; mfaDevice: string | undefined },
  call: Call,
): SignedIn {
  const { store, people, sessions } = parts;
  const { account, arn, userName } = person;
  const isMfaUsed = mfaDevice !== undefined;
  const most = userName === undefined ? MOST_SECONDS_OF_ROOT : MOST_SECONDS;
  const expiresAt = call.now + seconds(Math.min(request.durationSeconds ?? most, most));
  const credentials = sessions.issue(account, ownerOf(person), factsOf(call.now, expiresAt, isMfaUsed));
  people.noteSignIn(person, call.now);
  const event = { name: 'ConsoleLogin', result: 'Success', isMfaUsed, mfaDevice } as const;
  recordEvent(store, account, person, event, sceneOf(call));
  return { credentials, expiresAt, account, arn, isMfaUsed, ...(userName !== undefined && { userName }) };
}

const ownerOf = ({ id, userName }: Person): SessionOwner =>
  userName === undefined ? { kind: 'root' } : { kind: 'user', id };

const factsOf = (issuedAt: Milliseconds, expiresAt: Milliseconds, isMfaUsed: boolean): SessionFacts => ({
  issuedAt,
  expiresAt,
  ...(isMfaUsed && { mfaAuthenticatedAt: issuedAt }),
});

const sceneOf = ({ now, sourceAddress, userAgent, origin, requestId }: Call): Scene => ({
  now,
  sourceAddress,
  userAgent,
  origin,
  requestId,
});
