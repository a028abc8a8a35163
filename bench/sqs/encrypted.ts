/**
 * What SSE-KMS costs: send, receive and delete on a queue with a KMS key beside one without, in turns in the same run; a data
 * key is used again for five minutes. Run: node bench/sqs/encrypted.ts [rounds]
 */
import { measure, queueUrl, show } from './measure.ts';
import { startMakonis } from './peers.ts';
import { batches, turns } from './workloads.ts';

const CONNECTIONS = 64;
const SECONDS = 2;
const WARM_UP_SECONDS = 6;

const [rounds = 4] = process.argv.slice(2).map(Number);
const peer = await startMakonis();
try {
  const kinds = { plain: {}, 'SSE-KMS': { KmsMasterKeyId: 'alias/aws/sqs' } };
  const loads = await Promise.all(
    Object.entries(kinds).map(async ([kind, attributes]) => {
      const [one, ten] = [
        await queueUrl(peer, `${kind}-1`, attributes),
        await queueUrl(peer, `${kind}-10`, attributes),
      ];
      return [
        [kind, turns(peer, 'json', one)],
        [`${kind}, batches of 10`, batches(peer, 'json', ten)],
      ] as const;
    }),
  );
  for (const [, next] of loads.flat()) await measure(peer, CONNECTIONS, next, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round++) {
    for (const [what, next] of loads.flat()) show(peer, what, await measure(peer, CONNECTIONS, next, SECONDS));
  }
} finally {
  await peer.stop();
}
