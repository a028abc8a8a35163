/**
 * Answers inside one VPC: DHCP, DNS, the metadata address. This is where what guests send is read, in a process without any rights. Whose a
 * question is follows from its source address, which the rules hold each guest to.
 */
import type { RemoteInfo } from 'node:dgram';
import { isIPv4, type Socket } from 'node:net';
import { type Clock, seconds } from '#platform/base/clock.ts';
import { ipOf } from '#platform/network/ipv4.ts';
import { answerDhcp } from '#platform/network/linux/dhcp.ts';
import {
  answerTo,
  failureOf,
  nameBytes,
  type Question,
  readQuestion,
  reversedAddress,
  TYPE,
} from '#platform/network/linux/dns.ts';
import { type Forward, framed, unframed } from '#platform/network/linux/forwarder.ts';
import type { VpcSockets } from '#platform/network/linux/sockets.ts';
import { type Attendance, attachedTo, type VpcPlan } from '#platform/network/network.ts';

export interface Attendant {
  /** From now on this is the VPC. */
  readonly learn: (plan: VpcPlan) => void;
  readonly close: () => void;
}

export interface AttendantDeps {
  readonly clock: Clock;
  readonly forward: Forward;
  readonly attendance: () => Attendance | undefined;
}

export function attend(first: VpcPlan, sockets: VpcSockets, deps: AttendantDeps): Attendant {
  let plan = first;
  let names = namesOf(plan);
  const resolver = resolverOf(
    deps,
    () => names,
    () => plan.id,
  );
  const open = new Set<Socket>();

  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  };
  sockets.dhcp.on('message', (message) => {
    const answer = answerDhcp(plan, message);
    if (answer !== undefined) sockets.dhcp.send(answer.packet, 68, answer.to, ignored);
  });
  sockets.dns.on('message', async (message, from: RemoteInfo) => {
    const answer = await resolver(message, 'udp');
    if (answer !== undefined && !isClosed) sockets.dns.send(answer, from.port, from.address, ignored);
  });
  sockets.dnsOverTcp.on('connection', (socket) => {
    if (open.size >= MOST_CONNECTIONS) return void socket.destroy();
    keep(socket);
    answerOverTcp(socket, deps.clock, (message) => resolver(message, 'tcp'));
  });
  sockets.metadata.on('connection', (socket) => {
    const source = socket.remoteAddress ?? '';
    const nic = names.interfaces.get(source);
    const attendance = deps.attendance();
    if (nic === undefined || attendance === undefined || open.size >= MOST_CONNECTIONS) return void socket.destroy();
    keep(socket);
    attendance.metadata({ vpc: plan.id, interface: nic, source, stream: socket });
  });
  for (const socket of [sockets.dhcp, sockets.dns]) socket.on('error', ignored);
  let isClosed = false;
  return {
    learn(next) {
      plan = next;
      names = namesOf(plan);
    },
    close() {
      isClosed = true;
      for (const socket of open) socket.destroy();
      sockets.dhcp.close();
      sockets.dns.close();
      sockets.dnsOverTcp.close();
      sockets.metadata.close();
    },
  };
}

/** Of one VPC, over all its guests. */
const MOST_CONNECTIONS = 1000;
/** A guest that is not there any more misses nothing. */
const ignored = (): void => {};

interface Names {
  /** By full name. */
  readonly addresses: ReadonlyMap<string, string>;
  /** By address. */
  readonly hostNames: ReadonlyMap<string, string>;
  readonly interfaces: ReadonlyMap<string, string>;
}

function namesOf(plan: VpcPlan): Names {
  const attached = attachedTo(plan);
  const pairs = attached.flatMap(({ hostName, addresses: [primary] }) =>
    primary === undefined ? [] : [[hostName.toLowerCase(), primary.privateIp] as const],
  );
  return {
    addresses: new Map(pairs),
    hostNames: new Map(pairs.map(([name, ip]) => [ip, name])),
    interfaces: new Map(
      attached.flatMap(({ id, addresses }) => addresses.map(({ privateIp }) => [privateIp, id] as const)),
    ),
  };
}

type Resolver = (message: Buffer, over: 'udp' | 'tcp') => Promise<Buffer | undefined>;

const resolverOf =
  ({ forward, attendance }: AttendantDeps, names: () => Names, vpc: () => string): Resolver =>
  async (message, over) => {
    const question = readQuestion(message);
    if (question === undefined) return undefined;
    const found = ownAnswer(question, names(), (name) => attendance()?.resolve(vpc(), name));
    if (found !== undefined) return answerTo(message, question, found);
    return (await forward(message, over)) ?? failureOf(message, question.end);
  };

/** Data of the records; undefined: the name is not ours. */
function ownAnswer(
  { name, type }: Question,
  { addresses, hostNames }: Names,
  resolve: (name: string) => readonly string[] | undefined,
): Buffer[] | undefined {
  const reversed = hostNames.get(reversedAddress(name) ?? '');
  if (reversed !== undefined) return type === TYPE.ptr ? [nameBytes(reversed)] : [];
  const own = addresses.get(name);
  const known = own === undefined ? resolve(name) : [own];
  if (known === undefined) return undefined;
  return type === TYPE.a ? known.filter(isIPv4).map(addressBytes) : [];
}

function addressBytes(address: string): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(ipOf(address));
  return bytes;
}

/** One question for each connection is enough, and all that resolvers of guests ask. */
function answerOverTcp(socket: Socket, clock: Clock, answer: (message: Buffer) => Promise<Buffer | undefined>): void {
  const timer = clock.after(seconds(10), () => socket.destroy());
  let read = Buffer.alloc(0);
  socket.on('close', () => timer.cancel());
  socket.on('data', async (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    const message = unframed(read);
    if (message === undefined) return;
    socket.pause();
    const found = await answer(message);
    if (found === undefined) socket.destroy();
    else socket.end(framed(found));
  });
}
