/**
 * What it costs to forward a call (real.ts: between real processes): two nodes in this process, over rows in memory, and calls that begin at the one that holds the account
 * and at the other, in turns. CPU time is of both ends together. Run: node bench/processes/main.ts [calls] [rounds] [at once]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningCloud, startCloud } from '#main';
import { present } from '#platform/base/assert.ts';
import { newRequestId, type Region } from '#platform/base/ids.ts';
import type { Cloud } from '#platform/cloud.ts';
import { dispatch } from '#platform/dispatch.ts';
import { createMasterKeys } from '#platform/secrets/master-key.ts';
import type { Input, Output } from '#platform/service.ts';
import { PLAIN } from '#test/plain-cloud.ts';
import { memoryFarm, settled } from '#test/sdk/several.ts';
import { until } from '#test/until.ts';

const [calls = 4000, rounds = 5, atOnce = 32] = process.argv.slice(2).map(Number);

const folder = mkdtempSync(join(tmpdir(), 'makonis-bench-'));
const masterKeys = createMasterKeys(join(folder, 'master-key.json'));
const farm = memoryFarm(masterKeys);
const start = (name: string): Promise<RunningCloud> =>
  startCloud({
    data: join(folder, name),
    blobs: join(folder, 'blobs'),
    masterKeys,
    ...PLAIN,
    processes: farm.member(),
  });

async function call(cloud: Cloud, accessKeyId: string, name: string, input: Input): Promise<Output> {
  const sqs = present(cloud.registry.service('sqs'), 'there is SQS');
  await sqs.load();
  const { principal } = cloud.identity.credential(accessKeyId, undefined, cloud.clock.now());
  return dispatch(cloud, {
    operation: present(sqs.operation(name), name),
    input,
    region: 'us-east-1' as Region,
    requestId: newRequestId(),
    origin: 'http://localhost:4566',
    client: { signal: new AbortController().signal },
    caller: { principal, accessKeyId, sourceAddress: '127.0.0.1', userAgent: 'bench', isSecure: false, calledVia: [] },
  });
}

/** CPU microseconds of a call. */
async function measure(cloud: Cloud, accessKeyId: string, input: Input): Promise<number> {
  const before = process.cpuUsage();
  let left = calls;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call(cloud, accessKeyId, 'SendMessage', input);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const nodes = [await start('a'), await start('b')];
await settled(nodes);
const { account, administrator } = present(nodes[0]?.keys().first, 'a first account');
const isHolder = ({ cloud }: RunningCloud): boolean => {
  const leave = cloud.placement?.enter(account);
  leave?.();
  return leave !== undefined;
};
// Who was handed a slot sees it at its next look.
await until(() => nodes.filter(isHolder).length === 1, 'a holder');
const holder = present(nodes.find(isHolder), 'one holds it').cloud;
const other = present(
  nodes.find((node) => !isHolder(node)),
  'the other does not',
).cloud;
const { QueueUrl } = await call(holder, administrator.accessKeyId, 'CreateQueue', { QueueName: 'orders' });
const input = { QueueUrl, MessageBody: 'x'.repeat(200) };
for (let round = 0; round <= rounds; round++) {
  const own = await measure(holder, administrator.accessKeyId, input);
  const forwarded = await measure(other, administrator.accessKeyId, input);
  const what = `${own.toFixed(1)} us at the holder, ${forwarded.toFixed(1)} us forwarded: ${(forwarded - own).toFixed(1)} us of CPU`;
  console.log(round === 0 ? `warm-up: ${what}` : what);
}
await Promise.all(nodes.map((node) => node.stop(0)));
rmSync(folder, { recursive: true, force: true });
