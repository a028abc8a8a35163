/**
 * What happens to every call once it is known who makes it and what is asked, whether it came by HTTP, from another service or
 * from a relay: validate, authorise, admit, run, commit. There is no second way to a handler, so what stands here (permission,
 * quotas, audit, metering, durability) holds for all of them. gateway/pipeline.ts does the rest for HTTP.
 */
import { writeAudit, writeOthersAudit, writeRefusal } from '#platform/audit/write.ts';
import { authorise } from '#platform/authorise.ts';
import { type AccountId, GLOBAL_REGION, newRequestId, type Region } from '#platform/base/ids.ts';
import { LiveCall } from '#platform/call.ts';
import { networkOf } from '#platform/client-network.ts';
import type { Cloud, Invocation, Placement, Target } from '#platform/cloud.ts';
import { ServiceError, ThrottlingError } from '#platform/error.ts';
import { keepAnswer, keptAnswer } from '#platform/idempotency.ts';
import { meter, openSum } from '#platform/metering/usage.ts';
import type { RegisteredOperation } from '#platform/registry.ts';
import type { Input, Output, ThrottleDeclaration } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import { PartitionMoved } from '#platform/store/moved.ts';
import { type Partition, type PartitionName, StoreBusy, StoreUnavailable } from '#platform/store/store.ts';

/** Runs a call where the account is held that it works on: here, unless there are other processes. */
export function dispatch(cloud: Cloud, given: Invocation): Promise<Output> {
  return cloud.placement === undefined ? dispatchHere(cloud, given) : dispatchPlaced(cloud, cloud.placement, given);
}

async function dispatchPlaced(cloud: Cloud, placement: Placement, invocation: Invocation): Promise<Output> {
  const given = { ...invocation, begunAt: cloud.clock.now() };
  const account = await again(() => accountOf(cloud, given));
  for (;;) {
    const leave = placement.enter(account);
    const answer = await (leave === undefined
      ? placement.forward(account, given)
      : unlessMoved(dispatchHere(cloud, given)).finally(leave));
    if (answer !== undefined) return answer.output;
  }
}

/** Undefined: the account was handed over, and nothing of the call remains. */
async function unlessMoved(running: Promise<Output>): Promise<{ readonly output: Output } | undefined> {
  try {
    return { output: await running };
  } catch (error) {
    if (error instanceof PartitionMoved) return undefined;
    throw error;
  }
}

/** The account that the call works on; where it says nothing of that, whose refusal it will be. */
function accountOf(cloud: Cloud, given: Invocation): PartitionName['account'] {
  try {
    given.operation.validate(given.input);
    return ownerOf(cloud, resolved(given)).account;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { principal } = given.caller;
    return ('account' in principal ? principal.account : undefined) ?? 'global';
  }
}

export async function dispatchHere(cloud: Cloud, given: Invocation): Promise<Output> {
  let invocation = given;
  let call: LiveCall;
  try {
    admitSource(cloud, given);
    given.operation.validate(given.input);
    const found = again(() => resolved(given));
    invocation = found instanceof Promise ? await found : found;
    if (given.operation.declaration.identify !== undefined) invocation = await identified(cloud, given);
    const placed = again(() => callIn(cloud, invocation, ownerOf(cloud, invocation)));
    call = placed instanceof Promise ? await placed : placed;
  } catch (error) {
    throw await refusedAtOnce(cloud, invocation, error);
  }
  const { callerAccount, partition } = call;
  const gates: { permission?: Promise<void> | undefined } = {};
  const held: Held = { output: {} };
  let isPermitted = false;
  try {
    const deciding = again(() => {
      // Policies and credentials that decide here may themselves wait for the disk.
      gates.permission = callerAccount && cloud.identity.durable(callerAccount);
      authorise(cloud, invocation, call);
    });
    if (deciding !== undefined) await deciding;
    const admitting = admit(cloud, invocation, call);
    if (admitting !== undefined) await admitting;
    isPermitted = true;
    const running = run(cloud, invocation, call, held);
    if (running !== undefined) await running;
  } catch (error) {
    if (error instanceof PartitionMoved && mayBeginElsewhere(given)) throw error;
    const refusal = serviceErrorOf(error, cloud, invocation);
    await writeRefusal(cloud, call, refusal, isPermitted);
    await partition.durable();
    await readToo(invocation)?.durable();
    throw refusal;
  }
  try {
    const { losses } = partition;
    const writing = writeOthersAudit(cloud, call, held.output);
    const others = writing instanceof Promise ? await writing : writing;
    const counted = count(cloud, call);
    const billed = counted instanceof Promise ? await counted : counted;
    tell(invocation, held);
    if (partition.losses !== losses) throw new StoreUnavailable('what this call has written was lost');
    const gate = partition.durable();
    if (gate !== undefined) await gate;
    if (billed !== partition) await billed.durable();
    const besides = readToo(invocation)?.durable();
    if (besides !== undefined) await besides;
    for (const other of others) await other;
    if (gates.permission !== undefined) await gates.permission;
  } catch (error) {
    dropStreams(held.output);
    throw serviceErrorOf(error, cloud, invocation);
  }
  return held.output;
}

/** A transaction that was not begun has left nothing, and neither have steps that only read. */
const mayBeginElsewhere = ({ operation }: Invocation): boolean =>
  operation.declaration.steps === undefined || operation.isReadOnly;

/** Nobody else has it: what is held while a call waits for the disk is copied by garbage collections. */
interface Held {
  output: Output;
}

function run(cloud: Cloud, { operation }: Invocation, call: LiveCall, held: Held): Promise<void> | undefined {
  const ran = operation.declaration.steps ? runSteps(cloud, call) : again(() => runTransaction(cloud, call));
  if (ran instanceof Promise) {
    return ran.then((output) => {
      held.output = output;
    });
  }
  held.output = ran;
  return undefined;
}

/** Who asks for the output at once has made something of it, and needs no more than its streams, in case that nobody is told. */
function tell({ reached, onOutput }: Invocation, held: Held): void {
  if (reached?.adds !== undefined) held.output = { ...held.output, ...reached.adds };
  if (onOutput === undefined) return;
  onOutput(held.output);
  held.output = streamsOf(held.output);
}

const NOTHING: Output = {};

function streamsOf(output: Output): Output {
  let streams = NOTHING;
  for (const name in output) if (isStream(output[name])) streams = { ...streams, [name]: output[name] };
  return streams;
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/** Nobody will read them: the files that they read from are closed. */
function dropStreams(output: Output): void {
  for (const value of Object.values(output)) {
    if (isStream(value)) void value[Symbol.asyncIterator]().return?.();
  }
}

const readToo = ({ operation }: Invocation): Partition | undefined => operation.declaration.readsToo?.();

/** The call with its resource under its own name. */
function resolved(given: Invocation): Invocation {
  const { operation, input, region, address, caller } = given;
  const { resolve } = operation.service.declaration;
  if (resolve === undefined) return given;
  const found = resolve(input, { operation: operation.name, principal: caller.principal, region, address });
  if (found.input === input && Object.keys(found).length === 1) return given;
  const { input: own, ...reached } = found;
  return { ...given, input: own, reached };
}

/** The call as that of whom its input proves. */
async function identified(cloud: Cloud, invocation: Invocation): Promise<Invocation> {
  const { operation, input, caller, client } = invocation;
  const admit = (bucket: string, rate: ThrottleDeclaration): void => take(cloud, operation, bucket, rate);
  const scope = { now: cloud.clock.now(), signal: client.signal, log: cloud.log, admit };
  // The declaration's input type is the one that the validator has just checked.
  const principal = await operation.declaration.identify?.(input as never, scope);
  return principal === undefined ? invocation : { ...invocation, caller: { ...caller, principal } };
}

/** An input that is not valid, or says nothing of whose partition it is about, is in the audit of who sent it. */
async function refusedAtOnce(cloud: Cloud, invocation: Invocation, error: unknown): Promise<ServiceError> {
  const refusal = serviceErrorOf(error, cloud, invocation);
  const own = ownPlaceOf(cloud, invocation);
  if (own !== undefined) await writeRefusal(cloud, await again(() => callIn(cloud, invocation, own)), refusal, false);
  return refusal;
}

interface OwnerPlace {
  readonly account: AccountId;
  readonly region: Region;
}

function callIn(cloud: Cloud, invocation: Invocation, { account, region }: OwnerPlace): LiveCall {
  const partition = partitionFor(cloud, invocation, account, region);
  return new LiveCall(cloud, invocation, { account, region, partition, now: cloud.clock.now() }, invokeFor);
}

/** The caller's own partition of the service; undefined of callers and regions that have none. */
function ownPlaceOf(cloud: Cloud, { operation, caller, ...invocation }: Invocation): OwnerPlace | undefined {
  const account = 'account' in caller.principal ? caller.principal.account : undefined;
  const region = operation.service.regionOf(invocation.region);
  const isPlace = region === GLOBAL_REGION || cloud.isRegion(region);
  return account !== undefined && isPlace ? { account, region } : undefined;
}

/**
 * An account that does not exist has nothing, so nobody is allowed anything there. It gets no partition (ids are for anybody to
 * make up): the service's directory stands in, and the authoriser refuses as it does for an existing account.
 */
function partitionFor(cloud: Cloud, { operation, caller }: Invocation, account: AccountId, region: Region): Partition {
  const service = operation.service.name;
  const isOwn = 'account' in caller.principal && caller.principal.account === account;
  const isThere = isOwn || cloud.identity.isAccount(account);
  return cloud.store.partition({ service, account: isThere ? account : 'global', region });
}

/** The account and region whose partition the call works on. */
function ownerOf(cloud: Cloud, invocation: Invocation): OwnerPlace {
  const { operation, input, caller } = invocation;
  const { principal } = caller;
  const callerAccount = 'account' in principal ? principal.account : undefined;
  // The declaration's input type is the one that the validator has just checked.
  const owner = operation.declaration.owner?.(input as never, callerAccount, invocation.region);
  const account = owner?.account ?? callerAccount;
  if (account === undefined)
    throw new ServiceError('MissingAuthenticationToken', 'Request is missing Authentication Token');
  const region = operation.service.regionOf(owner?.region ?? invocation.region);
  if (region !== GLOBAL_REGION && !cloud.isRegion(region)) {
    throw new ServiceError('InvalidParameterValue', `There is no region ${region}.`);
  }
  return { account, region };
}

/** Not of calls that a service passes on: those have been admitted as what they came as. */
function admitSource(cloud: Cloud, { operation, caller }: Invocation): void {
  const { perSource } = operation.declaration;
  if (perSource === undefined || caller.calledVia.length > 0) return;
  take(cloud, operation, `${operation.name}/from/${networkOf(caller.sourceAddress)}`, perSource);
}

function take({ throttle, clock }: Cloud, operation: RegisteredOperation, bucket: string, rate: Rate): void {
  const key = `${operation.service.name}/${bucket}`;
  if (!throttle.admit(key, rate, clock.monotonic())) throw throttled(operation);
}

type Rate = ThrottleDeclaration | (() => ThrottleDeclaration);

/** Each of the two takes its token once, after all that it reads. */
function admit(cloud: Cloud, invocation: Invocation, call: LiveCall): void | Promise<void> {
  const { throttles } = invocation.operation.service.declaration;
  const first = throttles && again(() => admitCaller(cloud, invocation, call));
  if (invocation.operation.declaration.rate === undefined) return first;
  const second = () => again(() => admitResource(cloud, invocation, call));
  return first instanceof Promise ? first.then(second) : second();
}

function admitResource(cloud: Cloud, { operation, input }: Invocation, call: LiveCall): void {
  // The declaration's input type is the one that the validator has just checked.
  const own = operation.declaration.rate?.(input as never, call);
  if (own === undefined) return;
  take(cloud, operation, `${own.key}/${call.account}/${call.region}`, own.rate);
}

function admitCaller(cloud: Cloud, { operation, input }: Invocation, call: LiveCall): void {
  const { declaration } = operation.service;
  const bucket = bucketOf(operation, input, call);
  const rate = declaration.throttles?.[bucket];
  if (rate === undefined) return;
  // Who asks is throttled, whosever resource it is.
  const account = call.callerAccount ?? call.account;
  const current = 'quota' in rate ? () => rateOfQuota(call.quotaOf(account, rate.quota)) : rate;
  take(cloud, operation, `${bucket}/${account}/${call.region}`, current);
}

const bucketOf = ({ name, declaration: { throttle = name } }: RegisteredOperation, input: Input, call: LiveCall) =>
  // The declaration's input type is the one that the validator has just checked.
  typeof throttle === 'string' ? throttle : throttle(call.resources[0] ?? '*', call, input as never);

const rateOfQuota = (perSecond: number): ThrottleDeclaration => ({ perSecond, burst: Math.max(1, perSecond) });

function throttled({ service: { declaration } }: RegisteredOperation): ServiceError {
  const { throttlingError = 'ThrottlingException', throttlingMessage = 'Rate exceeded' } = declaration;
  return new ThrottlingError(throttlingError, throttlingMessage);
}

/** The handler as one transaction, with its audit record. */
const runTransaction = (cloud: Cloud, call: LiveCall): Output =>
  call.partition.transact((tx) => {
    const token = call.tokenUse();
    const kept = token && keptAnswer(tx, token);
    const output = kept ?? call.handleIn(tx);
    if (token !== undefined && kept === undefined) keepAnswer(tx, token, output);
    writeAudit(cloud, tx, call, output);
    return output;
  });

function runSteps(cloud: Cloud, call: LiveCall): Output | Promise<Output> {
  const { partition } = call;
  const { losses } = partition;
  const token = call.tokenUse();
  let kept: Output | undefined;
  const end = (output: Output): Output => {
    // Its steps may have ended a while ago, and what they wrote may have been lost since.
    if (partition.losses !== losses) throw new StoreUnavailable('a step of this call was lost');
    partition.transact((tx) => {
      if (token !== undefined && kept === undefined) keepAnswer(tx, token, output);
      writeAudit(cloud, tx, call, output);
    });
    return output;
  };
  const finish = (output: Output): Output | Promise<Output> => {
    const drop = (error: unknown): never => {
      dropStreams(output);
      throw error;
    };
    try {
      const ended = again(() => end(output));
      return ended instanceof Promise ? ended.catch(drop) : ended;
    } catch (error) {
      return drop(error);
    }
  };
  const ran = again(() => {
    kept = token && partition.read((tx) => keptAnswer(tx, token));
    return kept ?? call.handle();
  });
  return ran instanceof Promise ? ran.then(finish) : finish(ran);
}

/** Only what is answered is metered: it joins the batch that the answer waits for. Answers whose it is. */
const count = ({ store }: Cloud, call: LiveCall): Partition | Promise<Partition> =>
  again(() => {
    const { operation, payer, now, metered } = call;
    const partition =
      payer === undefined ? call.partition : store.partition({ ...call.partition.name, account: payer });
    const resource = call.meteredResource();
    // All that is read comes before the first that is counted.
    for (const { usageType, resource: own } of metered) {
      openSum(partition, now, { usageType, operation, resource: own ?? resource });
    }
    meter(partition, now, { usageType: call.usageType, operation, resource }, 1);
    for (const { usageType, amount, resource: own } of metered) {
      meter(partition, now, { usageType, operation, resource: own ?? resource }, amount);
    }
    return partition;
  });

/** What a client is told of a failure: its own errors as they are, ours without their inside, which goes to the log. */
export function serviceErrorOf(error: unknown, cloud: Pick<Cloud, 'log'>, invocation?: Invocation): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof StoreBusy && invocation !== undefined) return throttled(invocation.operation);
  const stack = error instanceof Error ? error.stack : String(error);
  cloud.log.log('error', 'request failed', {
    requestId: invocation?.requestId,
    operation: invocation?.operation.name,
    stack,
  });
  if (error instanceof StoreUnavailable || error instanceof StoreBusy) {
    return new ServiceError('ServiceUnavailable', 'The service is temporarily unable to store data. Try again.', {
      status: 503,
    });
  }
  return new ServiceError('InternalFailure', 'The request processing has failed because of an unknown error.', {
    status: 500,
  });
}

/** Another operation for the same caller, by way of `via`: same authoriser, same audit, no HTTP. */
export async function invokeFor(cloud: Cloud, from: Invocation, via: string, target: Target): Promise<Output> {
  const service = cloud.registry.service(target.service);
  await service?.load();
  const operation = service?.operation(target.operation);
  if (operation === undefined) throw new Error(`no operation ${target.service}:${target.operation}`);
  // The caller's token is of its own operation; two steps of it may be the same operation with different inputs.
  const { idempotencyToken: _, address: _address, reached: _reached, onOutput: _onOutput, ...rest } = from;
  return dispatch(cloud, {
    ...rest,
    operation,
    input: target.input,
    region: target.region ?? from.region,
    requestId: newRequestId(),
    caller: { ...from.caller, calledVia: [...from.caller.calledVia, via] },
  });
}
