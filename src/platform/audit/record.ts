/**
 * The audit, in CloudTrail's form. A management call commits with its record; refusals and failures join the next batch. Data
 * events (messages, objects) are recorded only where a trail asks for them. Where records lie: journal.ts.
 *
 * Source of the form and its sizes: CloudTrail user guide, "CloudTrail record contents", event version 1.11.
 */
import { identityText, secondText, strangerText } from '#platform/audit/identity.ts';
import { type SharedRecord, writeRecord } from '#platform/audit/journal.ts';
import type { AuditedResource, AuditedResources } from '#platform/audit/resources.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION, type Region, timedId } from '#platform/base/ids.ts';
import { jsonText } from '#platform/base/json-text.ts';
import type { Address, Caller } from '#platform/cloud.ts';
import type { ServiceError } from '#platform/error.ts';
import type { Principal } from '#platform/principal.ts';
import type { Input, Output } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';

export interface AuditRecord {
  readonly eventVersion: '1.11';
  readonly userIdentity: Readonly<Record<string, unknown>>;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: unknown;
  readonly responseElements: unknown;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  /** Of a call alone. */
  readonly requestID?: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources?: readonly AuditedResource[];
  readonly eventType: 'AwsApiCall' | 'AwsConsoleSignIn' | 'AwsServiceEvent';
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  readonly sharedEventID?: string;
  /** What a service did by itself. */
  readonly serviceEventDetails?: Readonly<Record<string, unknown>>;
  readonly eventCategory: 'Management' | 'Data';
  readonly tlsDetails?: {
    readonly tlsVersion: string;
    readonly cipherSuite: string;
    readonly clientProvidedHostHeader: string;
  };
  readonly sessionCredentialFromConsole?: 'true';
}

/** What an operation itself adds to its record. */
export interface AuditAdditions {
  /** Beside its input: what it takes where that says nothing. */
  readonly requestParameters?: Readonly<Record<string, unknown>>;
  /** Beside what it answers, if it changes something. */
  readonly responseElements?: Readonly<Record<string, unknown>>;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  /** In place of what the signature says: who a token or an assertion names, of calls that nobody signs. */
  readonly userIdentity?: Readonly<Record<string, unknown>>;
}

/** A call, to an operation that says more of it. */
export interface AuditedScope {
  readonly principal: Principal;
  readonly auditedResources: readonly AuditedResource[];
}

/** A call of the service's own in another region of the account. */
export interface AuditedElsewhere {
  readonly region: Region;
  readonly operation: string;
  readonly input: Input;
  readonly output: Output;
  /** An ARN. */
  readonly resource: string;
}

/** A request, to a service that says more of it. */
export interface AuditedRequest {
  readonly address: Address | undefined;
  readonly requestId: string;
  readonly tls: Caller['tls'];
}

export interface RequestAdditions {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly additionalEventData: Readonly<Record<string, unknown>>;
}

/** What a service records that is no call of its API: its own whole record, but for the id and the time. */
export type AuditedEvent = Omit<AuditRecord, 'eventVersion' | 'eventID' | 'eventTime'>;

/** Whose audit, and in which region. */
export interface AuditPlace {
  readonly account: AccountId;
  readonly region: Region;
}

export interface AuditedCall {
  /** It tells the time, too. */
  readonly eventId: string;
  /** When it ended. */
  readonly time: Milliseconds;
  readonly source: string;
  readonly operation: string;
  readonly region: string;
  /** Whose record it is: the resource's owner, or the caller. */
  readonly account: string;
  readonly sourceAddress: string;
  readonly userAgent: string;
  readonly principal: Principal;
  readonly accessKeyId: string | undefined;
  /** Of the client's own connection. */
  readonly tls: Caller['tls'];
  /** The service that passes the call on for the caller. */
  readonly invokedBy: string | undefined;
  readonly requestId: string;
  readonly isReadOnly: boolean;
  readonly isManagement: boolean;
  readonly resources: AuditedResources;
  /** JSON text, as redact.ts writes it, like the output. */
  readonly input: string;
  readonly output: string | undefined;
  readonly error: Pick<ServiceError, 'code' | 'message'> | undefined;
  readonly additions: AuditAdditions | undefined;
  /** The same in both accounts' records of one call. */
  readonly sharedEventId: string | undefined;
}

/** "This field has a maximum size of …": beyond it parts are omitted, texts cut. */
const MAX_PART_CHARACTERS = 100 * 1024;
const MAX_ADDITIONAL_CHARACTERS = 28 * 1024;
const MAX_TEXT_CHARACTERS = 1024;

/** For what is no API call: a person who signs in, and what a service does by itself. */
export function writeAuditedEvent(tx: Transaction, time: Milliseconds, event: AuditedEvent): void {
  const record: AuditRecord = { eventVersion: '1.11', eventID: timedId(time), eventTime: secondText(time), ...event };
  writeRecord(tx, JSON.stringify(record));
}

/** The JSON text of members, kept for the same ones once more: an operation may say one thing again and again. */
export function lastTextOf(): (members: object) => string {
  let last: { readonly members: object; readonly text: string } | undefined;
  return (members) => {
    if (last?.members !== members) last = { members, text: JSON.stringify(members) };
    return last.text;
  };
}

const additionalText = lastTextOf();

/** Most records of an operation differ from the one before in their ids alone: what is around those is put together when it changes. */
export function recordOf(call: AuditedCall): SharedRecord {
  const { error, additions, resources, sharedEventId } = call;
  const additional = additions?.additionalEventData;
  const before = beginnings(call.operation, [
    whoText(call),
    secondText(call.time),
    call.source,
    call.operation,
    regionOf(call.region),
    call.sourceAddress,
    call.userAgent,
    error?.code,
    error?.message,
    call.input,
    call.isReadOnly ? undefined : call.output,
    additional && additionalText(additional),
  ]);
  const after = ends(call.operation, [
    String(call.isReadOnly),
    resources.text,
    String(call.isManagement),
    call.account,
    sharedEventId,
    tlsText(call.tls),
    consoleText(call.principal),
  ]);
  return { before, ids: `,"requestID":"${call.requestId}","eventID":"${call.eventId}"`, after };
}

type Parts = readonly (string | undefined)[];

/** What is longer is not worth its memory. */
const MOST_KEPT_CHARACTERS = 4096;

/** The text of an operation's parts, kept for the same ones once more. */
function lastWritten(write: (parts: Parts) => string): (operation: string, parts: Parts) => string {
  const last = new Map<string, { readonly parts: Parts; readonly text: string }>();
  return (operation, parts) => {
    const known = last.get(operation);
    if (known !== undefined && parts.every((part, at) => part === known.parts[at])) return known.text;
    const text = write(parts);
    if (text.length <= MOST_KEPT_CHARACTERS) last.set(operation, { parts, text });
    return text;
  };
}

/** An `AuditRecord`, in the order of its members; by hand, since every management call pays for one. */
const beginnings = lastWritten(
  ([who, time, source, name, region, address = '', agent = '', code, message = '', input = '', output, additional]) =>
    `{"eventVersion":"1.11","userIdentity":${who},"eventTime":"${time}",` +
    `"eventSource":"${source}","eventName":"${name}","awsRegion":"${region}",` +
    `"sourceIPAddress":${jsonText(address)},"userAgent":${jsonText(cut(agent))},` +
    (code === undefined ? '' : `"errorCode":${jsonText(code)},"errorMessage":${jsonText(cut(message))},`) +
    `"requestParameters":${partText(input, MAX_PART_CHARACTERS)},` +
    `"responseElements":${output ? partText(output, MAX_PART_CHARACTERS) : 'null'}` +
    (additional ? `,"additionalEventData":${partText(additional, MAX_ADDITIONAL_CHARACTERS)}` : ''),
);

const ends = lastWritten(
  ([isReadOnly, resources, isManagement, account, sharedEventId, tls, console]) =>
    `,"readOnly":${isReadOnly},` +
    (resources === '' ? '' : `"resources":${resources},`) +
    `"eventType":"AwsApiCall","managementEvent":${isManagement},"recipientAccountId":"${account}",` +
    (sharedEventId ? `"sharedEventID":"${sharedEventId}",` : '') +
    `"eventCategory":"${isManagement === 'true' ? 'Management' : 'Data'}"${tls}${console}}`,
);

function whoText({ principal, account, accessKeyId, invokedBy, additions }: AuditedCall): string {
  if (additions?.userIdentity) return JSON.stringify(additions.userIdentity);
  const isOwn = !('account' in principal) || principal.account === account;
  return isOwn ? identityText(principal, accessKeyId, invokedBy) : strangerText(principal);
}

/** Calls of global services are recorded in US East (N. Virginia). */
const regionOf = (region: string): string => (region === GLOBAL_REGION ? 'us-east-1' : region);

const cut = (text: string): string =>
  text.length > MAX_TEXT_CHARACTERS ? text.slice(0, MAX_TEXT_CHARACTERS).toWellFormed() : text;

function tlsText(tls: AuditedCall['tls']): string {
  if (tls === undefined) return '';
  const { version, cipherSuite, host } = tls;
  const details = { tlsVersion: version, cipherSuite, clientProvidedHostHeader: host };
  return `,"tlsDetails":${JSON.stringify(details)}`;
}

const consoleText = (principal: Principal): string =>
  'session' in principal && principal.session?.signInSessionArn !== undefined
    ? ',"sessionCredentialFromConsole":"true"'
    : '';

/** CloudTrail writes null for an empty structure. */
function partText(text: string, most: number): string {
  if (text === '{}') return 'null';
  return text.length > most ? `{"omitted":true,"originalSize":${text.length},"reason":"too large"}` : text;
}
