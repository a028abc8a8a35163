/**
 * The audit, in CloudTrail's form. A successful mutating management call commits with its record; reads, refusals and
 * failures join the next batch. Data events (messages, objects) are recorded only where a trail asks for them. Where records lie: journal.ts.
 *
 * Source of the form: "CloudTrail record contents", event version 1.11.
 */
import { writeRecord } from '#platform/audit/journal.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import { jsonText } from '#platform/base/json-text.ts';
import type { ServiceError } from '#platform/error.ts';
import type { Principal } from '#platform/principal.ts';
import type { Input } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';

export interface AuditRecord {
  readonly eventVersion: '1.11';
  readonly eventID: string;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly userIdentity: Readonly<Record<string, unknown>>;
  readonly requestParameters: unknown;
  readonly responseElements: unknown;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly additionalEventData?: Readonly<Record<string, string>>;
  readonly requestID: string;
  readonly readOnly: boolean;
  readonly eventType: 'AwsApiCall' | 'AwsConsoleSignIn';
  readonly managementEvent: boolean;
  readonly eventCategory: 'Management' | 'Data';
  readonly recipientAccountId: string;
  readonly resources: readonly { readonly ARN: string }[];
}

/** What a service records that is no call of its API: its own whole record, but for the id and the time. */
export type AuditedEvent = Omit<AuditRecord, 'eventVersion' | 'eventID' | 'eventTime'>;

export interface AuditedCall {
  readonly time: Milliseconds;
  readonly source: string;
  readonly operation: string;
  readonly region: string;
  readonly account: string;
  readonly sourceAddress: string;
  readonly userAgent: string;
  readonly principal: Principal;
  readonly accessKeyId: string | undefined;
  readonly requestId: string;
  readonly isReadOnly: boolean;
  readonly isManagement: boolean;
  readonly resources: readonly string[];
  /** As redact.ts writes it, like the output. */
  readonly input: Input;
  readonly output: Input | undefined;
  readonly error: ServiceError | undefined;
}

/** CloudTrail omits request parameters and response elements beyond 100 KB. */
const MAX_PART_BYTES = 100 * 1024;

/** Joins the batch of `tx`. */
export const writeAudit = (tx: Transaction, call: AuditedCall): void => writeRecord(tx, call.time, recordText(call));

/** For what is no API call: a person who signs in. */
export function writeAuditedEvent(tx: Transaction, time: Milliseconds, event: AuditedEvent): void {
  const record: AuditRecord = { eventVersion: '1.11', eventID: uuid(), eventTime: secondText(time), ...event };
  writeRecord(tx, time, JSON.stringify(record));
}

/** An `AuditRecord`, in the order of its members; by hand, since every management call pays for one. */
function recordText(call: AuditedCall): string {
  const output = call.isReadOnly ? undefined : call.output;
  const error = call.error
    ? `"errorCode":${jsonText(call.error.code)},"errorMessage":${jsonText(call.error.message)},`
    : '';
  const resources = call.resources.filter((arn) => arn !== '*').map((arn) => `{"ARN":${jsonText(arn)}}`);
  return (
    `{"eventVersion":"1.11","eventID":"${uuid()}","eventTime":"${secondText(call.time)}",` +
    `"eventSource":"${call.source}","eventName":"${call.operation}","awsRegion":"${call.region}",` +
    `"sourceIPAddress":${jsonText(call.sourceAddress)},"userAgent":${jsonText(call.userAgent)},` +
    `"userIdentity":${identityText(call.principal, call.accessKeyId)},` +
    `"requestParameters":${partText(call.input)},"responseElements":${output ? partText(output) : 'null'},${error}` +
    `"requestID":"${call.requestId}","readOnly":${call.isReadOnly},"eventType":"AwsApiCall",` +
    `"managementEvent":${call.isManagement},"eventCategory":"${call.isManagement ? 'Management' : 'Data'}",` +
    `"recipientAccountId":"${call.account}","resources":[${resources.join(',')}]}`
  );
}

let lastSecond = { at: Number.NaN, text: '' };

function secondText(time: Milliseconds): string {
  const at = Math.floor(time / 1000);
  if (at !== lastSecond.at) lastSecond = { at, text: `${new Date(at * 1000).toISOString().slice(0, 19)}Z` };
  return lastSecond.text;
}

/** CloudTrail writes null for an empty structure. */
function partText(part: Input): string {
  const written = JSON.stringify(part);
  if (written === '{}') return 'null';
  return written.length > MAX_PART_BYTES ? `{"omitted":true,"originalSize":${written.length}}` : written;
}

/** A principal is the same object from request to request of a key. */
const identities = new WeakMap<Principal, { readonly accessKeyId: string | undefined; readonly written: string }>();

function identityText(principal: Principal, accessKeyId: string | undefined): string {
  const known = identities.get(principal);
  if (known !== undefined && known.accessKeyId === accessKeyId) return known.written;
  const written = JSON.stringify(userIdentity(principal, accessKeyId));
  identities.set(principal, { accessKeyId, written });
  return written;
}

function userIdentity(principal: Principal, accessKeyId: string | undefined): Record<string, unknown> {
  const key = accessKeyId === undefined ? {} : { accessKeyId };
  switch (principal.kind) {
    case 'root':
      return { type: 'Root', principalId: principal.userId, arn: principal.arn, accountId: principal.account, ...key };
    case 'user':
      return {
        type: 'IAMUser',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
        userName: principal.userName,
      };
    case 'role-session':
      return {
        type: 'AssumedRole',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: principal.roleId,
            arn: principal.roleArn,
            accountId: principal.account,
            userName: principal.roleName,
          },
          attributes: {
            creationDate: `${new Date(principal.session.issuedAt).toISOString().slice(0, 19)}Z`,
            mfaAuthenticated: String(principal.session.mfaAuthenticatedAt !== undefined),
          },
          ...(principal.session.federation && {
            webIdFederationData: { federatedProvider: principal.session.federation.provider, attributes: {} },
          }),
          ...(principal.session.sourceIdentity && { sourceIdentity: principal.session.sourceIdentity }),
        },
      };
    case 'federated-user':
      return {
        type: 'FederatedUser',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
      };
    case 'service':
      return { type: 'AWSService', invokedBy: principal.service };
    case 'external': {
      const { type, userId, userName, identityProvider } = principal;
      return { type, principalId: userId, userName, identityProvider };
    }
    case 'anonymous':
      return { type: 'AWSAccount', principalId: '', accountId: 'anonymous' };
  }
}
