/**
 * The audit, in CloudTrail's form. A successful mutating management call commits with its record; reads, refusals and
 * failures join the next batch. Data events (messages, objects) are recorded only where a trail asks for them. Records stay in
 * the partition that they speak of, by day, and are dropped a day at a time after 90 days.
 *
 * Source of the form: "CloudTrail record contents", event version 1.11.
 */
import { days, type Milliseconds } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import { jsonText } from '#platform/base/json-text.ts';
import type { ServiceError } from '#platform/error.ts';
import type { Principal } from '#platform/principal.ts';
import type { Input } from '#platform/service.ts';
import { type RowCodec, table, text, u64 } from '#platform/store/keys.ts';
import type { MemorySlot, ReadTransaction, Transaction } from '#platform/store/store.ts';

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
  readonly requestID: string;
  readonly readOnly: boolean;
  readonly eventType: 'AwsApiCall';
  readonly managementEvent: boolean;
  readonly eventCategory: 'Management' | 'Data';
  readonly recipientAccountId: string;
  readonly resources: readonly { readonly ARN: string }[];
}

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

const DAY = days(1);
export const AUDIT_RETENTION: Milliseconds = days(90);
/** CloudTrail omits request parameters and response elements beyond 100 KB. */
const MAX_PART_BYTES = 100 * 1024;

/** Records are written as JSON text by hand, since every management call pays for one. */
const recordTexts: RowCodec<string> = { encode: (record) => record, decode: (bytes) => bytes.toString('utf8') };

/** Day, time, event id. */
const auditRows = table('audit', [u64, u64, text], recordTexts);

const lastSweep: MemorySlot<{ day: number }> = { name: 'audit-sweep', load: () => ({ day: 0 }) };

export function writeAudit(tx: Transaction, call: AuditedCall): void {
  const day = Math.floor(call.time / DAY);
  const eventId = uuid();
  tx.put(auditRows, auditRows.key(day, call.time, eventId), recordText(call, eventId));
  const sweep = tx.partition.memory(lastSweep);
  if (sweep.day === day) return;
  sweep.day = day;
  for (const old of daysBefore(tx, day - AUDIT_RETENTION / DAY)) tx.deleteRange(auditRows, [old]);
}

function daysBefore(tx: ReadTransaction, day: number): number[] {
  if (day <= 0) return [];
  const found: number[] = [];
  let from = 0;
  for (;;) {
    const [first] = tx.range(auditRows, {
      from: auditRows.key(from, 0, ''),
      before: auditRows.key(day, 0, ''),
      limit: 1,
    });
    if (first === undefined) return found;
    const [old] = auditRows.parts(first.key);
    found.push(old);
    from = old + 1;
  }
}

/** Records of the partition from `from` until `to`, newest first. */
export function auditOf(tx: ReadTransaction, from: Milliseconds, to: Milliseconds, limit: number): AuditRecord[] {
  const options = {
    from: auditRows.key(Math.floor(from / DAY), from, ''),
    before: auditRows.key(Math.floor(to / DAY), to, ''),
    reverse: true,
    limit,
  };
  // Written by recordText.
  return tx.range(auditRows, options).map(({ row }) => JSON.parse(row) as AuditRecord);
}

/** An `AuditRecord`, in the order of its members. */
function recordText(call: AuditedCall, eventId: string): string {
  const output = call.isReadOnly ? undefined : call.output;
  const error = call.error
    ? `"errorCode":${jsonText(call.error.code)},"errorMessage":${jsonText(call.error.message)},`
    : '';
  const resources = call.resources.filter((arn) => arn !== '*').map((arn) => `{"ARN":${jsonText(arn)}}`);
  return (
    `{"eventVersion":"1.11","eventID":"${eventId}","eventTime":"${secondText(call.time)}",` +
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
