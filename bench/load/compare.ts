/** Peers one after the other, each started afresh and measured alike; then how ours does beside each of the others. */
import type { Figures } from '../sqs/measure.ts';
import type { Peer } from '../sqs/peers.ts';

/** By what was measured. */
export type Table = ReadonlyMap<string, Figures>;

/** `names` are those of `starters`, separated by commas. */
export async function comparePeers(
  names: string,
  starters: Readonly<Record<string, () => Promise<Peer>>>,
  figuresOf: (peer: Peer) => Promise<Table>,
): Promise<void> {
  const tables = new Map<string, Table>();
  for (const name of names.split(',')) {
    const peer = await (starters[name] ?? (() => Promise.reject(new Error(`no peer ${name}`))))();
    console.log(`${peer.name}: started in ${peer.startSeconds.toFixed(2)} s, ${peer.residentMib().toFixed(0)} MiB`);
    try {
      tables.set(peer.name, await figuresOf(peer));
      console.log(`${peer.name}: ${peer.residentMib().toFixed(0)} MiB after the load`);
    } finally {
      await peer.stop();
    }
  }
  const ours = tables.get('makonis');
  for (const [name, theirs] of tables) if (ours !== undefined && theirs !== ours) showRatios(name, ours, theirs);
}

function showRatios(name: string, ours: Table, theirs: Table): void {
  for (const [what, their] of theirs) {
    const our = ours.get(what);
    if (our === undefined) continue;
    const [rate, p99, cpu] = [our.rate / their.rate, our.p99Us / their.p99Us, our.cpuUs / their.cpuUs];
    console.log(
      `against ${name}, ${what}: rate x ${rate.toFixed(2)}, p99 x ${p99.toFixed(2)}, CPU x ${cpu.toFixed(2)}`,
    );
  }
}
