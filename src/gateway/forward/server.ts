/**
 * The port where a process takes the calls of the others. Who can seal by the cloud's key for this very process, under a number that
 * was not used before, is one of them; everybody else gets 403 and no more. A call that came so is run here or not at all.
 */
import { type SessionClient, takeSession } from '#gateway/forward/answer-session.ts';
import { CARRIED, carriedTo } from '#gateway/forward/carried.ts';
import { BrokenFrame, FrameReader, FrameWriter, LARGEST_FRAME } from '#gateway/forward/frames.ts';
import type { ForwardedCall, Message, Reply } from '#gateway/forward/messages.ts';
import { noStream, pack, unpack } from '#gateway/forward/packing.ts';
import { refusalOf } from '#gateway/forward/refusal.ts';
import { ReplayGuard } from '#gateway/forward/replay-guard.ts';
import { startHttp1 } from '#gateway/http/http1-server.ts';
import type { IncomingRequest, Listener, ListenOptions, TakeOver } from '#gateway/http/listener.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { assert } from '#platform/base/assert.ts';
import type { Region } from '#platform/base/ids.ts';
import { released } from '#platform/blobs/released.ts';
import type { Cloud, Invocation } from '#platform/cloud.ts';
import type { Connections } from '#platform/connections.ts';
import { dispatchHere } from '#platform/dispatch.ts';
import { ServiceError } from '#platform/error.ts';
import type { PurposeSealer } from '#platform/secrets/sealer.ts';
import type { Proposal } from '#platform/store/followed.ts';
import { PartitionMoved } from '#platform/store/moved.ts';
import { type PartitionName, StoreUnavailable } from '#platform/store/store.ts';

export interface ForwardServerOptions extends Pick<ListenOptions, 'hosts' | 'port' | 'clock' | 'onFault'> {
  readonly cloud: () => Cloud;
  readonly sealer: PurposeSealer;
  /** Of a session, by its number. */
  readonly sealerOf: (number: string) => PurposeSealer;
  /** This life of this process: calls for an earlier one are not taken. */
  readonly incarnation: () => number;
  /** Whether the account's partitions are held here, after another look if they seem not to be. */
  readonly isHeld: (account: PartitionName['account']) => Promise<boolean>;
  /** Whether that life of a process is on the roll. */
  readonly isAlive: (incarnation: number) => Promise<boolean>;
  /** Marks the beginning of a call, and gives what marks its end. */
  readonly enter: (account: PartitionName['account']) => () => void;
  readonly adopt: (proposal: Proposal) => Promise<void>;
  /** What a call has left here under the id of its request. */
  readonly taken: Connections['taken'];
}

const FORBIDDEN: WireResponse = { status: 403, headers: {}, body: '' };
const SENT_BY = /^(\d{1,15})\/(\d{1,15})\/(\d{1,15})$/;

export function startForwardServer({
  hosts,
  port,
  clock,
  onFault,
  ...options
}: ForwardServerOptions): Promise<Listener> {
  const guard = new ReplayGuard();
  return startHttp1({
    ...(hosts !== undefined && { hosts }),
    port,
    clock,
    onFault,
    handler: {
      planBody: ({ contentLength }) =>
        contentLength === undefined ? { mode: 'stream' } : { mode: 'buffer', limitBytes: LARGEST_FRAME },
      serve: (request) => serve(request, options, guard),
      upgrade: (request) =>
        request.path === CARRIED ? carried(request, options) : session(request, { ...options, onFault }, guard),
    },
  });
}

type Parts = Omit<ForwardServerOptions, 'hosts' | 'port' | 'clock' | 'onFault'>;

async function serve(request: IncomingRequest, parts: Parts, guard: ReplayGuard): Promise<WireResponse> {
  const number = request.headers['x-makonis-call'] ?? '';
  const [, from, counter, to] = SENT_BY.exec(number) ?? [];
  if (Number(to) !== parts.incarnation() || request.headers['upgrade'] !== undefined) return FORBIDDEN;
  const inHead = request.headers['x-makonis-first'];
  const head = inHead === undefined ? request.body : Buffer.from(inHead, 'base64');
  const frames = new FrameReader(parts.sealer, number, 'call', head, request.stream);
  try {
    const first = frames.next() ?? (await frames.read());
    if (!guard.admit(Number(from), Number(counter))) return FORBIDDEN;
    // What is sealed by the cloud's key was packed by `forwarder.ts`.
    const message = unpack(first, () => frames.stream()) as Message;
    return answered(await replyTo(message, request, parts, Number(from)), number, parts.sealer);
  } catch (error) {
    if (error instanceof BrokenFrame) return FORBIDDEN;
    throw error;
  }
}

/** Calls without long bodies, many on one connection. */
function session(
  request: IncomingRequest,
  parts: Parts & Pick<ForwardServerOptions, 'onFault'>,
  guard: ReplayGuard,
): TakeOver | undefined {
  const number = request.headers['x-makonis-call'] ?? '';
  const [, from, counter, to] = SENT_BY.exec(number) ?? [];
  if (Number(to) !== parts.incarnation()) return undefined;
  const answer = async (asked: Buffer, client: SessionClient): Promise<Buffer> => {
    try {
      // What is sealed by the session's key was packed by `forwarder.ts`, which sends what streams another way.
      const message = unpack(asked, noStream) as Message;
      // It may have been for an earlier life of this process.
      const reply = Number(to) === parts.incarnation() ? await replyTo(message, client, parts, Number(from)) : NOT_HELD;
      const { bytes, stream } = pack(reply);
      assert(stream === undefined, 'what streams back is not asked for in a session');
      return bytes;
    } catch (error) {
      parts.onFault(error);
      return FAULT;
    }
  };
  const opened = takeSession(request.body, parts.sealerOf(number), number, answer);
  return opened !== undefined && guard.admit(Number(from), Number(counter)) ? opened : undefined;
}

/** A repetition finds nothing: what is left under an id is taken once. */
function carried(request: IncomingRequest, { incarnation, sealerOf, taken }: Parts): TakeOver | undefined {
  const number = request.headers['x-makonis-call'] ?? '';
  const [, , , to] = SENT_BY.exec(number) ?? [];
  if (Number(to) !== incarnation()) return undefined;
  return carriedTo(request.body, { sealer: sealerOf(number), number }, taken);
}

const NOT_HELD: Reply = { kind: 'not-held' };
const FAULT = pack({ kind: 'unavailable', reason: 'a fault of the other process' } satisfies Reply).bytes;

async function replyTo(message: Message, client: Invocation['client'], parts: Parts, from: number): Promise<Reply> {
  if (!(await parts.isHeld(message.account))) return NOT_HELD;
  // What one that was struck off has decided is not written by way of another either: its heirs act on that.
  if (message.kind === 'proposal' && !(await parts.isAlive(from))) {
    return { kind: 'unavailable', reason: 'the sender was struck off the roll' };
  }
  const leave = parts.enter(message.account);
  try {
    if (message.kind === 'call') return { kind: 'output', output: await run(parts.cloud(), message, client) };
    await parts.adopt(message.proposal);
    return { kind: 'output', output: undefined };
  } catch (error) {
    if (error instanceof PartitionMoved) return NOT_HELD;
    if (message.kind === 'call') return { kind: 'refusal', refusal: refusalOf(error) };
    if (error instanceof StoreUnavailable) return { kind: 'unavailable', reason: error.message };
    throw error;
  } finally {
    leave();
  }
}

async function run(cloud: Cloud, call: ForwardedCall, client: Invocation['client']) {
  const service = cloud.registry.service(call.service);
  await service?.load();
  const operation = service?.operationOf(call.key);
  if (operation === undefined) throw new ServiceError('InvalidAction', `no operation ${call.service}:${call.key}`);
  const { input, caller, requestId, origin, address, begunAt, idempotencyToken } = call;
  return dispatchHere(cloud, {
    operation,
    input,
    caller,
    // The sender's own, which it has checked.
    region: call.region as Region,
    requestId,
    origin,
    client,
    ...(address && { address }),
    ...(begunAt !== undefined && { begunAt }),
    ...(idempotencyToken !== undefined && { idempotencyToken }),
  });
}

function answered(reply: Reply, number: string, sealer: PurposeSealer): WireResponse {
  const { bytes, stream } = pack(reply);
  const frames = new FrameWriter(sealer, number, 'answer');
  const first = frames.frame(bytes);
  if (stream === undefined) return { status: 200, headers: {}, body: first };
  async function* all(rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    yield first;
    yield* rest;
  }
  // Also when the sender is gone before the first step.
  const drop = (): void => void stream[Symbol.asyncIterator]().return?.();
  return { status: 200, headers: {}, body: released(all(frames.frames(stream)), drop) };
}
