/**
 * A network between the driver and its database that tests can break in the middle of a commit. It is a thread of its own: the one that
 * asks sleeps meanwhile.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { present } from '#platform/base/assert.ts';

/**
 * What happens to the next commit: its connection is lost `before` the server has it, `after` the server has carried it out, or before
 * (`late`) with the order still on its way, to be delivered when told.
 */
type Cut = 'before' | 'after' | 'late';
type Command =
  | { readonly cut: Cut; readonly thenDown?: true }
  | { readonly is: 'up' | 'down' }
  /** From now on answers come so many milliseconds later. */
  | { readonly delay: number }
  /** Done when the server has answered it. */
  | { readonly deliver: true };

export interface BreakableNetwork {
  readonly port: number;
  /** Resolves when it is as told. */
  tell(command: Command): Promise<void>;
  close(): Promise<void>;
}

export async function startNetwork(target: number): Promise<BreakableNetwork> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { target } });
  const [port] = (await once(worker, 'message')) as [number];
  return {
    port,
    async tell(command) {
      worker.postMessage(command);
      await once(worker, 'message');
    },
    close: async () => void (await worker.terminate()),
  };
}

/** Of the extended protocol: Bind of the prepared statement `commit`. Its first use parses it before. */
const isCommit = (bytes: Buffer): boolean => bytes.includes('commit\0') && bytes.includes('B', 0, 'latin1');

function serve(target: number): void {
  const port = present(parentPort, 'a thread');
  const pairs = new Set<readonly [Socket, Socket]>();
  let isUp = true;
  let delay = 0;
  let next: { readonly cut: Cut; readonly thenDown?: true } | undefined;
  let late: ((done: () => void) => void) | undefined;

  const server = createServer((client) => {
    if (!isUp) return void client.destroy();
    const upstream = connect(target, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let isDeaf = false;
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        if (late !== undefined && isDeaf) return;
        for (const each of pair) each.destroy();
        pairs.delete(pair);
      });
    }
    client.on('data', (bytes) => {
      if (next === undefined || !isCommit(bytes)) return void upstream.write(bytes);
      const { cut, thenDown } = next;
      next = undefined;
      isDeaf = true;
      isUp = thenDown === undefined;
      if (cut === 'after') return void upstream.write(bytes);
      if (cut === 'late') {
        late = (done) => {
          upstream.once('data', done);
          upstream.write(bytes);
        };
      }
      client.destroy();
    });
    upstream.on('data', (bytes) => {
      if (isDeaf) client.destroy();
      else if (delay === 0) client.write(bytes);
      else setTimeout(() => client.write(bytes), delay);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    port.postMessage(typeof address === 'object' && address?.port);
  });

  port.on('message', (command: Command) => {
    const done = (): void => port.postMessage('done');
    if ('deliver' in command) return void present(late, 'one is on its way')(done);
    if ('cut' in command) next = command;
    else if ('delay' in command) ({ delay } = command);
    else {
      isUp = command.is === 'up';
      if (!isUp) for (const [client] of pairs) client.destroy();
    }
    done();
  });
}

// Given by startNetwork.
if (!isMainThread) serve((workerData as { target: number }).target);
