/**
 * SQS side by side in one run: requests per second, latency, CPU per request. Ours answers when a write is on disk and checks
 * every signature; the others keep messages in memory and check none. Run: node bench/sqs/main.ts [seconds] [peer,…]
 */
import { comparePeers, type Table } from '../load/compare.ts';
import { type Figures, measure, queueUrl, show } from './measure.ts';
import { type Peer, startElasticMq, startMakonis, startMoto } from './peers.ts';
import { batches, type Next, sends, turns } from './workloads.ts';

const [secondsArgument = '5', only = 'makonis,elasticmq,moto'] = process.argv.slice(2);
const seconds = Number(secondsArgument);
const WARM_UP_SECONDS = 8;

async function figuresOf(peer: Peer, protocol: 'json' | 'query'): Promise<Table> {
  const figures = new Map<string, Figures>();
  const runs: [string, number, Next][] = [
    [`${protocol}, 64 connections`, 64, turns(peer, protocol, await queueUrl(peer, 'turns'))],
    [`${protocol}, batches of 10`, 64, batches(peer, protocol, await queueUrl(peer, 'batches'))],
    [`${protocol}, send, 1 conn.`, 1, sends(peer, protocol, await queueUrl(peer, 'sends'))],
  ];
  // A virtual machine of Java or JavaScript is fast when it has compiled what is used: both get the same time for it.
  for (const [, connections, next] of runs) await measure(peer, connections, next, WARM_UP_SECONDS);
  for (const [what, connections, next] of runs) {
    const result = await measure(peer, connections, next, seconds);
    show(peer, what, result);
    figures.set(what, result);
  }
  return figures;
}

// Clients speak one protocol: each is measured on servers that have compiled nothing else.
for (const protocol of ['json', 'query'] as const) {
  await comparePeers(only, { makonis: startMakonis, elasticmq: startElasticMq, moto: startMoto }, (peer) =>
    figuresOf(peer, protocol),
  );
}
