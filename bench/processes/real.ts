/**
 * Real processes over a PostgreSQL of this run's own, beside the embedded driver: SendMessage, signed, to the queues of several accounts,
 * each request to any of the processes, as behind a load balancer. CPU is of all threads of the processes, per request; that of the
 * database's servers stands apart. Then what a forward costs: one account's calls, at the process that holds it and at the other, in
 * turns. Run: node bench/processes/real.ts [folder] [seconds] [rounds]; the folder decides which disk
 * is measured.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '#platform/store/postgres/cluster.fixture.ts';
import { openSecrets, runningState } from '../../src/cli/run-state.ts';
import { type LoadResult, runLoad } from '../load/client.ts';
import { freePort, type Peer, peerOf } from '../sqs/peers.ts';
import { signedRequest, sqsRequest, type Target, valuesOf } from '../sqs/request.ts';

const ACCOUNTS = 12;
const CONNECTIONS = 48;
const WARM_UP_SECONDS = 2;
const ROOT = join(import.meta.dirname, '../..');
const [place = tmpdir(), seconds = '4', rounds = '2'] = process.argv.slice(2);

interface Running extends Peer {
  readonly operator: Omit<Target, 'port'>;
  readonly adminPort: number;
  readonly adminToken: string;
}

async function start(name: string, data: string, store: string | undefined, more: readonly string[]): Promise<Running> {
  const state = join(data, 'run', 'state.json');
  const [port, adminPort] = [await freePort(), await freePort()];
  const ports = ['--port', String(port), '--admin-port', String(adminPort)];
  const args = [join(ROOT, 'src/cli/main.ts'), 'up', '--data', data, ...ports, ...more];
  // Its password is seen by all users in arguments.
  const env = { ...process.env, ...(store !== undefined && { MAKONIS_STORE: store }) };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const until = performance.now() + 120_000;
  while (!existsSync(state)) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`${name} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { operator } = openSecrets(runningState(data));
  const { adminToken } = runningState(data);
  return { ...peerOf(name, child, { port, ...operator }, 0), operator, adminPort, adminToken };
}

/** One request; the body of its answer. */
async function ask(port: number, request: Buffer): Promise<Buffer> {
  let answer: Buffer | undefined;
  for (let attempt = 0; attempt < 12; attempt++) {
    let isAsked = false;
    await runLoad({
      port,
      connections: 1,
      seconds: 5,
      warmupSeconds: 0,
      next(_, previous) {
        if (previous?.status === 200) answer = Buffer.from(previous.body);
        if (isAsked) return undefined;
        isAsked = true;
        return request;
      },
    });
    if (answer !== undefined) return answer;
    // Slots are still on their way to who shall hold them.
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('a request was refused, again and again');
}

interface Customer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly queue: string;
}

async function newCustomer({ port, operator }: Running, at: number): Promise<Customer> {
  const created = await ask(
    port,
    signedRequest({ port, ...operator }, 'makonis', JSON.stringify({ Name: `customer-${at}` }), [
      ['content-type', 'application/x-amz-json-1.0'],
      ['x-amz-target', 'Makonis.CreateAccount'],
    ]),
  );
  // The operation's output.
  const { AdministratorAccessKey: key } = JSON.parse(created.toString('utf8')) as {
    AdministratorAccessKey: { AccessKeyId: string; SecretAccessKey: string };
  };
  const credentials = { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey };
  const made = await ask(port, sqsRequest({ port, ...credentials }, 'json', 'CreateQueue', { QueueName: 'orders' }));
  return { ...credentials, queue: valuesOf(made, 'json', 'QueueUrl')[0] ?? '' };
}

const MESSAGE = 'x'.repeat(200);

async function load(
  processes: readonly Running[],
  customers: readonly Customer[],
  time: number,
  connections = CONNECTIONS,
): Promise<LoadResult[]> {
  return await Promise.all(
    processes.map(({ port }) => {
      const requests = customers.map(({ queue, ...credentials }) =>
        sqsRequest({ port, ...credentials }, 'json', 'SendMessage', { QueueUrl: queue, MessageBody: MESSAGE }),
      );
      let nth = 0;
      return runLoad({
        port,
        connections: connections / processes.length,
        seconds: time,
        warmupSeconds: WARM_UP_SECONDS,
        next: () => requests[nth++ % requests.length],
      });
    }),
  );
}

async function forwardsOf({ adminPort, adminToken }: Running): Promise<number> {
  const answer = await fetch(`http://localhost:${adminPort}/metrics`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return Number(/^makonis_forwards_total\{outcome="answered"\} (\d+)/m.exec(await answer.text())?.[1] ?? 0);
}

async function measure(processes: readonly Running[], database: Cluster | undefined): Promise<void> {
  const [first] = processes;
  if (first === undefined) return;
  const customers: Customer[] = [];
  for (let at = 0; at < ACCOUNTS; at++) customers.push(await newCustomer(first, at));
  await load(processes, customers, 1);
  const used = () => processes.reduce((sum, each) => sum + each.cpuSeconds() * 1e6, 0);
  const forwards = async () => (await Promise.all(processes.map(forwardsOf))).reduce((sum, each) => sum + each, 0);
  const [cpu, servers, forwarded] = [used(), database?.cpuMicroseconds() ?? 0, await forwards()];
  const results = await load(processes, customers, Number(seconds));
  const cpuUsed = used() - cpu;
  const measured = results.reduce((sum, { requests }) => sum + requests, 0);
  // CPU time counts from the warm-up on.
  const all = (measured * (Number(seconds) + WARM_UP_SECONDS)) / Number(seconds);
  const bad = results.flatMap(({ statuses }) => Object.entries(statuses)).filter(([status]) => status !== '200');
  const rate = results.reduce((sum, each) => sum + each.rate, 0);
  console.log(
    [
      first.name.padEnd(34),
      `${rate.toFixed(0).padStart(7)}/s`,
      `p50 ${(Math.max(...results.map(({ p50Us }) => p50Us)) / 1000).toFixed(1)} ms`,
      `p99 ${(Math.max(...results.map(({ p99Us }) => p99Us)) / 1000).toFixed(1)} ms`,
      `CPU ${(cpuUsed / all).toFixed(0)} us`,
      `database ${(((database?.cpuMicroseconds() ?? 0) - servers) / all).toFixed(0)} us`,
      `forwarded ${((((await forwards()) - forwarded) / all) * 100).toFixed(0)} %`,
      bad.length > 0 ? `not 200: ${JSON.stringify(bad)}` : '',
    ].join('  '),
  );
}

/** CPU microseconds of both processes for a call that comes to `entry`, and whether it is forwarded there. */
async function costAt(entry: Running, both: readonly Running[], customer: Customer, connections: number) {
  const used = () => both.reduce((sum, each) => sum + each.cpuSeconds() * 1e6, 0);
  const [cpu, forwarded] = [used(), await forwardsOf(entry)];
  const [result] = await load([entry], [customer], Number(seconds), connections);
  const all = ((result?.requests ?? 0) * (Number(seconds) + WARM_UP_SECONDS)) / Number(seconds);
  return { cpu: (used() - cpu) / all, isForwarded: (await forwardsOf(entry)) - forwarded > all / 2 };
}

async function measureForwards(both: readonly Running[]): Promise<void> {
  const [first] = both;
  if (first === undefined) return;
  const customer = await newCustomer(first, ACCOUNTS);
  for (const connections of [1, 16, 64]) {
    for (let round = 0; round < Math.max(Number(rounds), 2); round++) {
      const costs = { own: 0, forwarded: 0 };
      for (const entry of both) {
        const { cpu, isForwarded } = await costAt(entry, both, customer, connections);
        costs[isForwarded ? 'forwarded' : 'own'] = cpu;
      }
      const { own, forwarded } = costs;
      const cost = (forwarded - own).toFixed(0);
      console.log(
        `${connections} connections: ${own.toFixed(0)} us at the holder, ${forwarded.toFixed(0)} us at the other: ${cost} us`,
      );
    }
  }
}

/** `count` undefined: alone, not one of several. */
async function run(
  name: string,
  database: Cluster | undefined,
  count?: number,
  measured: (processes: readonly Running[], database: Cluster | undefined) => Promise<void> = measure,
): Promise<void> {
  const folder = mkdtempSync(join(place, 'makonis-bench-'));
  const keyFile = join(folder, 'master-key.json');
  const blobs = join(folder, 'blobs');
  mkdirSync(blobs);
  // Started by root, the processes become another user, who must get there.
  for (const each of [folder, blobs]) chmodSync(each, 0o777);
  const store = database?.url(`bench_${Date.now()}`);
  const processes: Running[] = [];
  try {
    for (let at = 0; at < (count ?? 1); at++) {
      const node = count === undefined ? [] : ['--node', `127.0.0.1:${await freePort()}`];
      const more = ['--master-key', keyFile, ...(store === undefined ? [] : ['--blobs', blobs]), ...node];
      processes.push(await start(name, join(folder, `data-${at}`), store, more));
    }
    await measured(processes, database);
  } finally {
    for (const each of processes) await each.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const database = await startCluster(place);
try {
  for (let round = 0; round < Number(rounds); round++) {
    await run('embedded', undefined);
    await run('PostgreSQL, alone', database);
    for (const count of [1, 2, 3]) await run(`PostgreSQL, ${count} of several`, database, count);
  }
  await run('PostgreSQL, 2 of several', database, 2, measureForwards);
} finally {
  await database.remove();
}
