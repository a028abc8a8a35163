/** What the clients do between two kills: send, receive and delete on both kinds of queues, make users and keys, tag, be refused. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CrashClient, Key, Outcome } from '#test/crash/client.ts';
import { QueueModel, type Received } from '#test/crash/model.ts';

export const STANDARD_VISIBILITY_SECONDS = 3;
export const FIFO_VISIBILITY_SECONDS = 2;
/** A deletion that is acknowledged this long after its receive began has surely met the newest receipt handle. */
const SURE_MILLISECONDS = 1200;
const GROUPS = 6;

export interface Queues {
  readonly standard: string;
  readonly fifo: string;
}

export class Load {
  readonly standard = new QueueModel();
  readonly fifo = new QueueModel();
  /** Acknowledged keys, by user. */
  readonly keys = new Map<string, Key>();
  /** The last value of the tag that was acknowledged, and the last that was sent. */
  readonly tag = { acknowledged: 0, sent: 0 };
  readonly unexpected: string[] = [];
  readonly #client: CrashClient;
  readonly #queues: Queues;
  readonly #administrator: Key;
  readonly #stranger: Key;
  #isStopped = false;
  #count = 0;

  constructor(client: CrashClient, queues: Queues, administrator: Key, stranger: Key) {
    this.#client = client;
    this.#queues = queues;
    this.#administrator = administrator;
    this.#stranger = stranger;
  }

  /** Runs until `stop`; an unknown end is no reason to end. */
  async run(): Promise<void> {
    const workers = [
      ...Array.from({ length: 4 }, () => () => this.#sendStandard()),
      ...Array.from({ length: 4 }, () => () => this.consume('standard')),
      ...Array.from({ length: GROUPS }, (_, group) => this.#fifoSender(`g${group}`)),
      ...Array.from({ length: 3 }, () => () => this.consume('fifo')),
      () => this.#makeUser(),
      () => this.#setTag(),
      () => this.#beRefused(),
    ];
    await Promise.all(workers.map((step) => this.#repeat(step)));
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #repeat(step: () => Promise<Outcome['end']>): Promise<void> {
    while (!this.#isStopped) if ((await step()) === 'unknown') await pause(20);
  }

  /** An answer that nothing here explains. */
  #expect(what: string, outcome: Outcome): Outcome {
    if (outcome.end === 'refused') this.unexpected.push(`${what}: ${outcome.status} ${outcome.body}`);
    return outcome;
  }

  async #sendStandard(): Promise<Outcome['end']> {
    const body = `message ${this.#count++}`;
    this.standard.sent(body, 'unknown');
    const input = { QueueUrl: this.#queues.standard, MessageBody: body };
    const { end } = this.#expect('send', await this.#client.sqs('SendMessage', input, this.#administrator));
    this.standard.sent(body, end);
    return end;
  }

  /** Sends the same message until it is acknowledged: the deduplication id makes one of them. */
  #fifoSender(group: string): () => Promise<Outcome['end']> {
    let number = 0;
    return async () => {
      const body = `${group} ${number}`;
      this.fifo.sent(body, 'unknown');
      const input = {
        QueueUrl: this.#queues.fifo,
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: `${group}-${number}`,
      };
      const { end } = this.#expect('send', await this.#client.sqs('SendMessage', input, this.#administrator));
      this.fifo.sent(body, end);
      if (end === 'answered') number++;
      return end;
    };
  }

  /** Receives, and deletes most; answers how the receive ended. `onEmpty` hears that there was nothing. */
  async consume(kind: 'standard' | 'fifo', onReceived?: (count: number) => void): Promise<Outcome['end']> {
    const QueueUrl = this.#queues[kind];
    const begun = performance.now();
    const input = { QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] };
    const outcome = this.#expect('receive', await this.#client.sqs('ReceiveMessage', input, this.#administrator));
    if (outcome.end !== 'answered') return outcome.end;
    const { Messages = [] } = JSON.parse(outcome.body) as { Messages?: Received[] };
    this[kind].received(Messages, begun);
    onReceived?.(Messages.length);
    for (const message of Messages) {
      // Some are left to come back, while nobody waits for the end.
      if (onReceived === undefined && Math.random() < 0.05) continue;
      await this.#delete(kind, message, begun);
    }
    return outcome.end;
  }

  async #delete(kind: 'standard' | 'fifo', { Body, ReceiptHandle }: Received, begun: number): Promise<void> {
    const input = { QueueUrl: this.#queues[kind], ReceiptHandle };
    this[kind].deleted(Body, 'unknown', 0);
    const { end } = await this.#client.sqs('DeleteMessage', input, this.#administrator);
    const at = performance.now();
    // A late one may have met a newer handle: then it is acknowledged (or, by FIFO queues, refused) and deletes nothing.
    if (at - begun < SURE_MILLISECONDS) this[kind].deleted(Body, end, at);
  }

  async #makeUser(): Promise<Outcome['end']> {
    const UserName = `user-${this.#count++}`;
    const made = this.#expect('user', await this.#client.form('iam', 'CreateUser', { UserName }, this.#administrator));
    if (made.end !== 'answered') return made.end;
    const key = this.#expect(
      'key',
      await this.#client.form('iam', 'CreateAccessKey', { UserName }, this.#administrator),
    );
    if (key.end === 'answered') this.keys.set(UserName, keyOf(key.body));
    await pause(10);
    return key.end;
  }

  async #setTag(): Promise<Outcome['end']> {
    const value = ++this.tag.sent;
    const input = { QueueUrl: this.#queues.standard, Tags: { count: String(value) } };
    const { end } = this.#expect('tag', await this.#client.sqs('TagQueue', input, this.#administrator));
    if (end === 'answered') this.tag.acknowledged = value;
    await pause(5);
    return end;
  }

  async #beRefused(): Promise<Outcome['end']> {
    const input = { QueueUrl: this.#queues.standard };
    const { end } = await this.#client.sqs('GetQueueAttributes', input, this.#stranger);
    if (end === 'answered') this.unexpected.push('a user without policies was answered');
    await pause(5);
    return end;
  }
}

export function keyOf(xml: string): Key {
  const of = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(xml)?.[1] ?? '';
  return { accessKeyId: of('AccessKeyId'), secretAccessKey: of('SecretAccessKey') };
}
