/** What the request path hands on: the running cloud, who calls, and what for. Types only, so that its files need not import each other. */
import type { Duplex } from 'node:stream';
import type { Reached } from '#platform/arrival.ts';
import type { AuditedResource } from '#platform/audit/resources.ts';
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import type { AuthorizationMessages } from '#platform/policy/authorization-message.ts';
import type { Identity, Principal } from '#platform/principal.ts';
import type { RegisteredOperation, Registry } from '#platform/registry.ts';
import type { PurposeSealer } from '#platform/secrets/sealer.ts';
import type { Input, Output } from '#platform/service.ts';
import type { PartitionName, Store } from '#platform/store/store.ts';
import type { Throttle } from '#platform/throttle.ts';

/** What every part of a running cloud may reach. */
export interface Cloud {
  readonly store: Store;
  readonly registry: Registry;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly throttle: Throttle;
  /** Seals the answers that idempotency tokens keep. */
  readonly keptAnswers: PurposeSealer;
  readonly authorizationMessages: AuthorizationMessages;
  readonly audit: AuditReader;
  /** Whether there is such a region. Hosts, URLs and ARNs name any; only those that exist get a store. */
  readonly isRegion: (name: string) => boolean;
  /** Of a cloud of several processes: where calls are run. */
  readonly placement?: Placement;
  /** Aborted when the cloud stops: long polls answer at once. */
  readonly stopping: AbortSignal;
}

/** A call that changes or reads data: what a trail's selectors look at. */
export interface DataEvent {
  readonly source: string;
  readonly operation: string;
  readonly isReadOnly: boolean;
  readonly region: Region;
  readonly principal: Principal;
  readonly auditedResources: readonly AuditedResource[];
}

/** CloudTrail, to the kernel's audit. */
export interface AuditReader {
  /** Whether a trail of the account asks for data events like this one. On the path of each: a look-up. */
  wantsData(account: AccountId, event: DataEvent): boolean;
}

/** Which process runs a call: the one that holds the account whose partition the call works on. */
export interface Placement {
  /** Undefined: it is held elsewhere. Else the call begins here, and what this gives is called when it has ended. */
  enter(account: PartitionName['account']): (() => void) | undefined;
  /** Undefined: it is held here by now. */
  forward(account: PartitionName['account'], invocation: Invocation): Promise<{ readonly output: Output } | undefined>;
  /** What a forwarded call has left where the account is held, under the id of its request (connections.ts); undefined: nothing. */
  connect(account: PartitionName['account'], requestId: string): Promise<Duplex | undefined>;
}

/** Who asks, from where. */
export interface Caller {
  readonly principal: Principal;
  readonly accessKeyId: string | undefined;
  readonly sourceAddress: string;
  readonly userAgent: string;
  readonly isSecure: boolean;
  /** What TLS has agreed on with the client, and the host that it named. */
  readonly tls?: { readonly version: string; readonly cipherSuite: string; readonly host: string };
  /** Services that pass the call on for the caller, the first one first: aws:CalledVia. */
  readonly calledVia: readonly string[];
}

export interface SignatureFacts {
  /** `AWS4-HMAC-SHA256`, or `AWS` of version 2. */
  readonly algorithm: string;
  readonly form: 'header' | 'query' | 'post';
  /** Of its scope; undefined where that names none. */
  readonly region: string | undefined;
  /** Undefined of version 2, which does not say it. */
  readonly at: Milliseconds | undefined;
  /** What its headers say of the body: a hash, `UNSIGNED-PAYLOAD` … */
  readonly payload: string | undefined;
}

/** Where a request was sent, and which region its signature names. */
export interface Address {
  /** `s3-accelerate`; undefined: the host names none. */
  readonly service: string | undefined;
  readonly region: string | undefined;
  readonly hasBucket: boolean;
  readonly host: string;
  readonly signed: SignatureFacts | undefined;
}

export interface Invocation {
  readonly operation: RegisteredOperation;
  readonly input: Input;
  readonly caller: Caller;
  readonly region: Region;
  readonly requestId: string;
  readonly origin: string;
  /** Who waits for the answer. Its signal is made when a handler asks for it: few do. */
  readonly client: { readonly signal: AbortSignal };
  /** Of requests that came by HTTP. */
  readonly address?: Address;
  /** What the service says of it before it is judged (`resolve`). */
  readonly reached?: Reached;
  /** Among several processes: when the cloud got it, wherever it has been since. */
  readonly begunAt?: Milliseconds;
  /** Of an internal call: kept with the answer, whatever the operation. */
  readonly idempotencyToken?: string;
  /**
   * Told the output at once, while it waits for the disk, and instead of the caller: what is made of it takes less memory than the output, and is
   * dropped where the call fails yet. Not called where another process ran the call.
   */
  readonly onOutput?: (output: Output) => void;
}

/** An operation that a handler calls. */
export interface Target {
  readonly service: string;
  readonly operation: string;
  readonly input: Input;
  /** The default is the call's own. */
  readonly region?: Region;
}

/** Calls `target` for the same caller, by way of the service `via`. */
export type Invoke = (cloud: Cloud, from: Invocation, via: string, target: Target) => Promise<Output>;
