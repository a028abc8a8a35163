/** A server that echoes bodies, run as a child process: `own` by our listener, `node` by bare node:http. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startHttp1 } from '#gateway/http/http1-server.ts';
import { systemClock } from '#platform/base/clock.ts';

const ports: Record<string, () => Promise<number>> = {
  async own() {
    const listener = await startHttp1({
      hosts: ['127.0.0.1'],
      port: 0,
      clock: systemClock,
      onFault: console.error,
      handler: {
        serve: (request) => ({
          status: 200,
          headers: {
            'content-type': 'application/x-amz-json-1.0',
            'x-amzn-requestid': '5b1e1b5c-7a1b-4c8e-9a55-000000000000',
          },
          body: request.body,
        }),
      },
    });
    return listener.port;
  },
  node() {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
        response.writeHead(200, {
          'content-type': 'application/x-amz-json-1.0',
          'x-amzn-requestid': '5b1e1b5c-7a1b-4c8e-9a55-000000000000',
          'content-length': body?.length ?? 0,
        });
        response.end(body);
      });
    });
    return new Promise((resolve) => {
      // A TCP server that listens has an address with a port.
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  },
};

const port = await ports[process.argv[2] ?? '']?.();
if (port === undefined) throw new Error('say which server: own or node');
process.on('message', () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }));
process.on('disconnect', () => process.exit());
process.send?.({ port });
