/**
 * S3 side by side in one run: requests per second, latency, CPU per request. Ours answers a PUT when bytes and row are on disk, has
 * sealed them (AES-256-GCM) and checks them on each read. Run: node bench/s3/main.ts [seconds] [peer,…] [what]
 */
import { present } from '#platform/base/assert.ts';
import { runLoad } from '../load/client.ts';
import { comparePeers, type Table } from '../load/compare.ts';
import { type Figures, measure, show } from '../sqs/measure.ts';
import { type Peer, startMakonis } from '../sqs/peers.ts';
import type { Next } from '../sqs/workloads.ts';
import { startMinio, startVersityGateway } from './peers.ts';
import { s3Request } from './request.ts';

const [secondsArgument = '5', only = 'makonis,minio,versitygw', wanted = ''] = process.argv.slice(2);
const seconds = Number(secondsArgument);
const CONNECTIONS = 32;
const LISTED = 20_000;
const WARM_UP_SECONDS = 4;

const inTurn = (requests: readonly Buffer[]): Next => {
  let at = 0;
  return () => present(requests[at++ % requests.length], 'there are requests');
};

/** Sends all of them, once. */
async function sendAll(peer: Peer, requests: readonly Buffer[], connections = CONNECTIONS): Promise<void> {
  let at = 0;
  await runLoad({
    port: peer.port,
    connections,
    seconds: 600,
    warmupSeconds: 0,
    next(_, previous) {
      if (previous !== undefined && previous.status !== 200) throw new Error(previous.body.toString('latin1'));
      return requests[at++];
    },
  });
}

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `key-${String(at).padStart(8, '0')}`);

function objectRuns(peer: Peer, label: string, bytes: number, keys: readonly string[]): [string, Next][] {
  const body = Buffer.alloc(bytes, 'makonis ');
  const all = (method: string, given?: Uint8Array) =>
    inTurn(keys.map((key) => s3Request(peer, method, `/objects/${label}/${key}`, '', given)));
  return [
    [`PUT ${label}`, all('PUT', body)],
    [`GET ${label}`, all('GET')],
  ];
}

async function figuresOf(peer: Peer): Promise<Table> {
  for (const bucket of ['objects', 'listed']) await sendAll(peer, [s3Request(peer, 'PUT', `/${bucket}`)], 1);
  const page = (at: number) => `list-type=2&max-keys=1000&start-after=key-${String(at * 1000).padStart(8, '0')}`;
  const pages = Array.from({ length: 18 }, (_, at) => s3Request(peer, 'GET', '/listed', page(at)));
  const heads = names(2000).map((key) => s3Request(peer, 'GET', `/listed/${key}`, ''));
  const all: [string, Next][] = [
    ...objectRuns(peer, '256B', 256, names(2000)),
    ...objectRuns(peer, '4KiB', 4096, names(2000)),
    ...objectRuns(peer, '64KiB', 65_536, names(1000)),
    ['GET 6 bytes', inTurn(heads)],
    ['List 1,000 of 20,000', inTurn(pages)],
  ];
  const runs = all.filter(([what]) => what.includes(wanted));
  const line = Buffer.from('listed');
  const listed = names(LISTED).map((key) => s3Request(peer, 'PUT', `/listed/${key}`, '', line));
  if (runs.some(([what]) => /6 bytes|List/.test(what))) await sendAll(peer, listed);
  const figures = new Map<string, Figures>();
  for (const [what, next] of runs) {
    await measure(peer, CONNECTIONS, next, Math.min(WARM_UP_SECONDS, seconds));
    const result = await measure(peer, CONNECTIONS, next, seconds);
    show(peer, what, result);
    figures.set(what, result);
  }
  return figures;
}

await comparePeers(only, { makonis: startMakonis, minio: startMinio, versitygw: startVersityGateway }, figuresOf);
