/**
 * What the HTTP front costs: CPU time of the server per request, ours and bare node:http, same client, in turns so that a
 * noisy neighbour hits both. Run: node bench/http/main.ts [seconds] [rounds]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type LoadResult, runLoad } from '../load/client.ts';

interface Report {
  cpu: NodeJS.CpuUsage;
  rss: number;
}

const CONNECTIONS = 64;
const [seconds = 4, rounds = 3] = process.argv.slice(2).map(Number);

/** As an SDK sends it: ten headers, a SigV4 signature, 300 bytes of JSON. */
function sampleRequest(): Buffer {
  const body = JSON.stringify({
    QueueUrl: 'http://localhost:4566/123456789012/orders',
    MessageBody: 'x'.repeat(300 - 79),
  });
  const head = [
    'POST / HTTP/1.1',
    'Host: localhost:4566',
    'X-Amz-Target: AmazonSQS.SendMessage',
    'Content-Type: application/x-amz-json-1.0',
    'User-Agent: aws-sdk-js/3.1169.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#24.1.0 api/sqs#3.1169.0',
    'X-Amz-Date: 20261123T080000Z',
    `X-Amz-Content-Sha256: ${'0123456789abcdef'.repeat(4)}`,
    'Amz-Sdk-Invocation-Id: 3f6f2a53-7f1c-4f0e-8a07-1b2c3d4e5f60',
    'Amz-Sdk-Request: attempt=1; max=3',
    'Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/us-east-1/sqs/aws4_request, ' +
      'SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;' +
      `x-amz-date;x-amz-target, Signature=${'0123456789abcdef'.repeat(4)}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

async function ask<T>(server: ChildProcess): Promise<T> {
  server.send('report');
  const [message] = await once(server, 'message');
  return message as T; // our own child's answer
}

async function measure(kind: string, request: Buffer): Promise<LoadResult & { cpuUs: number; rss: number }> {
  const server = fork(new URL('echo-server.ts', import.meta.url), [kind]);
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]; // our own child's first word
    const reports: Report[] = [];
    const onMeasure = async (): Promise<void> => {
      reports.push(await ask<Report>(server));
    };
    const result = await runLoad({ port, connections: CONNECTIONS, seconds, next: () => request, onMeasure });
    const [begin, end] = reports as [Report, Report]; // one for each edge
    const cpu = end.cpu.user + end.cpu.system - begin.cpu.user - begin.cpu.system;
    return { ...result, cpuUs: cpu / result.requests, rss: end.rss };
  } finally {
    server.kill();
  }
}

const best: Record<string, number> = {};
const request = sampleRequest();
console.log(`${CONNECTIONS} connections, ${request.length}-byte requests, ${seconds} s a round`);
for (let round = 1; round <= rounds; round++) {
  for (const kind of ['node', 'own']) {
    const result = await measure(kind, request);
    best[kind] = Math.min(best[kind] ?? Number.POSITIVE_INFINITY, result.cpuUs);
    const figures = `${Math.round(result.rate)} requests/s, ${result.cpuUs.toFixed(1)} us CPU a request`;
    const rest = `p50 ${result.p50Us} us, p99 ${result.p99Us} us, client ${result.clientCpuUs.toFixed(1)} us`;
    console.log(
      `${kind.padEnd(5)} ${figures}, ${rest}, ${Math.round(result.rss / 2 ** 20)} MiB, errors ${result.errors}`,
    );
  }
}
const [node = Number.NaN, own = Number.NaN] = [best.node, best.own];
console.log(`best: node:http ${node.toFixed(1)} us, own ${own.toFixed(1)} us, ratio ${(own / node).toFixed(2)}`);
