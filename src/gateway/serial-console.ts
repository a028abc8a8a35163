/**
 * The EC2 serial console by SSH: whoever had a public key pushed for an instance's serial line comes with the private one, as the user
 * `i-….port0`, and has the line. There is nothing else to be had here: no shell of ours, no files, no forwarding.
 */
import { createServer, type Socket } from 'node:net';
import type { AuthContext, Connection, ServerChannel } from 'ssh2';
import { bindAll, loopbackHosts } from '#gateway/http/bind.ts';
import { type Clock, type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import type { Logger } from '#platform/base/log.ts';
import type { OpenConnection, SerialLines } from '#platform/connections.ts';
import { ssh2 } from '#platform/packages.ts';

export const loadSsh = ssh2;
type Ssh = Awaited<ReturnType<typeof ssh2>>;

export interface SerialConsoleOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  /** Empty: loopback only. */
  readonly hosts: readonly string[];
  readonly ssh: Ssh;
  readonly lines: SerialLines;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface SerialConsole {
  readonly port: number;
  stop(): void;
}

/** What strangers may cost. */
const MOST_CONNECTIONS = 200;
const MOST_OF_ADDRESS = 20;
const MOST_ATTEMPTS = 6;
/** A person may look at the server's key meanwhile. */
const LOGS_IN_WITHIN: Milliseconds = seconds(120);

/** "The user name format is `instance-id.port0`." */
const USER = /^(i-[0-9a-f]{8,17})\.port0$/;

export async function startSerialConsole(options: SerialConsoleOptions): Promise<SerialConsole> {
  const { hosts, lines, ssh, clock } = options;
  const open = new Set<Socket>();
  /** By where they come from: who has not logged in yet. The library tells of nobody who has not said a word. */
  const strangers = new Map<string, TimerHandle>();
  const server = new ssh.Server({ hostKeys: [await lines.hostKey()], ident: 'Makonis' }, (client, { ip, port }) =>
    attend(client, options, () => strangers.get(`${ip} ${port}`)?.cancel()),
  );
  const accept = (socket: Socket): void => {
    const { remoteAddress, remotePort } = socket;
    const same = [...open].filter((other) => other.remoteAddress === remoteAddress).length;
    if (open.size >= MOST_CONNECTIONS || same >= MOST_OF_ADDRESS) return void socket.destroy();
    open.add(socket);
    const place = `${remoteAddress} ${remotePort}`;
    const late = clock.after(LOGS_IN_WITHIN, () => socket.destroy());
    strangers.set(place, late);
    socket.once('close', () => {
      open.delete(socket);
      strangers.delete(place);
      late.cancel();
    });
    socket.on('error', () => socket.destroy());
    server.injectSocket(socket);
  };
  const { servers, port } = await bindAll(
    () => createServer({ keepAlive: true, noDelay: true }, accept),
    hosts.length > 0 ? hosts : loopbackHosts,
    options.port,
  );
  return {
    port,
    stop() {
      for (const each of servers) each.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function attend(client: Connection, { ssh, lines, log }: SerialConsoleOptions, onLine: () => void): void {
  let way: { readonly machine: string; readonly open: OpenConnection } | undefined;
  let attempts = 0;
  client.on('error', () => client.end());
  client.on('authentication', (context) => {
    attempts += 1;
    if (attempts > MOST_ATTEMPTS) return void client.end();
    const [, machine = ''] = USER.exec(context.username) ?? [];
    const key = context.method === 'publickey' && machine !== '' ? context.key.data : undefined;
    const open = key && lines.lineFor(machine, key);
    if (open === undefined || !isProven(ssh, context)) return context.reject(['publickey']);
    way = { machine, open };
    context.accept();
  });
  client.on('ready', () => {
    // Nobody is ready who was not let in.
    if (way === undefined) return void client.end();
    const { machine, open } = way;
    log.log('info', 'serial console', { instance: machine });
    client.on('session', (acceptSession) => {
      const session = acceptSession();
      session.on('pty', (acceptPty) => acceptPty());
      session.on('shell', (acceptShell) => {
        onLine();
        void join(acceptShell(), open, client);
      });
    });
  });
}

/** That the private key is there as well; a client may ask first whether it is worth to sign. */
function isProven({ utils }: Ssh, context: AuthContext): boolean {
  if (context.method !== 'publickey') return false;
  const { key, signature, blob, hashAlgo } = context;
  if (signature === undefined) return true;
  const parsed = utils.parseKey(key.data);
  if (parsed instanceof Error || Array.isArray(parsed) || blob === undefined) return false;
  return parsed.verify(blob, signature, hashAlgo) === true;
}

/** What is typed goes to the line, and what the line says comes back, until one of them ends. */
async function join(channel: ServerChannel, open: OpenConnection, client: Connection): Promise<void> {
  let isGone = false;
  channel.on('error', () => client.end());
  channel.once('close', () => {
    isGone = true;
    // Not before: what it was told is on its way.
    client.end();
  });
  const end = (status: number): void => {
    channel.exit(status);
    channel.end();
  };
  try {
    const line = await open();
    if (isGone) return void line.destroy();
    channel.once('close', () => line.destroy());
    line.on('error', () => end(1));
    line.once('close', () => end(0));
    line.pipe(channel).pipe(line);
  } catch (error) {
    channel.stderr.write(`${(error as Error).message}\r\n`);
    end(1);
  }
}
