/** Connections of clients that go on as WebSockets, and carry what another connection carries. */
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { IncomingRequest } from '#gateway/http/listener.ts';
import { lazy } from '#platform/base/lazy.ts';
import { ws } from '#platform/packages.ts';

/** What pages of the console offer, beside their grant; other clients offer none. */
export const PROTOCOL = 'makonis.connection';
/** What noVNC and terminals send at once is small, a paste at most; what the AWS CLI does is less than 64 KiB. */
const LONGEST_MESSAGE_BYTES = 1024 * 1024;

/** It costs some milliseconds to load: only who connects waits for it. */
const webSockets = lazy(async () => {
  const { createWebSocketStream, WebSocketServer } = await ws();
  const server: WebSocketServer = new WebSocketServer({
    noServer: true,
    maxPayload: LONGEST_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.has(PROTOCOL) && PROTOCOL,
  });
  return { server, streamOf: createWebSocketStream };
});

export interface OpenWebSocket {
  readonly webSocket: WebSocket;
  readonly stream: Duplex;
}

/** Rejects for what is no offer of a WebSocket: who made it has been told. */
export async function toWebSocket(request: IncomingRequest, socket: Duplex): Promise<OpenWebSocket> {
  const { server, streamOf } = await webSockets();
  // All that the server asks of a request; its own type asks for a whole one of Node's.
  const message = { headers: request.headers, method: request.method, url: request.path, httpVersion: '1.1' } as never;
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('there is no WebSocket')));
    server.handleUpgrade(message, socket, Buffer.alloc(0), (webSocket) => {
      const stream = streamOf(webSocket);
      stream.on('error', () => webSocket.terminate());
      resolve({ webSocket, stream });
      socket.resume();
    });
  });
}

/** What one side says the other hears; when one ends, so does the other. */
export function carry({ webSocket, stream }: OpenWebSocket, other: Duplex): void {
  other.on('error', () => webSocket.close(1011));
  other.on('close', () => webSocket.close(1000));
  stream.on('close', () => other.destroy());
  stream.pipe(other).pipe(stream);
}

/** An answer in the place of a WebSocket: the connection ends with it. */
export function refuseUpgrade(socket: Duplex, status: string, headers: readonly string[] = [], body = ''): void {
  const head = [`HTTP/1.1 ${status}`, 'Connection: close', ...headers, `Content-Length: ${Buffer.byteLength(body)}`];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
