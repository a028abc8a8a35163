/**
 * EC2's own time, on a simulated host: DescribeInstances of 10,000 instances page by page, a hundred launches at once, and what a launch
 * costs the API. `node bench/ec2/main.ts`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DescribeInstancesCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { startCloud } from '#main';
import { silent } from '#platform/base/log.ts';
import { applyQuota } from '#platform/quotas.ts';
import { createMasterKeys, readMasterKeys } from '#platform/secrets/master-key.ts';
import type { Partition } from '#platform/store/store.ts';
import { setTags } from '#platform/tags.ts';
import { STANDARD_VCPUS } from '#services/ec2/instance-limits.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { volumes } from '#services/ec2/volumes/state.ts';
import { microImage, simulatedHost } from '#test/sdk/ec2-host.ts';

const MANY = 10_000;
const PAGE = 1000;

/** Copies of one that was launched, each with an interface, a volume and tags of its own. */
function multiply(partition: Partition, id: string): void {
  const like = partition.read((tx) => {
    const row = instances.find(tx, id) as InstanceRow;
    return {
      row,
      face: networkInterfaces.find(tx, row.interfaces[0] ?? ''),
      volume: volumes.find(tx, row.devices[0]?.volume ?? ''),
    };
  });
  for (let made = 0; made < MANY; made += 100) {
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

/** Of the whole process, which is the cloud and a client that looks at nothing but a token: what others do on the machine is not in it. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function costOf(action: () => Promise<unknown>): Promise<Cost> {
  const [from, before] = [performance.now(), process.cpuUsage()];
  await action();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - from, cpu: (user + system) / 1000 };
}

type Handler = EC2Client['config']['requestHandler'];

/** Answers the SDK what it needs to go on: parsing a megabyte of XML takes it longer than making it takes the cloud. */
const skimming = (through: Handler): Handler => ({
  ...through,
  async handle(request, options) {
    const { response } = await through.handle(request, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response.body as Readable) chunks.push(chunk as Buffer);
    const whole = Buffer.concat(chunks);
    const ends = whole.toString('latin1', 0, 1000) + whole.subarray(-1000).toString('latin1');
    const token = /<nextToken>[^<]*<\/nextToken>/.exec(ends)?.[0] ?? '';
    const name = /<(\w+Response)/.exec(ends)?.[1] ?? 'Response';
    return { response: Object.assign(response, { body: Readable.from([`<${name}>${token}</${name}>`]) }) };
  },
});

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const said = (what: string, costs: readonly Cost[]): void => {
  const [wall, cpu] = [costs.map((cost) => cost.wall), costs.map((cost) => cost.cpu)];
  const [least, most] = [Math.min(...wall).toFixed(0), Math.max(...wall).toFixed(0)];
  console.log(
    `${what}: ${median(cpu).toFixed(1)} ms of CPU; ${least} to ${most} ms of time, median ${median(wall).toFixed(0)} ms`,
  );
};

const folder = mkdtempSync(join(tmpdir(), 'makonis-bench-'));
const keyFile = join(folder, 'master-key.json');
createMasterKeys(keyFile);
const host = simulatedHost({ capacity: { vcpus: 256, memoryMiB: 1024 * 1024 } });
const running = await startCloud({
  data: join(folder, 'data'),
  masterKeys: readMasterKeys(keyFile),
  port: 0,
  adminPort: 0,
  adminToken: 'bench',
  listen: [],
  domains: ['localhost'],
  region: 'us-east-1',
  tlsFolder: undefined,
  log: silent,
  version: 'bench',
  host: async () => host,
});
try {
  const { first } = running.keys();
  if (first === undefined) throw new Error('no administrator');
  const ec2 = new EC2Client({ endpoint: running.url, region: 'us-east-1', credentials: first.administrator });
  const image = microImage(host);
  const launch = () =>
    ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: 't2.nano', MinCount: 1, MaxCount: 1 }));
  const quotas = running.cloud.store.partition({
    service: 'service-quotas',
    account: first.account as never,
    region: 'us-east-1' as never,
  });
  quotas.transact((tx) => applyQuota(tx, 'ec2', STANDARD_VCPUS, 1000));
  const id = (await launch()).Instances?.[0]?.InstanceId ?? '';
  const times: Cost[] = [];
  for (let count = 0; count < 20; count++) times.push(await costOf(launch));
  said('RunInstances, one after another', times);

  const launched: string[] = [];
  const all = await costOf(async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, launch));
    launched.push(...answers.flatMap(({ Instances = [] }) => Instances.flatMap(({ InstanceId }) => InstanceId ?? [])));
    for (;;) {
      const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: launched }));
      const states = Reservations.flatMap(({ Instances = [] }) => Instances.map(({ State }) => State?.Name));
      if (states.every((state) => state === 'running')) break;
    }
  });
  console.log(`${launched.length} launches at once, until all run: ${all.wall.toFixed(0)} ms`);

  const account = first.account as Partition['name']['account'];
  const region = 'us-east-1' as Partition['name']['region'];
  const partition = running.cloud.store.partition({ service: 'ec2', account, region });
  multiply(partition, id);
  await partition.durable();
  // What was written wakes the reconcilers: they are to be done.
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  const reader = new EC2Client({
    endpoint: running.url,
    region: 'us-east-1',
    credentials: first.administrator,
    requestHandler: skimming(ec2.config.requestHandler),
  });
  const pages: Cost[] = [];
  let NextToken: string | undefined;
  do {
    pages.push(
      await costOf(async () => {
        const page = await reader.send(
          new DescribeInstancesCommand({ MaxResults: PAGE, ...(NextToken && { NextToken }) }),
        );
        NextToken = page.NextToken;
      }),
    );
  } while (NextToken !== undefined);
  said(`DescribeInstances of ${MANY}, a page of ${PAGE}`, pages);
} finally {
  await running.stop(0);
  rmSync(folder, { recursive: true, force: true });
}
