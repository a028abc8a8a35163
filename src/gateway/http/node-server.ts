/**
 * TLS, with HTTP/2 and HTTP/1.1 by what the client's handshake asks for, on Node's own parsers: there encryption outweighs
 * what a reader of our own would save. Same contract, limits and refusals as http1-server.ts; what Node reads more
 * generously is refused in node-request.ts.
 */
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { hours, type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { bindAll, loopbackHosts } from './bind.ts';
import { defaultLimits, type HttpLimits } from './limits.ts';
import type { Listener, ListenOptions, RequestHandler } from './listener.ts';
import { type ExchangeHost, type NodeAnswer, NodeExchange } from './node-exchange.ts';
import { type NodeMessage, NodeRequest, readNodeHead } from './node-request.ts';
import { REASONS } from './reasons.ts';
import { type Refusal, refusals } from './refusal.ts';
import { remoteAddressOf } from './remote-address.ts';
import type { TlsIdentity, TlsMaterial } from './tls.ts';

const HANDSHAKE_TIME = seconds(10);

export async function startNodeServer(options: ListenOptions, identity: TlsIdentity): Promise<Listener> {
  const host = new NodeHost(options, identity);
  const { servers, port, addresses } = await bindAll(() => host.create(), options.hosts ?? loopbackHosts, options.port);
  return {
    port,
    addresses,
    get connections() {
      return host.size;
    },
    stop(grace) {
      for (const server of servers) server.close();
      return host.stop(grace);
    },
  };
}

class NodeHost implements ExchangeHost {
  readonly handler: RequestHandler;
  readonly limits: HttpLimits;
  stopping = false;
  bufferedBytes = 0;
  readonly #options: ListenOptions;
  readonly #identity: TlsIdentity;
  #material: TlsMaterial;
  readonly #servers: Http2SecureServer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();
  readonly #exchanges = new Set<NodeExchange>();
  #timers: TimerHandle[] = [];
  #onEmpty: (() => void) | undefined;

  constructor(options: ListenOptions, identity: TlsIdentity) {
    this.#options = options;
    this.#identity = identity;
    this.#material = identity.material();
    this.handler = options.handler;
    this.limits = { ...defaultLimits, ...options.limits };
    this.#every(this.limits.sweepTime, 0, () => {
      for (const exchange of this.#exchanges) exchange.check(this.now());
    });
    this.#every(hours(12), 1, () => this.#renew());
  }

  get size(): number {
    return this.#sockets.size;
  }

  now(): Milliseconds {
    return this.#options.clock.monotonic();
  }

  onFault(error: unknown): void {
    this.#options.onFault(error);
  }

  onRefusal(refusal: Refusal, remoteAddress: string): void {
    this.#options.onRefusal?.(refusal, remoteAddress);
  }

  create(): Server {
    const { limits } = this;
    const server = createSecureServer({
      ...this.#material,
      allowHTTP1: true,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_TIME,
      maxHeaderListPairs: limits.headers,
      settings: {
        maxConcurrentStreams: limits.streams,
        maxHeaderListSize: limits.headBytes,
        initialWindowSize: limits.windowBytes,
        enablePush: false,
      },
      // Node hands these to its HTTP/1.1 side; its types name but two.
      ...{
        maxHeaderSize: limits.headBytes,
        insecureHTTPParser: false,
        headersTimeout: limits.headTime,
        keepAliveTimeout: limits.idleTime,
        requestTimeout: 0,
        connectionsCheckingInterval: limits.sweepTime,
      },
    });
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on('session', (session) => this.#watch(session));
    // Both kinds of answer have what NodeAnswer names.
    server.on('request', (message, answer) => this.#begin(message, answer as unknown as NodeAnswer, false));
    server.on('checkContinue', (message, answer) => this.#begin(message, answer as unknown as NodeAnswer, true));
    server.on('checkExpectation', (message, answer) => this.#begin(message, answer as unknown as NodeAnswer, false));
    // An option of node:http's own servers, which this one does not take over from its options.
    Object.assign(server, { shouldUpgradeCallback: (message: NodeMessage) => this.#mayUpgrade(message) });
    server.on('upgrade', (message: NodeMessage, socket: TLSSocket) => this.#upgrade(message, socket));
    server.on('tlsClientError', () => {});
    server.on('sessionError', () => {});
    server.on('clientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => this.#refuse(error, socket));
    this.#servers.push(server);
    return server;
  }

  async stop(grace: Milliseconds): Promise<void> {
    this.stopping = true;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    if (this.#sockets.size > 0) {
      const cut = this.#options.clock.after(grace, () => {
        for (const socket of this.#sockets) socket.destroy();
      });
      await empty;
      cut.cancel();
    }
    for (const timer of this.#timers) timer.cancel();
  }

  #accept(socket: Socket): void {
    const address = remoteAddressOf(socket);
    const fromAddress = (this.#perAddress.get(address) ?? 0) + 1;
    this.#sockets.add(socket);
    this.#perAddress.set(address, fromAddress);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#perAddress.get(address) === 1) this.#perAddress.delete(address);
      else this.#perAddress.set(address, (this.#perAddress.get(address) ?? 1) - 1);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
    if (this.#sockets.size > this.limits.connections || fromAddress > this.limits.connectionsPerAddress)
      socket.destroy();
  }

  /** An HTTP/2 connection is idle when nothing moved on it and no stream is open: a long poll is no idleness. */
  #watch(session: ServerHttp2Session): void {
    session.setLocalWindowSize(this.limits.windowBytes);
    let open = 0;
    let since = this.now();
    session.on('stream', (stream) => {
      open++;
      stream.on('close', () => {
        open--;
        since = this.now();
      });
    });
    const check = (): TimerHandle =>
      this.#options.clock.after(this.limits.idleTime, () => {
        if (open === 0 && this.now() - since >= this.limits.idleTime) session.close();
        timer = check();
      });
    let timer = check();
    session.on('close', () => timer.cancel());
  }

  #begin(message: NodeMessage, answer: NodeAnswer, expectsContinue: boolean): void {
    const exchange: NodeExchange = new NodeExchange(this, message, answer, expectsContinue, () =>
      this.#exchanges.delete(exchange),
    );
    this.#exchanges.add(exchange);
    exchange.begin();
  }

  #upgrade(message: NodeMessage, socket: TLSSocket): void {
    const request = readNodeHead(message, this.limits);
    const takeOver = request instanceof NodeRequest ? this.handler.upgrade?.(request) : undefined;
    // It was asked before; in between the server may have begun to stop.
    if (takeOver === undefined) socket.destroy();
    else takeOver(socket);
  }

  /** Others go on as ordinary requests. */
  #mayUpgrade(message: NodeMessage): boolean {
    if (this.stopping || message.httpVersion !== '1.1') return false;
    const request = readNodeHead(message, this.limits);
    return request instanceof NodeRequest && this.handler.upgrade?.(request) !== undefined;
  }

  /** What Node could not read. Into an answer that has begun nothing can be said. */
  #refuse({ code = '' }: NodeJS.ErrnoException, socket: TLSSocket): void {
    const isAnswering = [...this.#exchanges].some((exchange) => exchange.isOn(socket));
    if (isAnswering || !socket.writable || !code.startsWith('HPE_')) {
      socket.destroy();
      return;
    }
    const refusal = code === 'HPE_HEADER_OVERFLOW' ? refusals.headSize : refusals.malformed;
    this.onRefusal(refusal, remoteAddressOf(socket));
    const { status, reason } = refusal;
    const head = `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain`;
    socket.end(`${head}\r\nContent-Length: ${reason.length}\r\n\r\n${reason}`);
  }

  #renew(): void {
    const material = this.#identity.material();
    if (material === this.#material) return;
    this.#material = material;
    for (const server of this.#servers) server.setSecureContext(material);
  }

  #every(time: Milliseconds, slot: number, action: () => void): void {
    this.#timers[slot] = this.#options.clock.after(time, () => {
      this.#every(time, slot, action);
      action();
    });
  }
}
