/**
 * Sends calls, and transactions of others' partitions, to who holds them. What was certainly not run is sent again, until a
 * lease has had time to move; then, and when the outcome is unknown, the client is told that the service is not available.
 */
import type { Duplex } from 'node:stream';
import { CallSession } from '#gateway/forward/call-session.ts';
import { carriedFrom } from '#gateway/forward/carried.ts';
import { Connections, connectTo, NotSent, OutcomeUnknown, unlessNotSent } from '#gateway/forward/connection.ts';
import { BrokenFrame, FrameReader, FrameWriter } from '#gateway/forward/frames.ts';
import type { Message, Reply } from '#gateway/forward/messages.ts';
import { noStream, type Packed, pack, type Stream, unpack } from '#gateway/forward/packing.ts';
import { refused } from '#gateway/forward/refusal.ts';
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { Invocation } from '#platform/cloud.ts';
import { ServiceError } from '#platform/error.ts';
import type { PurposeSealer } from '#platform/secrets/sealer.ts';
import type { Output } from '#platform/service.ts';
import type { Proposal } from '#platform/store/followed.ts';
import { type PartitionName, StoreUnavailable } from '#platform/store/store.ts';

/** Where another process takes calls. */
export interface Peer {
  readonly incarnation: number;
  readonly address: string;
}

export interface ForwarderOptions {
  readonly sealer: PurposeSealer;
  /** Of a session, by its number. */
  readonly sealerOf: (number: string) => PurposeSealer;
  readonly clock: Clock;
  readonly incarnation: () => number;
  /** Undefined while nobody is known. */
  readonly holderOf: (account: PartitionName['account']) => Peer | undefined;
  readonly isListed: (incarnation: number) => boolean;
  /** Looks at the roll again. */
  readonly look: () => Promise<void>;
}

/** A lease ends after 3 s, is taken within half a second, and the store may need a moment. */
const HELD_BACK: Milliseconds = seconds(8);
const PAUSE: Milliseconds = 50;
/** A longer message would hold up those that come after it on the same connection. */
const MOST_IN_SESSION = 256 * 1024;

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #connections = new Map<string, Connections>();
  /** By the life of the process that they are with. */
  readonly #sessions = new Map<number, Open>();
  readonly #carried = new Set<Duplex>();
  #calls = 0;
  /** For the metrics. */
  readonly counts = { answered: 0, repeated: 0, unavailable: 0 };

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Undefined: the account is held here by now. */
  async call(
    account: PartitionName['account'],
    invocation: Invocation,
    isHere: () => boolean,
  ): Promise<{ output: Output } | undefined> {
    const { operation, client, input, caller, region, requestId, origin, address, begunAt, idempotencyToken } =
      invocation;
    const told = { input, caller, region, requestId, origin, address, begunAt, idempotencyToken };
    const call = { service: operation.service.name, key: operation.key, ...told };
    // A call that is answered in one turn is not worth being told that nobody waits for it any more.
    const signal = operation.declaration.steps || operation.streamsBack ? client.signal : undefined;
    const way = { signal, streamsBack: operation.streamsBack };
    const reply = await this.#send({ kind: 'call', account, ...call }, isHere, way).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (reply === undefined) return undefined;
    if (reply.kind === 'refusal') throw refused(reply.refusal);
    if (reply.kind === 'unavailable') throw unavailable(new OutcomeUnknown(reply.reason));
    // A call is answered by an output or a refusal.
    return { output: (reply as Extract<Reply, { kind: 'output' }>).output as Output };
  }

  /** False: the partition is held here by now. */
  async propose(account: PartitionName['account'], proposal: Proposal, isHere: () => boolean): Promise<boolean> {
    const reply = await this.#send({ kind: 'proposal', account, proposal }, isHere, BRIEFLY).catch((error: unknown) => {
      throw new StoreUnavailable('the owner of a partition can’t be reached', { cause: error });
    });
    if (reply?.kind === 'unavailable') throw new StoreUnavailable(reply.reason);
    return reply !== undefined;
  }

  /** What a call has left there under the id of its request. Rejects with `NotSent` where nothing is left, or nobody holds the account. */
  async connect(account: PartitionName['account'], requestId: string): Promise<Duplex> {
    const peer = this.#options.holderOf(account);
    if (peer === undefined || peer.incarnation === this.#options.incarnation()) throw new NotSent('it is nowhere');
    const { sealerOf, clock } = this.#options;
    const number = this.#numberFor(peer);
    const socket = await connectTo(peer.address);
    const stream = await carriedFrom(socket, requestId, { sealer: sealerOf(number), number, clock });
    this.#carried.add(stream);
    stream.once('close', () => this.#carried.delete(stream));
    return stream;
  }

  close(): void {
    for (const stream of this.#carried) stream.destroy();
    for (const connections of this.#connections.values()) connections.close();
    for (const { session } of this.#sessions.values()) session.then((open) => open?.destroy()).catch(() => {});
  }

  async #send(message: Message, isHere: () => boolean, way: Way): Promise<Reply | undefined> {
    const { clock, holderOf, look } = this.#options;
    const { account } = message;
    const until = clock.monotonic() + HELD_BACK;
    const { bytes, stream } = pack(message);
    const packed = { bytes, stream: stream && onlyOnce(stream) };
    for (;;) {
      if (isHere()) return undefined;
      const peer = holderOf(account);
      const reply =
        peer && peer.incarnation !== this.#options.incarnation() ? await this.#ask(peer, packed, way) : undefined;
      if (reply !== undefined && reply.kind !== 'not-held') {
        this.counts.answered++;
        return reply;
      }
      if (clock.monotonic() > until) {
        this.counts.unavailable++;
        throw new NotSent(`nobody holds ${account}`);
      }
      this.counts.repeated++;
      await new Promise<void>((resolve) => void clock.after(PAUSE, resolve));
      // Without the ledger the roll stays as it was; the time runs.
      await look().catch(() => {});
    }
  }

  /** Undefined: it certainly was not run. */
  async #ask(peer: Peer, packed: Packed, way: Way): Promise<Reply | undefined> {
    if (packed.stream !== undefined || way.streamsBack || packed.bytes.length > MOST_IN_SESSION)
      return this.#askApart(peer, packed, way);
    const session = await this.#sessionWith(peer).catch(unlessNotSent);
    // Sealed by the session's key.
    return session && (unpack(await session.ask(packed.bytes, way.signal), noStream) as Reply);
  }

  #sessionWith(peer: Peer): Promise<CallSession | undefined> {
    const { sealerOf, clock } = this.#options;
    const from = this.#options.incarnation();
    const known = this.#sessions.get(peer.incarnation);
    if (known?.from === from) return known.session;
    // It was opened by an earlier life of this process, and speaks for that. Who waits for it has asked by the end of the turn.
    known?.session.then((open) => setImmediate(() => open?.end())).catch(() => {});
    const number = this.#numberFor(peer);
    const isListed = (): boolean => this.#options.isListed(peer.incarnation);
    const forget = (): void => {
      if (this.#sessions.get(peer.incarnation) === opened) this.#sessions.delete(peer.incarnation);
    };
    const session = connectTo(peer.address).then((socket) =>
      CallSession.open(socket, sealerOf(number), number, clock, { isListed, onClose: forget }),
    );
    const opened: Open = { from, session };
    this.#sessions.set(peer.incarnation, opened);
    session.then((open) => open ?? forget(), forget);
    return session;
  }

  #numberFor({ incarnation }: Peer): string {
    return `${this.#options.incarnation()}/${++this.#calls}/${incarnation}`;
  }

  /** Over a connection of its own for that time. */
  async #askApart(peer: Peer, { bytes, stream }: Packed, { signal }: Way): Promise<Reply | undefined> {
    const { sealer } = this.#options;
    const number = this.#numberFor(peer);
    const frames = new FrameWriter(sealer, number, 'call');
    const connections = getOrInsert(this.#connections, peer.address, () => new Connections(peer.address));
    const exchange = {
      number,
      first: frames.frame(bytes),
      rest: stream && frames.frames(stream),
      signal,
    };
    const answer = await connections.exchange('/call', exchange).catch(unlessNotSent);
    // Refused before it was looked at: it is another life of that process by now.
    if (answer === undefined || answer.status === 403) return undefined;
    if (answer.status !== 200) throw new OutcomeUnknown(`the other process has answered ${answer.status}`);
    const reader = new FrameReader(sealer, number, 'answer', answer.head, answer.rest);
    const first = reader.next() ?? (await reader.read());
    // Sealed by the cloud's key for this call.
    return unpack(first, () => reader.stream()) as Reply;
  }
}

interface Open {
  /** The life of this process that it speaks for. */
  readonly from: number;
  readonly session: Promise<CallSession | undefined>;
}

/** How a message may go. */
interface Way {
  readonly signal: AbortSignal | undefined;
  readonly streamsBack: boolean;
}

const BRIEFLY: Way = { signal: undefined, streamsBack: false };

/** A body that somebody has begun to read can't be sent again. */
function onlyOnce(stream: Stream): Stream {
  let isTaken = false;
  return {
    // Those of a payload, which are there when it has been read.
    get trailers() {
      return 'trailers' in stream ? stream.trailers : {};
    },
    [Symbol.asyncIterator]() {
      if (isTaken) throw new OutcomeUnknown('the body has gone to a process that did not take it');
      isTaken = true;
      return stream[Symbol.asyncIterator]();
    },
  } as Stream;
}

function unavailable(error: unknown): Error {
  if (!(error instanceof NotSent || error instanceof OutcomeUnknown || error instanceof BrokenFrame))
    return error as Error;
  return new ServiceError(
    'ServiceUnavailable',
    'The service is temporarily unable to process the request. Try again.',
    {
      status: 503,
    },
  );
}
