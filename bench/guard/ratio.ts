/**
 * CPU per request of a workload (durable, signed) against a bare node:http server that echoes, in turns in the same run. A slow
 * or busy machine slows both, so the ratio tells whether our own work per request has grown.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { runLoad } from '../load/client.ts';
import { measure, queueUrl } from '../sqs/measure.ts';
import { type Peer, startMakonis } from '../sqs/peers.ts';
import { type Next, turns } from '../sqs/workloads.ts';

export interface Ratio {
  readonly makonisUs: number;
  readonly bareUs: number;
  readonly ratio: number;
}

const CONNECTIONS = 64;
const SECONDS = 2;
/** Until all that a request passes is compiled. */
const WARM_UP_SECONDS = 6;

/** Send, receive and delete of SQS. */
export const sqsTurns = async (peer: Peer): Promise<Next> => turns(peer, 'json', await queueUrl(peer, 'guard'));

/** The least of `rounds` measurements each: what disturbs only adds. */
export async function cpuRatio(rounds: number, workload: (peer: Peer) => Next | Promise<Next>): Promise<Ratio> {
  const makonis = await startMakonis();
  const bare = fork(new URL('../http/echo-server.ts', import.meta.url), ['node']);
  try {
    // Our own child's first word.
    const [{ port }] = (await once(bare, 'message')) as [{ port: number }];
    await measure(makonis, CONNECTIONS, await workload(makonis), WARM_UP_SECONDS);
    let makonisUs = Number.POSITIVE_INFINITY;
    let bareUs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const { cpuUs } = await measure(makonis, CONNECTIONS, await workload(makonis), SECONDS);
      makonisUs = Math.min(makonisUs, cpuUs);
      bareUs = Math.min(bareUs, await bareCpuUs(bare, port));
    }
    return { makonisUs, bareUs, ratio: makonisUs / bareUs };
  } finally {
    bare.kill();
    await makonis.stop();
  }
}

async function bareCpuUs(server: ChildProcess, port: number): Promise<number> {
  const body = JSON.stringify({ QueueUrl: 'http://localhost:4566/123456789012/orders', MessageBody: 'x'.repeat(100) });
  const request = Buffer.from(
    `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const cpu: NodeJS.CpuUsage[] = [];
  const onMeasure = async (): Promise<void> => {
    server.send('report');
    const [report] = (await once(server, 'message')) as [{ cpu: NodeJS.CpuUsage }];
    cpu.push(report.cpu);
  };
  const { requests } = await runLoad({
    port,
    connections: CONNECTIONS,
    seconds: SECONDS,
    next: () => request,
    onMeasure,
  });
  // One report for each edge.
  const [begin, end] = cpu as [NodeJS.CpuUsage, NodeJS.CpuUsage];
  return (end.user + end.system - begin.user - begin.system) / requests;
}

export const showRatio = ({ makonisUs, bareUs, ratio }: Ratio): void =>
  console.log(`makonis ${makonisUs.toFixed(1)} us, bare node:http ${bareUs.toFixed(1)} us, ratio ${ratio.toFixed(2)}`);
