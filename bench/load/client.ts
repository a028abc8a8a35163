/**
 * A load client that costs little itself: raw sockets, requests that the caller has ready as bytes, answers that are cut
 * but not interpreted. Run it in another process than the server. Each connection has one request under way; the next is
 * chosen when its answer is there, so a flow (send, receive, delete) is a matter of the caller's `next`.
 */
import { connect, type Socket } from 'node:net';
import { createHistogram, performance } from 'node:perf_hooks';
import { type LoadResponse, ResponseReader } from './response.ts';

export interface LoadOptions {
  readonly host?: string;
  readonly port: number;
  readonly connections: number;
  /** How long is measured, after the warm-up. */
  readonly seconds: number;
  readonly warmupSeconds?: number;
  /**
   * The next request of a connection, whole; undefined ends the connection. `previous` is undefined at first. The answer's
   * body is valid during the call only.
   */
  next(connection: number, previous: LoadResponse | undefined): Uint8Array | undefined;
  /** Called at both ends of the measured time: read the server's CPU time here. */
  onMeasure?(edge: 'begin' | 'end'): void | Promise<void>;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly rate: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Connections that broke. */
  readonly errors: number;
  /** Answers by status, measured ones only. */
  readonly statuses: Readonly<Record<number, number>>;
  /** This process's own CPU time per request, to be sure that it was not what limited the rate. */
  readonly clientCpuUs: number;
}

interface Run {
  measuring: boolean;
  stopped: boolean;
  requests: number;
  errors: number;
  statuses: Record<number, number>;
  readonly latency: ReturnType<typeof createHistogram>;
  readonly sockets: Set<Socket>;
  readonly onEmpty: () => void;
}

const incoming = Buffer.alloc(64 * 1024);

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const latency = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
  const { promise: allClosed, resolve: onEmpty } = Promise.withResolvers<void>();
  const counts = { requests: 0, errors: 0, statuses: {} };
  const run: Run = { measuring: false, stopped: false, ...counts, latency, sockets: new Set(), onEmpty };
  await Promise.all(
    Array.from({ length: options.connections }, (_, index) =>
      open(options, index, run, options.next(index, undefined)),
    ),
  );
  await Promise.race([pause(options.warmupSeconds ?? 1), allClosed]);
  await options.onMeasure?.('begin');
  const cpu = process.cpuUsage();
  const begin = performance.now();
  run.measuring = true;
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, options.seconds * 1000);
  await Promise.race([over.promise, allClosed]);
  clearTimeout(timer);
  run.measuring = false;
  const seconds = (performance.now() - begin) / 1000;
  const spent = process.cpuUsage(cpu);
  await options.onMeasure?.('end');
  run.stopped = true;
  for (const socket of run.sockets) socket.destroy();
  return {
    requests: run.requests,
    seconds,
    rate: run.requests / seconds,
    p50Us: latency.percentile(50),
    p99Us: latency.percentile(99),
    maxUs: run.requests === 0 ? 0 : latency.max,
    errors: run.errors,
    statuses: run.statuses,
    clientCpuUs: (spent.user + spent.system) / Math.max(run.requests, 1),
  };
}

/** `first` is what it begins with; resolves when it is connected. */
function open(options: LoadOptions, index: number, run: Run, first: Uint8Array | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: options.host ?? '127.0.0.1',
      port: options.port,
      noDelay: true,
      // One for all: what came is read before anything else comes.
      onread: {
        buffer: incoming,
        callback(bytes) {
          reader.push(incoming.subarray(0, bytes));
          return true;
        },
      },
    });
    run.sockets.add(socket);
    let sentAt = performance.now();
    const send = (request: Uint8Array | undefined): void => {
      if (!request) {
        socket.end();
        return;
      }
      sentAt = performance.now();
      socket.write(request);
    };
    const reader = new ResponseReader((response) => {
      if (run.measuring) {
        run.requests++;
        run.statuses[response.status] = (run.statuses[response.status] ?? 0) + 1;
        run.latency.record(Math.max(1, Math.round((performance.now() - sentAt) * 1000)));
      }
      const request = run.stopped ? undefined : options.next(index, response);
      if (request === undefined || !response.closes) {
        send(request);
        return;
      }
      // The server asks for another connection; an error there counts below.
      open(options, index, run, request).catch(() => {});
      socket.end();
    });
    socket.on('error', (error) => {
      run.errors++;
      reject(error);
    });
    socket.on('close', () => {
      run.sockets.delete(socket);
      if (run.sockets.size === 0) run.onEmpty();
    });
    socket.once('connect', () => {
      resolve();
      send(first);
    });
  });
}
