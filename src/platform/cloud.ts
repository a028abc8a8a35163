/** What the request path hands on: the running cloud, who calls, and what for. Types only, so that its files need not import each other. */
import type { AuditedResource } from '#platform/audit/resources.ts';
import type { Clock } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import type { AuthorizationMessages } from '#platform/policy/authorization-message.ts';
import type { Identity, Principal } from '#platform/principal.ts';
import type { RegisteredOperation, Registry } from '#platform/registry.ts';
import type { PurposeSealer } from '#platform/secrets/sealer.ts';
import type { Input, Output } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';
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

/** Where a request was sent, and which region its signature names. */
export interface Address {
  /** `s3-accelerate`; undefined: the host names none. */
  readonly service: string | undefined;
  readonly region: string | undefined;
  readonly hasBucket: boolean;
  readonly host: string;
  readonly signed: { readonly region: string | undefined; readonly form: 'header' | 'query' } | undefined;
}

export interface Invocation {
  readonly operation: RegisteredOperation;
  readonly input: Input;
  readonly caller: Caller;
  readonly region: Region;
  readonly requestId: string;
  readonly origin: string;
  readonly signal: AbortSignal;
  /** Of requests that came by HTTP. */
  readonly address?: Address;
  /** By what the resource is reached, where the service says so (`resolve`). */
  readonly door?: unknown;
  /** Of an internal call: kept with the answer, whatever the operation. */
  readonly idempotencyToken?: string;
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
