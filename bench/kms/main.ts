/**
 * KMS: what cryptographic operations cost, signed, authorised and audited. Decrypt opens a data key, as services and encryption
 * libraries do most; GetCallerIdentity in the same run is what a request costs that does nothing. Run: node bench/kms/main.ts
 * [rounds]
 */
import { runLoad } from '../load/client.ts';
import { type Figures, measure, show } from '../sqs/measure.ts';
import { type OwnPeer, startMakonis } from '../sqs/peers.ts';
import { signedRequest } from '../sqs/request.ts';

const [count = 5] = process.argv.slice(2).map(Number);
const peer = await startMakonis();

const kmsRequest = (operation: string, input: object): Buffer =>
  signedRequest(peer, 'kms', JSON.stringify(input), [
    ['content-type', 'application/x-amz-json-1.1'],
    ['x-amz-target', `TrentService.${operation}`],
  ]);

async function ask(target: OwnPeer, operation: string, input: object): Promise<Record<string, unknown>> {
  let answer = '';
  let isAsked = false;
  await runLoad({
    port: target.port,
    connections: 1,
    seconds: 20,
    warmupSeconds: 0,
    next: (_, previous) => {
      if (previous !== undefined) answer = previous.body.toString('utf8');
      if (isAsked) return undefined;
      isAsked = true;
      return kmsRequest(operation, input);
    },
  });
  return JSON.parse(answer) as Record<string, unknown>;
}

const { KeyMetadata } = await ask(peer, 'CreateKey', {});
// CreateKey's answer.
const { KeyId } = KeyMetadata as { readonly KeyId: string };
const context = { EncryptionContext: { 'aws:sqs:arn': 'arn:aws:sqs:us-east-1:123456789012:orders' } };
const { CiphertextBlob } = await ask(peer, 'GenerateDataKey', { KeyId, KeySpec: 'AES_256', ...context });

const requests: readonly (readonly [string, Buffer])[] = [
  [
    'identity',
    signedRequest(peer, 'sts', 'Action=GetCallerIdentity&Version=2011-06-15', [
      ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
    ]),
  ],
  ['Decrypt', kmsRequest('Decrypt', { CiphertextBlob, ...context })],
  ['GenerateDataKey', kmsRequest('GenerateDataKey', { KeyId, KeySpec: 'AES_256', ...context })],
];
for (const [name, request] of requests) show(peer, `${name}, 1 conn.`, await measure(peer, 1, () => request, 2));
// In turns, so that a busy minute of the machine falls on all alike; the first round only warms up.
const rounds = requests.map((): Figures[] => []);
for (let round = 0; round <= count; round++) {
  for (const [index, [, request]] of requests.entries()) {
    const figures = await measure(peer, 64, () => request, 2);
    if (round > 0) rounds[index]?.push(figures);
  }
}
for (const [index, [name]] of requests.entries()) {
  const byCpu = (rounds[index] ?? []).toSorted((a, b) => a.cpuUs - b.cpuUs);
  const [least, middle] = [byCpu[0], byCpu[byCpu.length >> 1]];
  if (least !== undefined) show(peer, `${name}, least`, least);
  if (middle !== undefined) show(peer, `${name}, middle`, middle);
}
await peer.stop();
