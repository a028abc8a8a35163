/**
 * A queue with a million messages against an empty one, in the same cloud, in turns; then the warm start with those messages: the
 * time from exec to the answer of a signed request. Run: node bench/sqs/million.ts [messages] [seconds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLoad } from '../load/client.ts';
import { measure, queueUrl, show } from './measure.ts';
import { type Peer, startMakonis } from './peers.ts';
import { sqsRequest } from './request.ts';
import { turns } from './workloads.ts';

const [messages = 1_000_000, seconds = 4] = process.argv.slice(2).map(Number);
const ROUNDS = 3;

async function fill(peer: Peer, url: string): Promise<void> {
  const Entries = Array.from({ length: 10 }, (_, at) => ({ Id: String(at), MessageBody: 'x'.repeat(100) }));
  const send = sqsRequest(peer, 'json', 'SendMessageBatch', { QueueUrl: url, Entries });
  let left = messages / 10;
  const result = await runLoad({
    port: peer.port,
    connections: 64,
    seconds: 600,
    warmupSeconds: 0,
    next: () => (left-- > 0 ? send : undefined),
  });
  console.log(`filled ${messages} messages at ${Math.round((result.requests * 10) / result.seconds)}/s`);
}

/** Milliseconds from exec until a signed request is answered. */
async function warmStart(data: string, name: string): Promise<void> {
  const peer = await startMakonis(data, { keepsData: true });
  const answer = await peer.signedAnswerMilliseconds();
  // It gives back what loading has left.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  console.log(
    `warm start on ${name}: ${answer.toFixed(0)} ms to a signed answer, ${peer.residentMib().toFixed(0)} MiB`,
  );
  await peer.stop();
}

const data = mkdtempSync(join(tmpdir(), 'makonis-million-'));
const empty = mkdtempSync(join(tmpdir(), 'makonis-empty-'));
try {
  const peer = await startMakonis(data, { keepsData: true });
  const full = await queueUrl(peer, 'full');
  const bare = await queueUrl(peer, 'bare');
  await fill(peer, full);
  const rates = { full: 0, bare: 0 };
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [name, url] of [
      ['bare', bare],
      ['full', full],
    ] as const) {
      const result = await measure(peer, 64, turns(peer, 'json', url), seconds);
      show(peer, `${name} queue`, result);
      rates[name] = Math.max(rates[name], result.rate);
    }
  }
  console.log(
    `a full queue is ${(rates.full / rates.bare).toFixed(2)} as fast as an empty one; ${peer.residentMib().toFixed(0)} MiB`,
  );
  await peer.stop();
  for (let round = 1; round <= ROUNDS; round++) await warmStart(data, `${messages} messages`);
  await (await startMakonis(empty, { keepsData: true })).stop();
  for (let round = 1; round <= ROUNDS; round++) await warmStart(empty, 'empty data');
} finally {
  for (const folder of [data, empty]) {
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}.key`, { force: true });
  }
}
