/** For tests of the handlers: one account's SQS over a store in memory, with a clock that tests move. */
import type { TestContext } from 'node:test';
import { SimulatedClock } from '#platform/base/clock.ts';
import type { AccountId, Region, RequestId } from '#platform/base/ids.ts';
import { silent } from '#platform/base/log.ts';
import { TimerRunner } from '#platform/jobs/timers.ts';
import type { SqsOperations } from '#platform/model/generated/sqs.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call, TimerJob } from '#platform/service.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { Partition, Store, Transaction } from '#platform/store/store.ts';
import type { Envelopes } from '#services/kms/api.ts';
import { sqs } from './service.ts';

/** Tokens that anybody can read; that they are sealed is tested with the platform. */
const openTokens: PageTokens = {
  seal: (_, query, position) => JSON.stringify([query, position]),
  open(_, query, token, invalid) {
    if (!token.startsWith(`[${JSON.stringify(query)},`)) return invalid();
    return JSON.parse(token)[1];
  },
};
/** Encryption by KMS is tested with KMS. */
const noKeys = (): never => {
  throw new Error('not in this test');
};
const envelopes: Envelopes = {
  keyArn: noKeys,
  sealingKey: noKeys,
  openingKey: noKeys,
  refusalOf: noKeys,
  seal: noKeys,
  sealByEncrypt: noKeys,
  open: noKeys,
};
const principals = { idOf: () => undefined, arnOf: () => undefined, isAccount: () => false };
const service = sqs({ pages: openTokens, envelopes, principals });

export const ACCOUNT = '123456789012' as AccountId;
export const REGION = 'us-east-1' as Region;

type In<Name extends keyof SqsOperations> = SqsOperations[Name]['input'];
type Out<Name extends keyof SqsOperations> = SqsOperations[Name]['output'];

export interface TestSqs {
  readonly clock: SimulatedClock;
  readonly partition: Partition;
  call<Name extends keyof SqsOperations>(name: Name, input: In<Name>, signal?: AbortSignal): Promise<Out<Name>>;
  /** A new queue's URL. */
  queue(name: string, attributes?: Record<string, string>): Promise<string>;
  /** Forgets all memory, as after a restart; rows stay. */
  restart(): Promise<void>;
}

const principal: Principal = {
  kind: 'user',
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
  userId: 'AIDAALICE',
  userName: 'alice',
};

const FROM_NOWHERE = { sourceAddress: '127.0.0.1', userAgent: '', calledVia: [] };
const NO_REQUEST = { ...FROM_NOWHERE, door: undefined, address: undefined, tls: undefined };

const timerJobs: Readonly<Record<string, TimerJob>> = service.timers;

export function testSqs(t: TestContext): TestSqs {
  const clock = new SimulatedClock();
  const drivers = memoryDrivers();
  let store: Store;
  let partition: Partition;
  let timers: TimerRunner;
  const open = (): void => {
    store = openStore({ drivers });
    partition = store.partition({ service: 'sqs', account: ACCOUNT, region: REGION });
    timers = new TimerRunner(partition, { clock, log: silent, jobOf: (name) => timerJobs[name] });
  };
  const close = async (): Promise<void> => {
    timers.stop();
    await partition.durable();
    await store.close();
  };
  open();
  t.after(close);
  const sqsCall = (operation: string, signal: AbortSignal): Omit<Call, 'tx'> => ({
    service: 'sqs',
    operation,
    requestId: 'test' as RequestId,
    eventId: 'test',
    principal,
    account: ACCOUNT,
    region: REGION,
    now: clock.now(),
    begunAt: clock.now(),
    clock,
    log: silent,
    partition,
    origin: 'http://localhost:4566',
    signal,
    transact: (action) => partition.transact(action),
    meter: () => {},
    billAs: () => {},
    quota: () => 0,
    allows: () => true,
    ...NO_REQUEST,
    invoke: () => Promise.reject(new Error('not in this test')),
  });
  return {
    clock,
    get partition() {
      return partition;
    },
    async call(name, input, signal = new AbortController().signal) {
      const call = sqsCall(name, signal);
      // The table's handlers take each its own input, which `name` and `input` together have.
      const handler = service.operations[name].handler as (input: unknown, call: unknown) => never;
      const output =
        name === 'ReceiveMessage'
          ? await handler(input, call)
          : partition.transact((tx: Transaction) => handler(input, { ...call, tx }));
      await partition.durable();
      return output;
    },
    async queue(name, attributes) {
      const { QueueUrl } = await this.call('CreateQueue', {
        QueueName: name,
        ...(attributes === undefined ? {} : { Attributes: attributes }),
      });
      return QueueUrl ?? '';
    },
    async restart() {
      await close();
      open();
    },
  };
}
