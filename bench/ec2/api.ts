/**
 * EC2's own time, on a simulated host: DescribeInstances of 10,000 instances page by page, a hundred launches at once, and what a launch
 * costs the API.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloud } from '#main';
import { applyQuota } from '#platform/quotas.ts';
import { createMasterKeys, readMasterKeys } from '#platform/secrets/master-key.ts';
import type { Partition } from '#platform/store/store.ts';
import { setTags } from '#platform/tags.ts';
import { STANDARD_VCPUS } from '#services/ec2/instance-limits.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { planOf, readVpc } from '#services/ec2/networks/plan.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { volumes } from '#services/ec2/volumes/state.ts';
import { PLAIN } from '#test/plain-cloud.ts';
import { microImage, simulatedHost } from '#test/sdk/ec2-host.ts';
import type { ClientSettings, Done, Wish } from './client.ts';

const MANY = 10_000;
const PAGE = 1000;
/** Of which there are so many when plans are made. */
const FIRST = 1000;

/** Copies of one that was launched, each with an interface, a volume and tags of its own. */
function multiply(partition: Partition, id: string, count: number): void {
  const like = partition.read((tx) => {
    const row = instances.find(tx, id) as InstanceRow;
    return {
      row,
      face: networkInterfaces.find(tx, row.interfaces[0] ?? ''),
      volume: volumes.find(tx, row.devices[0]?.volume ?? ''),
    };
  });
  for (let made = 0; made < count; made += 100) {
    partition.transact((tx) => {
      for (let index = 0; index < 100; index++) {
        const [instance, face, volume] = [newId('i'), newId('eni'), newId('vol')];
        if (like.face?.attachment === undefined || like.volume?.attachment === undefined)
          throw new Error('not attached');
        networkInterfaces.put(tx, { ...like.face, id: face, attachment: { ...like.face.attachment, instance } });
        volumes.put(tx, { ...like.volume, id: volume, attachment: { ...like.volume.attachment, instance } });
        // Stopped: nobody is to start ten thousand.
        const row = { ...like.row, id: instance, reservation: newId('r'), state: 'stopped' as const };
        instances.put(tx, { ...row, interfaces: [face], devices: [{ device: '/dev/xvda', volume }] });
        setTags(tx, resourceArn(tx.partition.name, 'instance', instance), { Name: `web-${made + index}` });
      }
    });
  }
}

/** CPU is of this process, which is the cloud; time is what the client waits. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

class Client {
  readonly #child;

  constructor(settings: ClientSettings) {
    this.#child = fork(join(import.meta.dirname, 'client.ts'), [JSON.stringify(settings)]);
  }

  async does(wish: Wish): Promise<Done & { readonly cost: Cost }> {
    const before = process.cpuUsage();
    this.#child.send(wish);
    // One thing at a time is asked of it.
    const [done] = (await once(this.#child, 'message')) as [Done];
    const { user, system } = process.cpuUsage(before);
    return { ...done, cost: { wall: done.milliseconds, cpu: (user + system) / 1000 } };
  }

  close(): void {
    this.#child.disconnect();
  }
}

/** The least is what it takes where nothing else runs on the same core; the middle, what it takes on this machine now. */
function said(what: string, costs: readonly Cost[]): void {
  const [wall, cpu] = [costs.map((cost) => cost.wall), costs.map((cost) => cost.cpu)];
  const words = (values: readonly number[]): string => {
    const sorted = [...values].sort((a, b) => a - b);
    return `${sorted[0]?.toFixed(1)} (least), ${sorted[sorted.length >> 1]?.toFixed(1)} ms (middle)`;
  };
  console.log(`${what}: CPU ${words(cpu)}; time ${words(wall)}`);
}

const ROUNDS = 10;

async function launches(client: Client, image: string, partition: Partition): Promise<void> {
  const costs: Cost[] = [];
  for (let count = 0; count < 20; count++) costs.push((await client.does({ kind: 'launch', image, atOnce: 1 })).cost);
  said('RunInstances, one after another', costs);
  const from = performance.now();
  const { ids = [] } = await client.does({ kind: 'launch', image, atOnce: 100 });
  const stateOf = (id: string) => partition.read((tx) => instances.find(tx, id))?.state;
  while (ids.some((id) => stateOf(id) === 'pending')) await new Promise((resolve) => setTimeout(resolve, 10));
  const running = ids.filter((id) => stateOf(id) === 'running');
  console.log(`${running.length} of 100 launches at once run after ${(performance.now() - from).toFixed(0)} ms`);
}

/** Read again and again: who asks for all asks more than once. */
async function pages(client: Client): Promise<void> {
  const first: Cost[] = [];
  const later: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let token: string | undefined;
    do {
      const page = await client.does({ kind: 'page', limit: PAGE, token });
      token = page.token;
      // The last one is not full.
      if (token !== undefined) (round === 0 ? first : later).push(page.cost);
    } while (token !== undefined);
  }
  said(`DescribeInstances of ${MANY}, a page of ${PAGE}, the first time`, first);
  said('  and again', later);
}

/** What each change in a VPC costs the server, before the host is told anything. */
function plans(partition: Partition, id: string): void {
  const costs: Cost[] = [];
  const { vpc = '' } = partition.read((tx) => instances.find(tx, id)) ?? {};
  for (let count = 0; count < 20; count++) {
    const [from, before] = [performance.now(), process.cpuUsage()];
    const rows = partition.read((tx) => readVpc(tx, vpc));
    if (rows === undefined) throw new Error('there is no such VPC');
    JSON.stringify(planOf(rows));
    const { user, system } = process.cpuUsage(before);
    costs.push({ wall: performance.now() - from, cpu: (user + system) / 1000 });
  }
  said(`The plan of a VPC with ${FIRST} interfaces`, costs);
}

/** What was written wakes the reconcilers: they are to be done. */
async function settled(): Promise<void> {
  for (;;) {
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (process.cpuUsage(before).user < 50_000) return;
  }
}

export async function measureApi(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-bench-'));
  const keyFile = join(folder, 'master-key.json');
  createMasterKeys(keyFile);
  const host = simulatedHost({ capacity: { vcpus: 256, memoryMiB: 1024 * 1024 } });
  const running = await startCloud({
    data: join(folder, 'data'),
    masterKeys: readMasterKeys(keyFile),
    ...PLAIN,
    host: async () => host,
  });
  const { first } = running.keys();
  if (first === undefined) throw new Error('no administrator');
  const client = new Client({ endpoint: running.url, credentials: first.administrator });
  try {
    const image = microImage(host);
    const account = first.account as Partition['name']['account'];
    const region = 'us-east-1' as Partition['name']['region'];
    const quotas = running.cloud.store.partition({ service: 'service-quotas', account, region });
    quotas.transact((tx) => applyQuota(tx, 'ec2', STANDARD_VCPUS, 1000));
    const { ids: [id = ''] = [] } = await client.does({ kind: 'launch', image, atOnce: 1 });
    const partition = running.cloud.store.partition({ service: 'ec2', account, region });
    await launches(client, image, partition);
    multiply(partition, id, FIRST);
    await partition.durable();
    plans(partition, id);
    multiply(partition, id, MANY - FIRST);
    await partition.durable();
    await settled();
    await pages(client);
  } finally {
    client.close();
    await running.stop(0);
    rmSync(folder, { recursive: true, force: true });
  }
}
