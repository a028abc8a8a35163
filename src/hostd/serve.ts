/**
 * hostd: the one process that stays root. It makes networks and starts and ends machines when the server, which is not root, tells it to by
 * one of the commands in commands.ts. It speaks with nobody else, reads nothing that a guest or a client has sent, takes no path and no
 * text for a shell, and ends when the server does; machines and networks go on.
 */
import { chmodSync, closeSync, constants, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { type Answer, type Command, commandsOf } from '#hostd/commands.ts';
import { type Form, record, text, whole } from '#hostd/forms.ts';
import { computeFolders, type HostdSettings, type Order, type Reply } from '#hostd/protocol.ts';
import { type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';
import { giveBackMemory } from '#platform/base/memory.ts';
import { MachineError } from '#platform/compute/machine.ts';
import { machineHands } from '#platform/compute/qemu/hands.ts';
import { networkHands } from '#platform/network/linux/hands.ts';
import { namespaceOf } from '#platform/network/linux/names.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const TUN = '/dev/net/tun';
/** The server waits for far less; more is somebody else's doing. */
const MOST_AT_ONCE = 1000;
const LOOK_AGAIN: Milliseconds = 200;

const order: Form<Order> = record({
  id: whole(1, 2 ** 50),
  command: text(/^[a-zA-Z.]{1,40}$/),
  input: (value) => value,
});

/** Whatever the server's user puts in its place later: it is this folder that is meant. */
function pinned(path: string): string {
  return `/proc/self/fd/${openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)}`;
}

/** Nobody else can have put it there. */
function pinnedOwn(path: string): string {
  const own = pinned(path);
  const folder = openSync(own, O_RDONLY);
  const { uid, mode } = fstatSync(folder);
  closeSync(folder);
  if (uid !== 0 || (mode & 0o022) !== 0) throw new Error(`${path} is not root's own`);
  return own;
}

/** Who opens it gets nothing but taps that are his: so udev opens it to everybody, where there is udev. */
function openTun(): void {
  const isThere = existsSync(TUN);
  if (isThere && (statSync(TUN).mode & 0o006) !== 0o006) chmodSync(TUN, 0o666);
}

function commandsFor({ data, server, tag, publicCidr }: HostdSettings): Readonly<Record<string, Command>> {
  const folders = computeFolders(data);
  const machines = machineHands({
    folders: { machines: pinnedOwn(folders.machines), layers: pinned(folders.layers), kernels: pinned(folders.images) },
    server,
    namespaceOf: (vpc) => namespaceOf(tag, vpc),
    tag,
    clock: systemClock,
  });
  return commandsOf(machines, networkHands({ tag, publicCidr }));
}

function reply(message: Reply, handle?: unknown): Promise<void> {
  return new Promise((resolve) => {
    // Sockets of the kinds that Node passes; a server that is gone needs no answer.
    process.send?.(message, handle as never, {}, () => resolve());
  });
}

async function carryOut(said: unknown, commands: Readonly<Record<string, Command>>): Promise<void> {
  const { id, command, input } = order(said);
  try {
    const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
    if (run === undefined) throw new Error(`there is no ${command}`);
    const { value, handles = {} }: Answer = await run(input);
    for (const [name, handle] of Object.entries(handles)) {
      await reply({ id, handle: name }, handle);
      // The server's is a copy; this one would take connections too.
      (handle as { close(): void }).close();
    }
    await reply({ id, value });
  } catch (error) {
    const { message } = error as Error;
    await reply({ id, error: { message, ...(error instanceof MachineError && { problem: error.problem }) } });
  }
}

/** The server is gone, at whatever moment. */
function endIfAlone(): void {
  if (!process.connected) process.exit();
}

export function serve(settings: HostdSettings): void {
  process.umask(0o077);
  // The server ends first, then this; a terminal's signals go to both.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('disconnect', endIfAlone);
  endIfAlone();
  openTun();
  const commands = commandsFor(settings);
  systemClock.after(seconds(1), giveBackMemory);
  let atOnce = 0;
  // Node tells nobody of an end while a socket that was handed over is not acknowledged.
  const look = (): void => {
    endIfAlone();
    if (atOnce > 0) systemClock.after(LOOK_AGAIN, look);
  };
  process.on('message', (said) => {
    if (atOnce >= MOST_AT_ONCE) process.exit(1);
    atOnce += 1;
    if (atOnce === 1) systemClock.after(LOOK_AGAIN, look);
    void carryOut(said, commands).finally(() => {
      atOnce -= 1;
    });
  });
}
