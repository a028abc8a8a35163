/**
 * The declaration of a service. A service is data: which operations there are, what each needs permission for, how it is
 * metered and audited, which kinds of resource it has, its quotas and its jobs. Handlers hold behaviour only: plain
 * input, plain output, and a `Call` that carries who, where and when. They never see HTTP, XML or a status code.
 *
 * A handler is a synchronous function that runs as one transaction of the partition it is declared for. One that waits (a long poll)
 * or works on several partitions is declared `steps: true`, gets no transaction of its own and makes short ones by `call.transact`.
 */
import type { Arrival, Resolved } from '#platform/arrival.ts';
import type * as Audit from '#platform/audit/record.ts';
import type { AuditNames, AuditTimes } from '#platform/audit/redact.ts';
import type { AuditedResource } from '#platform/audit/resources.ts';
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Address, Caller } from '#platform/cloud.ts';
import type { ErrorMembers } from '#platform/error.ts';
import type { OperationModel } from '#platform/model/schema.ts';
import type { ResourceGrant } from '#platform/policy/grants.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Credential, ExternalPrincipal, Principal, SessionFacts } from '#platform/principal.ts';
import type { Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';
import type { AnsweredRequest, CrossOriginRequest, PublicDocument, SiteAnswer, SiteRequest } from '#platform/web.ts';

export type Input = Record<string, unknown>;
export type Output = Record<string, unknown>;

export interface Call {
  readonly service: string;
  readonly operation: string;
  readonly requestId: string;
  /** Of the call's own record in the audit, if it succeeds. */
  readonly eventId: string;
  readonly principal: Principal;
  /** The account whose partition the call works on: the resource's owner, mostly the caller's own account. */
  readonly account: AccountId;
  readonly region: Region;
  /** Wall time when the call began; the same all through a synchronous handler. */
  readonly now: Milliseconds;
  /** When the cloud got it: before `now` where it was on its way to the account's process. */
  readonly begunAt: Milliseconds;
  readonly clock: Clock;
  readonly log: Logger;
  readonly partition: Partition;
  /** The handler's transaction. Not there in a `steps` handler. */
  readonly tx: Transaction;
  /** `http://localhost:4566`: where this client reached us; URLs that we hand out start with it. */
  readonly origin: string;
  readonly sourceAddress: string;
  readonly userAgent: string;
  /** Services that pass the call on for the caller, the first one first. */
  readonly calledVia: readonly string[];
  /** Aborted when the client is gone or the server stops. */
  readonly signal: AbortSignal;
  /** What `resolve` says that the resource was reached by. */
  readonly door: unknown;
  readonly address: Address | undefined;
  readonly tls: Caller['tls'];
  transact<T>(action: (tx: Transaction) => T): T;
  /** Adds to a usage type beyond the call's own request count: bytes, payload units. */
  meter(usageType: string, amount: number, resource?: string): void;
  /** What the call itself is counted as, where that follows from what it found. */
  billAs(usageType: string): void;
  /** The effective value of one of the service's quotas for this account and region. */
  quota(code: string): number;
  /**
   * Whether the caller may also do this: for what an operation answers differently, or does in parts (the keys of a multi-delete).
   * `policy` is the resource's own, `account` its owner's if that is not the call's, `conditions` what policies may ask of this
   * resource: the call's own conditions speak of another. What is refused is not in the audit.
   */
  allows(
    action: string,
    resource: string,
    policy?: CompiledPolicy,
    account?: AccountId,
    conditions?: ConditionValues,
  ): boolean;
  /** Another operation, of this or another service, as the same caller, through the same authoriser and audit; in the request's region. */
  invoke(service: string, operation: string, input: Input, region?: Region): Promise<Output>;
}

/** What of a call is known before it is authorised. */
export interface CallScope {
  readonly principal: Principal;
  /** The caller's account; of an anonymous caller, none. */
  readonly callerAccount: AccountId | undefined;
  readonly account: AccountId;
  readonly region: Region;
  readonly now: Milliseconds;
  readonly origin: string;
  /** Services that pass the call on for the caller, the first one first. */
  readonly calledVia: readonly string[];
  /** What `resolve` says that the resource was reached by. */
  readonly door: unknown;
  /** Undefined: no request of a client, but a call within the cloud. */
  readonly address: Address | undefined;
  /** What TLS has agreed on with the client. */
  readonly tls: Caller['tls'];
  readonly operation: string;
  read<T>(action: (tx: ReadTransaction) => T): T;
  /** The effective value of one of the service's quotas for the account and region of the partition. */
  quota(code: string): number;
}

/** What of a call is known while it is not known yet who makes it. */
export interface IdentifyScope {
  readonly now: Milliseconds;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Takes a token of a bucket of the service's; throws its throttling error when there is none. */
  admit(bucket: string, rate: ThrottleDeclaration): void;
}

/** One thing that the caller must be allowed. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
}

export type ConditionValues = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface FurtherPermission extends Permission {
  readonly conditions?: ConditionValues;
}

/** Who hands a role on to a service must be allowed to ("Granting a user permissions to pass a role to an AWS service"). */
export const passRole = (role: string, service: string, resource?: string): FurtherPermission => ({
  action: 'iam:PassRole',
  resource: role,
  conditions: { 'iam:passedtoservice': service, 'iam:associatedresourcearn': resource },
});

export interface OperationDeclaration<In = never, Out = unknown> {
  readonly handler: (input: In, call: Call) => Out | Promise<Out>;
  /** The ARNs that the caller needs permission on; `*` for actions without resource types. */
  readonly resource: (input: In, scope: CallScope) => string | readonly string[];
  /** IAM actions, all needed; the default is `<prefix>:<Operation>`. Some inputs need more (sts:TagSession). */
  readonly action?: string | readonly string[] | ((input: In, scope: CallScope) => readonly string[]);
  /** Permissions on resources of their own that a call needs besides: iam:PassRole on the role that it hands to a service. */
  readonly further?: (input: In, scope: CallScope) => readonly FurtherPermission[];
  /**
   * What the caller must be allowed, where the actions differ from resource to resource (kms:ReEncryptFrom one key,
   * kms:ReEncryptTo another). The default is each action on each resource.
   */
  readonly permissions?: (input: In, scope: CallScope) => readonly Permission[];
  /**
   * The resource's own policy where it is not the kind's: for sts:AssumeRole the trust policy of a role, which is IAM's.
   * Answers from memory or by a read of its own, outside of any transaction.
   */
  readonly resourcePolicy?: (input: In, scope: CallScope, permission: Permission) => CompiledPolicy | undefined;
  /** The account that has the resource, where it is not the partition's: an object in another account's bucket. */
  readonly holder?: (input: In, scope: CallScope, permission: Permission) => AccountId | undefined;
  /** Grants on the resource that may concern the caller and suit the input; asked for only when the policies don't allow. */
  readonly grants?: (input: In, scope: CallScope, resource: string) => readonly ResourceGrant[];
  /** Values of the service's own condition keys, asked for when a policy has a condition. */
  readonly conditions?: (input: In, scope: CallScope, permission: Permission) => ConditionValues;
  /** Whose partition; the default is the caller's account and the request's region. */
  readonly owner?: (
    input: In,
    caller: AccountId | undefined,
    region: Region,
  ) => { account?: AccountId; region?: Region };
  /** A partition beside the call's own that is read, also for whom the resource belongs to: answers wait until what it told is on disk. */
  readonly readsToo?: () => Partition;
  readonly event?: 'management' | 'data';
  /** The default comes from the action's access level in the service authorization reference. */
  readonly access?: 'read' | 'write';
  readonly usage?: string;
  /** The throttle bucket that counts this call; the default is the operation's own. It may depend on the first resource, or the input. */
  readonly throttle?: string | ((resource: string, scope: CallScope, input: In) => string);
  /** How often one network (client-network.ts) may make the call, whoever it is: asked before anything else, where strangers make work. */
  readonly perSource?: ThrottleDeclaration;
  /** A limit of the resource's own, beside the caller's `throttle` (a FIFO queue's); none: no limit. */
  readonly rate?: (input: In, scope: CallScope) => RateLimit | undefined;
  readonly steps?: true;
  /** Unsigned requests reach the authoriser (a resource policy may allow `*`); otherwise they are refused before. */
  readonly anonymous?: true;
  /**
   * Of unsigned calls whose input says who makes them (a token, an assertion): proves it, before all but `perSource`.
   * From there on the call is that principal's.
   */
  readonly identify?: (input: In, scope: IdentifyScope) => Promise<ExternalPrincipal>;
  /** The call needs no permission at all (sts:GetCallerIdentity can't be denied). */
  readonly always?: true;
  /** The member that a form may leave out when it is posted to the resource's own URL, as old SQS clients do. */
  readonly urlMember?: string;
  /** Members left out of the audit record, beyond those that the model marks sensitive. */
  readonly secret?: readonly string[];
  /** What the audit calls it, where that is not its name. */
  readonly eventName?: string;
  /** Of an operation that works in another region too: the call that its service makes there for the caller, as it is recorded there. */
  readonly auditedElsewhere?: (input: In, output: Output, call: Audit.AuditedScope) => Audit.AuditedElsewhere;
  /** What the audit record says beyond input and output; `output` is undefined when the call failed. */
  readonly audit?: (input: In, output: Output | undefined, call: Audit.AuditedScope) => Audit.AuditAdditions;
}

/** Every operation of the model is handled, or listed with the reason why it is not: leaving one out does not compile. */
export type Handlers<Operations, NotImplemented extends Partial<Record<keyof Operations, string>>> = {
  [Name in Exclude<keyof Operations, keyof NotImplemented>]: Operations[Name] extends {
    input: infer In;
    output: infer Out;
  }
    ? OperationDeclaration<In, Out>
    : never;
};

/** A kind of resource, keyed by the noun of the service authorization reference. */
export interface Kind {
  readonly name: string;
  readonly cloudFormationType?: string;
  /** All resources of the kind in a partition, in a stable order, after the ARN given. */
  readonly list: (tx: ReadTransaction, after: string | undefined, limit: number) => readonly string[];
  readonly exists: (tx: ReadTransaction, arn: string) => boolean;
  /** The resource's own policy, as JSON text, for the authoriser. */
  readonly policy?: (tx: ReadTransaction, arn: string) => string | undefined;
  /** The policy is the only root of trust: who is not allowed by it, or by a grant, has no right, whatever IAM says (KMS keys). */
  readonly policyRequired?: true;
  /** The public operations that tag it and how their inputs are made; the platform keeps the tags themselves. */
  readonly tagging?: {
    readonly tag: { readonly operation: string; readonly input: (arn: string, tags: Record<string, string>) => Input };
    readonly untag: { readonly operation: string; readonly input: (arn: string, keys: readonly string[]) => Input };
  };
  /** The public operation that deletes it, for the removal of an account. */
  readonly remove: { readonly operation: string; readonly input: (arn: string) => Input };
  /** What must be done before that, as long as there is something: a gateway leaves its network. Once for each thing. */
  readonly release?: (
    tx: ReadTransaction,
    arn: string,
  ) => { readonly operation: string; readonly input: Input } | undefined;
  /** The principal whose service-linked role the resources need, as long as there are any. */
  readonly linkedRole?: string;
  /** Kinds of the same service that must be gone before. */
  readonly removeAfter?: readonly string[];
  readonly holdsData: boolean;
}

export interface QuotaDeclaration {
  readonly name: string;
  readonly description: string;
  readonly value: number;
  readonly unit: string;
  readonly adjustable: boolean;
  readonly global?: boolean;
  /** Regions where AWS's default is another. */
  readonly regional?: Readonly<Record<string, number>>;
  /** How much of it is used now, where that can be counted. */
  readonly used?: (tx: ReadTransaction) => number;
}

/** Token bucket per calling account and region; a rate of AWS's, or none where AWS names none. */
export interface ThrottleDeclaration {
  readonly perSecond: number;
  readonly burst: number;
}

/** `key` names the bucket within the service, account and region; the rate is asked for now and then. */
export interface RateLimit {
  readonly key: string;
  readonly rate: () => ThrottleDeclaration;
}

/** The rate is a quota's value, and so is the burst, or one call where the rate is less. */
export interface ThrottleByQuota {
  readonly quota: string;
}

/** What a timer's or relay's work gets: a call without a client. */
export interface JobCall {
  readonly account: AccountId;
  readonly region: Region;
  readonly now: Milliseconds;
  readonly partition: Partition;
  readonly clock: Clock;
  readonly log: Logger;
}

/** `payload` is what the timer was set with. Runs as one transaction, at least once: it must be idempotent. */
export type TimerJob = (tx: Transaction, payload: Input, job: JobCall) => void;

/**
 * Work that a message of the service's own outbox asks for, where no operation does it: it waits, and works on several partitions.
 * It runs at least once; what it throws is tried again like any message, so final failures are its own to note.
 */
export type Work = (input: Input, job: JobCall, signal: AbortSignal) => Promise<void>;

/**
 * An operation that nobody can send: a service calls it as the role that a resource names, in the way of all calls. It is validated,
 * audited and metered as the public operation `as`, whose permissions it does not have (a replica is an object that is put). Or it has no
 * public form, but a way of its own through the gateway (a tunnel, which is no request and answer).
 */
export interface InternalOperation extends OperationDeclaration {
  readonly as: string;
}

/** Takes no input: reads what should be, looks at what is, and acts. Answers when it wants to run again, if it does. */
export type Reconciler = (job: JobCall, signal: AbortSignal) => Promise<Milliseconds | undefined>;

/**
 * What is known of a service before its first request: its line in the registry. All else is behind `load`, so that a service
 * costs nothing until it is used.
 */
export interface ServiceEntry {
  /** The folder's name, the models' name, the partition's first part. */
  readonly name: string;
  /** The model's file name in models/; the default is `name`. */
  readonly model?: string;
  /** `sqs.amazonaws.com` */
  readonly principal: string;
  /** The name in credential scopes, where it is not the model's. */
  readonly signingName?: string;
  /** Another name that its clients sign by, for resources of that service: its requests have `marks`. */
  readonly alsoSignedAs?: string;
  /** Global services live in the region `aws-global`, whatever the request's. */
  readonly scope: 'regional' | 'global';
  /** What its ARNs begin with, where another service has ARNs of the same name. */
  readonly nouns?: readonly string[];
  /**
   * What tells its requests on hosts that don't: the beginning of their path, and a header that no request of the other services
   * with the same signing name has.
   */
  readonly marks?: { readonly path: string; readonly header: string };
  /** The hosts `<name>.<siteHost>.<region>.<domain>` are the declaration's `site`. */
  readonly siteHost?: string;
  /** It declares reconcilers: who opens a partition of it loads it. */
  readonly reconciles?: true;
  /** Of a service that does more than load when it does: what others ask of it who speak of its resources alone (tags, quotas). */
  readonly facts?: () => Promise<ServiceFacts>;
  /** The same of its code, for who will not be able to read it later. */
  readonly preload?: () => Promise<unknown>;
  readonly load: () => Promise<ServiceDeclaration>;
}

/** What of a service's declaration is data alone. */
export type ServiceFacts = Pick<ServiceDeclaration, 'kinds' | 'quotas'>;

export interface GivenBody {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface ServiceDeclaration {
  /** Documents that anybody may read by a plain GET below `/~<name>/`, as no bucket is named. `path` is what follows. */
  readonly documents?: (path: string) => Promise<PublicDocument | undefined>;
  /** What the service's site host shows to everybody: pages, not operations. */
  readonly site?: (request: SiteRequest) => Promise<SiteAnswer>;
  /** Told of each answered request whose service is known; must be quick, and throws nothing. */
  readonly onAnswer?: (answered: AnsweredRequest) => void;
  /** The operation that a browser's form with a file calls (S3's POST Object). */
  readonly formUpload?: string;
  /** Headers that let pages of other origins see the answer; undefined: none. Throws for a preflight that is refused. */
  readonly crossOrigin?: (request: CrossOriginRequest) => Readonly<Record<string, string>> | undefined;
  /** Before anything is judged: the input with the resource's own name (S3's access points). What it was reached by is `call.door` then. */
  readonly resolve?: (input: Input, arrival: Arrival) => Resolved;
  /** Holds a body that is no stream against what its headers say of it (S3's Content-MD5). Throws if it is another. */
  readonly checkBody?: (operation: string, given: GivenBody) => Promise<void> | undefined;
  readonly defaults?: Pick<OperationDeclaration, 'event' | 'usage' | 'access'>;
  readonly operations: Readonly<Record<string, OperationDeclaration>>;
  readonly notImplemented: Readonly<Record<string, string>>;
  /** Operations of a model that services share which AWS itself does not have here, each with the reason: refused alike. */
  readonly notOffered?: Readonly<Record<string, string>>;
  readonly kinds: Readonly<Record<string, Kind>>;
  /** How the audit names a resource where that is more than the ARN and the kind's type (an object and its bucket). */
  readonly auditedResources?: (arn: string, account: AccountId) => readonly AuditedResource[];
  /** What of a resource the bill names, where it is less than the ARN (an object's bucket). */
  readonly meteredResource?: (arn: string) => string;
  /** How the audit names members, and writes times; the default is the model's names with a small first letter, and text. */
  readonly auditNames?: AuditNames;
  readonly auditTimes?: AuditTimes;
  /** What it says of each request beside its input. */
  readonly auditedRequest?: (operation: OperationModel, call: Audit.AuditedRequest) => Audit.RequestAdditions;
  readonly quotas: Readonly<Record<string, QuotaDeclaration>>;
  readonly throttles?: Readonly<Record<string, ThrottleDeclaration | ThrottleByQuota>>;
  /** The service's own name for an account, by which resource policies may name principals (S3's canonical users). */
  readonly accountName?: (account: AccountId) => string;
  /** The error of an idempotency token that comes with another input; the default is IdempotentParameterMismatch. */
  readonly mismatchError?: string;
  /** The error that throttled calls of this service get; the default is ThrottlingException. */
  readonly throttlingError?: string;
  readonly throttlingMessage?: string;
  /** Members that errors of a code have whoever throws them: the validator, the authoriser, the throttle. */
  readonly errorMembers?: ErrorMembers;
  /** Credentials of the service's own, which open nothing else: known by the header, or the query's parameter, of their token. */
  readonly sessions?: {
    readonly header: string;
    readonly open: (accessKeyId: string, token: string, now: Milliseconds) => Credential;
  };
  /** Throws if a session of this kind may not call the operation at all, whatever its policies. */
  readonly admitSession?: (session: SessionFacts, operation: string) => void;
  /** The service's own words for a refusal, made of AWS's common ones. */
  readonly refusalMessage?: (message: string, principal: Principal, resource: string) => string;
  /** Refusals carry the decision, encoded, for sts:DecodeAuthorizationMessage: EC2's do, and few others'. */
  readonly encodedRefusals?: true;
  readonly internal?: Readonly<Record<string, InternalOperation>>;
  readonly work?: Readonly<Record<string, Work>>;
  readonly timers?: Readonly<Record<string, TimerJob>>;
  readonly reconcilers?: Readonly<Record<string, Reconciler>>;
}

export const defineService = <const Declaration extends ServiceDeclaration>(declaration: Declaration): Declaration =>
  declaration;
