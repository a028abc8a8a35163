/**
 * One large PUT: by the clock, beside what a core hashes by MD5 in the same minute, and what a small GET waits for meanwhile.
 * Run: node bench/s3/large.ts [MiB] [rounds] [peer,…]
 */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { sha256Hex } from '#gateway/auth/digest.ts';
import { type Peer, startMakonis } from '../sqs/peers.ts';
import { startMinio } from './peers.ts';
import { s3Head, s3Request } from './request.ts';

const [mebibytes = 64, rounds = 10] = process.argv.slice(2, 4).map(Number);
const [, , , , only = 'makonis,minio'] = process.argv;
const body = Buffer.alloc(mebibytes * 1024 * 1024, 'makonis ');
const digest = sha256Hex(body);
const starters: Record<string, () => Promise<Peer>> = { makonis: startMakonis, minio: startMinio };

/** A connection that sends one request after another; resolves with the milliseconds until its answer begins. */
async function connection(port: number) {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  let heard: ((bytes: Buffer) => void) | undefined;
  socket.on('data', (bytes: Buffer) => heard?.(bytes));
  await once(socket, 'connect');
  return {
    exchange: (...parts: readonly Uint8Array[]): Promise<number> =>
      new Promise((resolve, reject) => {
        const begin = performance.now();
        heard = (bytes) => {
          const status = bytes.toString('latin1', 9, 12);
          if (status === '200') resolve(performance.now() - begin);
          else reject(new Error(bytes.toString('latin1')));
        };
        for (const part of parts) socket.write(part);
      }),
    end: () => socket.destroy(),
  };
}

const middle = (values: readonly number[]): number => at(values, 0.5);
const at = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
const show = (values: readonly number[]): string =>
  `p50 ${middle(values).toFixed(2)} ms, p99 ${at(values, 0.99).toFixed(2)} ms, most ${Math.max(...values).toFixed(2)} ms`;

async function small(peer: Peer, isOver: () => boolean): Promise<number[]> {
  const { exchange, end } = await connection(peer.port);
  const request = s3Request(peer, 'GET', '/objects/small');
  const waits: number[] = [];
  while (!isOver()) waits.push(await exchange(request));
  end();
  return waits;
}

const md5 = (): number => {
  const begin = performance.now();
  hash('md5', body);
  return performance.now() - begin;
};

async function run(peer: Peer): Promise<void> {
  const { exchange, end } = await connection(peer.port);
  await exchange(s3Request(peer, 'PUT', '/objects'));
  await exchange(s3Request(peer, 'PUT', '/objects/small', '', Buffer.from('small')));
  const put = (): Promise<number> => exchange(s3Head(peer, 'PUT', '/objects/large', digest, body.length), body);
  await put();
  await put();
  const [times, ceilings, ratios]: [number[], number[], number[]] = [[], [], []];
  const [cpu, engine] = [peer.cpuSeconds(), peer.firstThreadCpuSeconds()];
  for (let round = 0; round < rounds; round++) {
    const [ceiling, time] = [md5(), await put()];
    ceilings.push(ceiling);
    times.push(time);
    ratios.push(ceiling / time);
  }
  const used = ((peer.cpuSeconds() - cpu) * 1000) / rounds;
  const first = ((peer.firstThreadCpuSeconds() - engine) * 1000) / rounds;
  const until = performance.now() + 1000;
  const alone = await small(peer, () => performance.now() > until);
  let left = rounds;
  const beside = small(peer, () => left === 0);
  for (; left > 0; left--) await put();
  console.log(
    `${peer.name}: PUT ${mebibytes} MiB in ${Math.min(...times).toFixed(0)} ms at best, ${middle(times).toFixed(0)} in the middle, ${used.toFixed(0)} ms CPU, ${first.toFixed(0)} of its first thread; ` +
      `MD5 alone ${middle(ceilings).toFixed(0)} ms (at best ${Math.min(...ceilings).toFixed(0)}), ${middle(ratios).toFixed(2)} of it`,
  );
  console.log(`  a small GET alone: ${show(alone)}`);
  console.log(`  beside such PUTs:  ${show(await beside)}; ${peer.mostResidentMib().toFixed(0)} MiB of memory at most`);
  end();
}

for (const name of only.split(',')) {
  const peer = await (starters[name] ?? (() => Promise.reject(new Error(`no peer ${name}`))))();
  try {
    await run(peer);
  } finally {
    await peer.stop();
  }
}
