/**
 * SQS side by side in one run: requests per second, latency, CPU per request. Ours answers when a write is on disk and checks
 * every signature; the others keep messages in memory and check none. Run: node bench/sqs/main.ts [seconds] [peer,…]
 */
import { type Figures, measure, queueUrl, show } from './measure.ts';
import { type Peer, startElasticMq, startMakonis, startMoto } from './peers.ts';
import { batches, type Next, sends, turns } from './workloads.ts';

const [secondsArgument = '5', only = 'makonis,elasticmq,moto'] = process.argv.slice(2);
const seconds = Number(secondsArgument);
const WARM_UP_SECONDS = 8;
async function figuresOf(peer: Peer): Promise<Map<string, Figures>> {
  const figures = new Map<string, Figures>();
  for (const protocol of ['json', 'query'] as const) {
    const runs: [string, number, Next][] = [
      [`${protocol}, 64 connections`, 64, turns(peer, protocol, await queueUrl(peer, `turns-${protocol}`))],
      [`${protocol}, batches of 10`, 64, batches(peer, protocol, await queueUrl(peer, `batches-${protocol}`))],
      [`${protocol}, send, 1 conn.`, 1, sends(peer, protocol, await queueUrl(peer, `sends-${protocol}`))],
    ];
    // A virtual machine of Java or JavaScript is fast when it has compiled what is used: both get the same time for it.
    for (const [, connections, next] of runs) await measure(peer, connections, next, WARM_UP_SECONDS);
    for (const [what, connections, next] of runs) {
      const result = await measure(peer, connections, next, seconds);
      show(peer, what, result);
      figures.set(what, result);
    }
  }
  return figures;
}

const starters: Record<string, () => Promise<Peer>> = {
  makonis: startMakonis,
  elasticmq: startElasticMq,
  moto: startMoto,
};
const table = new Map<string, Map<string, Figures>>();

for (const name of only.split(',')) {
  const peer = await (starters[name] ?? (() => Promise.reject(new Error(`no peer ${name}`))))();
  console.log(`${peer.name}: started in ${peer.startSeconds.toFixed(2)} s, ${peer.residentMib().toFixed(0)} MiB`);
  try {
    table.set(peer.name, await figuresOf(peer));
    console.log(`${peer.name}: ${peer.residentMib().toFixed(0)} MiB after the load`);
  } finally {
    await peer.stop();
  }
}

const ours = table.get('makonis');
for (const [name, figures] of table) {
  if (ours === undefined || name === 'makonis') continue;
  for (const [what, theirs] of figures) {
    const our = ours.get(what);
    if (our === undefined) continue;
    console.log(
      `against ${name}, ${what}: rate x ${(our.rate / theirs.rate).toFixed(2)}, p99 x ${(our.p99Us / theirs.p99Us).toFixed(2)}, ` +
        `CPU x ${(our.cpuUs / theirs.cpuUs).toFixed(2)}`,
    );
  }
}
