/** The `Call` that a handler gets, and what the dispatcher keeps beside it: metered amounts, audit facts. */
import {
  type AuditAdditions,
  type AuditedCall,
  type AuditedElsewhere,
  lastTextOf,
  type RequestAdditions,
} from '#platform/audit/record.ts';
import { type AuditedResource, type AuditedResources, auditedResources } from '#platform/audit/resources.ts';
import { isAllowed } from '#platform/authorise.ts';
import { parseArn } from '#platform/base/arn.ts';
import { assert } from '#platform/base/assert.ts';
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import { type AccountId, type Region, timedId, uuid } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import type { Cloud, Invocation, Invoke } from '#platform/cloud.ts';
import type { ServiceError } from '#platform/error.ts';
import type { TokenUse } from '#platform/idempotency.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Principal } from '#platform/principal.ts';
import { effectiveQuota } from '#platform/quotas.ts';
import type { Call, CallScope, ConditionValues, Input, Output } from '#platform/service.ts';
import { done } from '#platform/store/again.ts';
import type { Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';

interface MeteredAmount {
  readonly usageType: string;
  readonly amount: number;
  readonly resource: string | undefined;
}

interface Place {
  readonly account: AccountId;
  readonly region: Region;
  readonly partition: Partition;
  readonly now: Milliseconds;
}

const NOTHING: readonly MeteredAmount[] = [];
const NOBODY: readonly AccountId[] = [];

export class LiveCall implements Call, CallScope {
  readonly account: AccountId;
  readonly region: Region;
  readonly partition: Partition;
  readonly now: Milliseconds;
  /** The ARNs that the authoriser asked about: the audit and the bill name them. */
  resources: readonly string[] = [];
  readonly #cloud: Cloud;
  readonly #invocation: Invocation;
  readonly #invoke: Invoke;
  #tx: Transaction | undefined;
  #metered: MeteredAmount[] | undefined;
  #billedAs: string | undefined;
  #signal: AbortSignal | undefined;
  #sharedEventId: string | undefined;
  #event: { readonly id: string; readonly time: Milliseconds } | undefined;
  #audited: AuditedResources | undefined;

  /** `invoke` is the dispatcher's, which makes these calls itself. */
  constructor(cloud: Cloud, invocation: Invocation, place: Place, invoke: Invoke) {
    this.#cloud = cloud;
    this.#invocation = invocation;
    this.#invoke = invoke;
    this.account = place.account;
    this.region = place.region;
    this.partition = place.partition;
    this.now = place.now;
  }

  get service(): string {
    return this.#invocation.operation.service.name;
  }
  get operation(): string {
    return this.#invocation.operation.name;
  }
  get requestId(): string {
    return this.#invocation.requestId;
  }
  get principal(): Principal {
    return this.#invocation.caller.principal;
  }
  get begunAt(): Milliseconds {
    return this.#invocation.begunAt ?? this.now;
  }
  get callerAccount(): AccountId | undefined {
    return 'account' in this.principal ? this.principal.account : undefined;
  }
  get clock(): Clock {
    return this.#cloud.clock;
  }
  get log(): Logger {
    return this.#cloud.log;
  }
  /** Undefined: the account that the call works in is billed. */
  get payer(): AccountId | undefined {
    return this.#invocation.reached?.payer;
  }
  get address(): Invocation['address'] {
    return this.#invocation.address;
  }
  get tls(): Invocation['caller']['tls'] {
    return this.#invocation.caller.tls;
  }
  get door(): unknown {
    return this.#invocation.reached?.door;
  }
  get calledVia(): readonly string[] {
    return this.#invocation.caller.calledVia;
  }
  get origin(): string {
    return this.#invocation.origin;
  }
  get sourceAddress(): string {
    return this.#invocation.caller.sourceAddress;
  }
  get userAgent(): string {
    return this.#invocation.caller.userAgent;
  }
  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([this.#invocation.client.signal, this.#cloud.stopping]);
    return this.#signal;
  }
  get usageType(): string {
    return this.#billedAs ?? this.#invocation.operation.usageType;
  }
  get metered(): readonly MeteredAmount[] {
    return this.#metered ?? NOTHING;
  }
  get isManagement(): boolean {
    return this.#invocation.operation.isManagement;
  }
  get isReadOnly(): boolean {
    return this.#invocation.operation.isReadOnly;
  }
  /** The service, as the audit names it. */
  get source(): string {
    return this.#invocation.operation.service.entry.principal;
  }
  get auditedResources(): readonly AuditedResource[] {
    return this.#named.list;
  }
  get #named(): AuditedResources {
    this.#audited ??= auditedResources(this.#invocation.operation.service, this.#resourcesHere, this.account);
    return this.#audited;
  }
  /** What a call works on in another region is told there. */
  get #resourcesHere(): readonly string[] {
    if (this.resources.length < 2) return this.resources;
    return this.resources.filter((arn) => (parseArn(arn)?.region || this.region) === this.region);
  }
  /** Whom a call concerns beside the account that it works in: the caller, and owners of resources that are named. */
  get otherAccounts(): readonly AccountId[] {
    const own = this.callerAccount ?? this.account;
    // Messages and objects are in the account that the call works in.
    if (own === this.account && !this.isManagement) return NOBODY;
    const { owners } = this.#named;
    if (own === this.account && owners.every((owner) => owner === own)) return NOBODY;
    return [...new Set([own, ...owners])].filter((account) => account !== this.account);
  }
  /** What is recorded of it in another region of the account. */
  elsewhere(output: Output): AuditedElsewhere | undefined {
    const { operation, input } = this.#invocation;
    // The validator has checked the input.
    return operation.declaration.auditedElsewhere?.(input as never, output, this);
  }
  get eventId(): string {
    return this.#ownEvent.id;
  }
  get #ownEvent(): { readonly id: string; readonly time: Milliseconds } {
    this.#event ??= this.#newEvent();
    return this.#event;
  }
  get tx(): Transaction {
    assert(this.#tx !== undefined, `${this.operation} asks for a transaction outside of one`);
    return this.#tx;
  }

  read<T>(action: (tx: ReadTransaction) => T): T {
    return this.partition.read(action);
  }

  transact<T>(action: (tx: Transaction) => T): T {
    return this.partition.transact(action);
  }

  meter(usageType: string, amount: number, resource?: string): void {
    this.#metered ??= [];
    this.#metered.push({ usageType, amount, resource });
  }

  billAs(usageType: string): void {
    this.#billedAs = usageType;
  }

  quota(code: string): number {
    return this.quotaOf(this.account, code);
  }

  quotaOf(account: AccountId, code: string): number {
    const { service } = this.#invocation.operation;
    const quota = service.declaration.quotas[code];
    assert(quota, `service ${service.name} declares no quota ${code}`);
    return effectiveQuota(this.#cloud.store, account, this.region, service.name, code, quota);
  }

  allows(
    action: string,
    resource: string,
    policy?: CompiledPolicy,
    account: AccountId = this.account,
    conditions?: ConditionValues,
  ): boolean {
    return isAllowed(this.#cloud, this.#invocation, this, { action, resource, policy, account, conditions });
  }

  invoke(service: string, operation: string, input: Input, region?: Region): Promise<Output> {
    const via = this.#invocation.operation.service.entry.principal;
    done();
    return this.#invoke(this.#cloud, this.#invocation, via, { service, operation, input, ...(region && { region }) });
  }

  handleIn(tx: Transaction): Output {
    this.#tx = tx;
    this.#metered = undefined;
    this.#billedAs = undefined;
    try {
      const output = this.#handler(this.#invocation.input, this);
      assert(!(output instanceof Promise), `${this.operation} waits, but is not declared with steps`);
      return output;
    } finally {
      this.#tx = undefined;
    }
  }

  /** A handler of steps may have nothing to wait for. */
  handle(): Output | Promise<Output> {
    this.#metered = undefined;
    this.#billedAs = undefined;
    return this.#handler(this.#invocation.input, this);
  }

  /** The declaration's input type is the one that the validator has checked; outputs are the model's structures. */
  get #handler(): (input: Input, call: Call) => Output | Promise<Output> {
    return this.#invocation.operation.declaration.handler as (input: Input, call: Call) => Output | Promise<Output>;
  }

  tokenUse(): TokenUse | undefined {
    const { operation, input, idempotencyToken, caller } = this.#invocation;
    const given = operation.tokenMember === undefined ? undefined : input[operation.tokenMember];
    const token = idempotencyToken ?? (typeof given === 'string' ? given : undefined);
    if (token === undefined) return undefined;
    const account = 'account' in caller.principal ? (caller.principal.account ?? '') : '';
    const { mismatchError: mismatch } = operation.service.declaration;
    const { keptAnswers: sealer } = this.#cloud;
    return { account, operation: operation.name, token, input, mismatch, now: this.now, sealer };
  }

  /** A created resource's ARN is among the asked-for resources already: actions name what they make. */
  meteredResource(): string {
    const [first] = this.resources;
    if (first === undefined || first === '*') return '';
    const { meteredResource } = this.#invocation.operation.service.declaration;
    return meteredResource === undefined ? first : meteredResource(first);
  }

  #newEvent(): { readonly id: string; readonly time: Milliseconds } {
    const time = this.#cloud.clock.now();
    return { id: timedId(time), time };
  }

  /** For the record in an account; `isShared`: another account has one, too. */
  audited(
    account: AccountId,
    output: Output | undefined,
    error: ServiceError | undefined,
    isShared: boolean,
  ): AuditedCall {
    const { region } = this;
    const { operation, caller, requestId, input } = this.#invocation;
    const invokedBy = caller.calledVia.at(-1);
    // The declaration's input type is the one that the validator has checked; of a refused input nothing is read.
    const own = error === undefined ? operation.declaration.audit?.(input as never, output, this) : undefined;
    const request = operation.service.declaration.auditedRequest?.(operation.model, this);
    if (isShared) this.#sharedEventId ??= uuid();
    const isOwn = account === this.account && error === undefined;
    const event = isOwn ? this.#ownEvent : this.#newEvent();
    return {
      eventId: event.id,
      time: event.time,
      source: this.source,
      operation: operation.declaration.eventName ?? operation.name,
      region,
      account,
      sourceAddress: invokedBy ?? caller.sourceAddress,
      userAgent: invokedBy ?? caller.userAgent,
      principal: caller.principal,
      accessKeyId: caller.accessKeyId,
      tls: invokedBy === undefined ? caller.tls : undefined,
      invokedBy,
      requestId,
      isReadOnly: operation.isReadOnly,
      isManagement: operation.isManagement,
      resources: this.#named,
      input: joined(joined(operation.redactInput(input), own?.requestParameters), request?.parameters),
      // Answers to reads are in no record.
      output: operation.isReadOnly
        ? undefined
        : joined(output ? operation.redactOutput(output) : '{}', own?.responseElements),
      error: error && { code: error.code, message: operation.redactMessage(error.message, input) },
      additions: request ? withRequest(own, request) : own,
      sharedEventId: this.#sharedEventId,
    };
  }

  auditedElsewhere({ region, operation: name, input, output, resource }: AuditedElsewhere): AuditedCall {
    const { service } = this.#invocation.operation;
    const operation = service.operation(name);
    assert(operation, `service ${service.name} has no operation ${name}`);
    const resources = auditedResources(service, [resource], this.account);
    const scope = { principal: this.principal, auditedResources: resources.list };
    // As the service says that it calls itself.
    const own = operation.declaration.audit?.(input as never, output, scope);
    const { id, time } = this.#newEvent();
    return {
      ...this.audited(this.account, output, undefined, false),
      ...{ eventId: id, time, region, resources, operation: name, invokedBy: this.source, tls: undefined },
      input: joined(operation.redactInput(input), own?.requestParameters),
      output: joined(operation.redactOutput(output), own?.responseElements),
      additions: own,
    };
  }
}

const withRequest = (own: AuditAdditions | undefined, { additionalEventData }: RequestAdditions): AuditAdditions => ({
  ...own,
  additionalEventData: { ...additionalEventData, ...own?.additionalEventData },
});

const furtherText = lastTextOf();

/** A structure's JSON text with further members; what is none (it was hidden whole) stays as it is. */
function joined(text: string, members: Readonly<Record<string, unknown>> | undefined): string {
  if (members === undefined || !text.endsWith('}')) return text;
  const further = furtherText(members);
  if (further === '{}') return text;
  return text === '{}' ? further : `${text.slice(0, -1)},${further.slice(1)}`;
}
