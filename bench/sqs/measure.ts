/** One measured load on one peer, and how it is shown. */
import { type LoadResult, runLoad } from '../load/client.ts';
import type { Peer } from './peers.ts';
import { sqsRequest, valuesOf } from './request.ts';
import type { Next } from './workloads.ts';

export interface Figures extends LoadResult {
  /** Of the peer's process, all threads. */
  readonly cpuUs: number;
}

export async function queueUrl(peer: Peer, name: string, attributes = {}): Promise<string> {
  let url = '';
  let isAsked = false;
  await runLoad({
    port: peer.port,
    connections: 1,
    seconds: 20,
    warmupSeconds: 0,
    next: (_, previous) => {
      if (previous !== undefined) url = valuesOf(previous.body, 'json', 'QueueUrl')[0] ?? '';
      if (isAsked) return undefined;
      isAsked = true;
      return sqsRequest(peer, 'json', 'CreateQueue', { QueueName: name, Attributes: attributes });
    },
  });
  if (url === '') throw new Error(`${peer.name} made no queue`);
  return url;
}

export async function measure(peer: Peer, connections: number, next: Next, time: number): Promise<Figures> {
  const cpu: number[] = [];
  const result = await runLoad({
    port: peer.port,
    connections,
    seconds: time,
    warmupSeconds: Math.min(2, time),
    next,
    onMeasure: () => void cpu.push(peer.cpuSeconds()),
  });
  const [begin = 0, end = 0] = cpu;
  return { ...result, cpuUs: ((end - begin) * 1e6) / result.requests };
}

export function show(peer: Peer, what: string, result: Figures): void {
  const statuses = Object.entries(result.statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(' ');
  console.log(
    `${peer.name.padEnd(10)} ${what.padEnd(22)} ${Math.round(result.rate).toString().padStart(7)}/s  ` +
      `p50 ${(result.p50Us / 1000).toFixed(2)} ms  p99 ${(result.p99Us / 1000).toFixed(2)} ms  ` +
      `${result.cpuUs.toFixed(1)} us CPU  (client ${result.clientCpuUs.toFixed(1)} us; ${statuses})`,
  );
}
