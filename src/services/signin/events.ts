/** What the audit says of people who sign in ("AWS Management Console sign-in events"): no API calls, but events of their own. */
import { type AuditedEvent, writeAuditedEvent } from '#platform/audit/record.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { Store } from '#platform/store/store.ts';
import type { Person } from '#services/iam/api.ts';
import { partitionOf } from '#services/signin/state.ts';

/** What is known of a request, whatever comes of it. */
export interface Scene {
  readonly now: Milliseconds;
  readonly sourceAddress: string;
  readonly userAgent: string;
  readonly origin: string;
  readonly requestId: string;
}

export type SignInEvent =
  | {
      readonly name: 'ConsoleLogin';
      readonly result: 'Success' | 'Failure';
      readonly isMfaUsed: boolean;
      /** Its serial number. */
      readonly mfaDevice?: string | undefined;
    }
  | { readonly name: 'CheckMfa' | 'PasswordUpdated'; readonly result: 'Success' };

/** `person` undefined: there is no user of the name that was given, which may be a password that went into the wrong field. */
export function recordEvent(
  store: Store,
  account: AccountId,
  person: Person | undefined,
  event: SignInEvent,
  scene: Scene,
): void {
  const isFailure = event.result === 'Failure';
  const record: AuditedEvent = {
    eventSource: 'signin.amazonaws.com',
    eventName: event.name,
    awsRegion: 'us-east-1',
    sourceIPAddress: scene.sourceAddress,
    userAgent: scene.userAgent,
    userIdentity: identityOf(account, person),
    requestParameters: null,
    responseElements: { [event.name]: event.result },
    ...(isFailure && { errorMessage: person ? 'Failed authentication' : 'No username found in supplied account' }),
    ...(event.name === 'ConsoleLogin' && { additionalEventData: additionalOf(event, scene) }),
    ...(event.name === 'CheckMfa' && { additionalEventData: { MfaType: 'Virtual MFA' } }),
    requestID: scene.requestId,
    readOnly: false,
    eventType: 'AwsConsoleSignIn',
    managementEvent: true,
    eventCategory: 'Management',
    recipientAccountId: account,
    resources: [],
  };
  partitionOf(store, account).transact((tx) => writeAuditedEvent(tx, scene.now, record));
}

type Login = Extract<SignInEvent, { readonly name: 'ConsoleLogin' }>;

const additionalOf = ({ isMfaUsed, mfaDevice }: Login, { origin }: Scene): Record<string, string> => ({
  LoginTo: `${origin}/console/home`,
  MobileVersion: 'No',
  ...(mfaDevice !== undefined && { MFAIdentifier: mfaDevice }),
  MFAUsed: isMfaUsed ? 'Yes' : 'No',
});

function identityOf(account: AccountId, person: Person | undefined): Record<string, unknown> {
  const rest = { accountId: account, accessKeyId: '' };
  if (!person) return { type: 'IAMUser', ...rest, userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' };
  const { id, arn, userName } = person;
  if (userName === undefined) return { type: 'Root', principalId: account, arn, ...rest };
  return { type: 'IAMUser', principalId: id, arn, ...rest, userName };
}
