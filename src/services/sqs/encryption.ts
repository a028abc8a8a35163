/**
 * SSE-KMS. A body is sealed under a data key that KMS gave the sender, and opened under the same for a receiver whom KMS allows
 * to decrypt it; the rest of a message is not part of it ("Encryption scope"). Both use a data key again for the queue's reuse
 * period. Whoever moves a message moves its sealed body: only a receive opens it, in whatever queue it is by then.
 *
 * A send that has no data key suspends before it writes, and runs again when KMS has answered; so a queue without SSE-KMS costs
 * nothing, and one with it rarely waits.
 */
import { present } from '#platform/base/assert.ts';
import type { Call } from '#platform/service.ts';
import { Suspend } from '#platform/store/store.ts';
import type { DataKey, Envelopes } from '#services/kms/api.ts';
import { queueArn } from './address.ts';
import { fail, refusedByKms } from './errors.ts';
import type { OpenQueue } from './open-queue.ts';
import { DEFAULT_REUSE } from './settings.ts';
import type { MessageRow } from './state.ts';

const contextOf = (arn: string) => ({ 'aws:sqs:arn': arn });

/** A body and its MD5, as the body is kept. */
export type SealBody = (body: string, md5: string) => Pick<MessageRow, 'body' | 'encryption'>;

const unsealed: SealBody = (body) => ({ body, encryption: undefined });

/** For the bodies of one call. What it answers throws Suspend when KMS has to be asked first. */
export function bodySealer(envelopes: Envelopes, queue: OpenQueue, call: Call): SealBody {
  const { encryption } = queue.settings;
  if (encryption === undefined) return unsealed;
  checkSigned(queue, call);
  const arn = queueArn(call, queue.row.name);
  const key = {
    keyId: encryption.keyId,
    context: contextOf(arn),
    reuseMilliseconds: encryption.reuse,
    isVerified: true,
  } as const;
  let known: DataKey | undefined;
  return (body, md5) => {
    known ??= atOnce(envelopes.sealingKey(call, key));
    return {
      body: known.seal(Buffer.from(body), md5).toString('base64'),
      encryption: { dataKey: known.encrypted, queueArn: arn },
    };
  };
}

/**
 * Who starts a task that moves messages needs what a consumer of the one queue and a producer of the other need, asked for once:
 * KMS's code if it refuses. Undefined at once for queues without SSE-KMS.
 */
export function refusalToMove(
  envelopes: Envelopes,
  from: OpenQueue,
  to: readonly OpenQueue[],
  call: Call,
): Promise<string | undefined> | undefined {
  const trials = [
    ...trialsOn(from, ['Decrypt'], call),
    ...to.flatMap((queue) => trialsOn(queue, ['GenerateDataKey', 'Decrypt'], call)),
  ];
  if (trials.length === 0) return undefined;
  const asked = trials.map(({ key, operation }) => envelopes.refusalOf(call, key, operation));
  return Promise.all(asked).then((refusals) => refusals.find((code) => code !== undefined));
}

function trialsOn({ settings, row }: OpenQueue, operations: readonly ('Decrypt' | 'GenerateDataKey')[], call: Call) {
  const { encryption } = settings;
  if (encryption === undefined) return [];
  const key = { keyId: encryption.keyId, context: contextOf(queueArn(call, row.name)) };
  return operations.map((operation) => ({ key, operation }));
}

function atOnce(dataKey: DataKey | Promise<DataKey>): DataKey {
  if (dataKey instanceof Promise) throw new Suspend(dataKey.then(() => {}, refusedByKms));
  return dataKey;
}

/** By the data key as it lies with the message. */
export type OpeningKeys = ReadonlyMap<string, DataKey>;

const NO_KEYS: OpeningKeys = new Map();

/** What opens these messages; a promise when KMS has to be asked first. */
export function openingKeys(
  envelopes: Envelopes,
  queue: OpenQueue,
  call: Call,
  rows: readonly MessageRow[],
): OpeningKeys | Promise<unknown> {
  if (rows.every(({ encryption }) => encryption === undefined)) return NO_KEYS;
  // Not thrown here: what was picked has to be put back.
  if (call.principal.kind === 'anonymous') return noted(Promise.resolve().then(() => fail('AnonymousOnEncrypted')));
  // A dead-letter queue may have sealed messages and no key of its own.
  const reuseMilliseconds = queue.settings.encryption?.reuse ?? DEFAULT_REUSE;
  const keys = new Map<string, DataKey>();
  const asked = new Map<string, Promise<DataKey>>();
  for (const { encryption } of rows) {
    if (encryption === undefined || keys.has(encryption.dataKey) || asked.has(encryption.dataKey)) continue;
    const { dataKey, queueArn: arn } = encryption;
    const found = envelopes.openingKey(call, { context: contextOf(arn), reuseMilliseconds }, dataKey);
    if (found instanceof Promise) asked.set(dataKey, found);
    else keys.set(dataKey, found);
  }
  return asked.size === 0 ? keys : noted(Promise.all(asked.values()).catch(refusedByKms));
}

/** A client that is gone by now does not wait for it, and a refusal that nobody hears would end the process. */
function noted<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {});
  return answer;
}

/** The text of a message. */
export function openedBody({ body, md5, encryption }: MessageRow, keys: OpeningKeys): string {
  if (encryption === undefined) return body;
  const key = present(keys.get(encryption.dataKey), 'a message is handed out when its key is there');
  return key.open(Buffer.from(body, 'base64'), md5).toString();
}

/** "With SSE enabled, anonymous SendMessage and ReceiveMessage requests to the encrypted queue will be rejected." */
export function checkSigned({ settings }: OpenQueue, { principal }: Call): void {
  if (settings.encryption !== undefined && principal.kind === 'anonymous') fail('AnonymousOnEncrypted');
}
