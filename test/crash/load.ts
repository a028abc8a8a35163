/** What the clients do between two kills: send, receive and delete on both kinds of queues, make users and keys, tag, be refused. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CrashClient, Key, Outcome } from '#test/crash/client.ts';
import { QueueModel, type Received } from '#test/crash/model.ts';

export const STANDARD_VISIBILITY_SECONDS = 3;
export const FIFO_VISIBILITY_SECONDS = 2;
/** A deletion that is acknowledged this long after its receive began has surely met the newest receipt handle. */
export const SURE_MILLISECONDS = 1200;
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
      ...Array.from({ length: GROUPS }, (_, group) => this.#fifoSender(group)),
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

  /** One message, or several as a batch. */
  async #sendStandard(): Promise<Outcome['end']> {
    const bodies = Array.from({ length: Math.ceil(Math.random() * 10) }, () => `message ${this.#count++}`);
    for (const body of bodies) this.standard.sent(body, 'unknown');
    const end = await this.#send(
      this.#queues.standard,
      bodies.map((MessageBody) => ({ MessageBody })),
    );
    for (const body of bodies) this.standard.sent(body, end);
    return end;
  }

  /** Sends the same messages until they are acknowledged: the deduplication ids make one of each. */
  #fifoSender(group: number): () => Promise<Outcome['end']> {
    let number = 0;
    return async () => {
      const messages = Array.from({ length: group % 2 ? 1 : 3 }, (_, at) => ({
        MessageBody: `g${group} ${number + at}`,
        MessageGroupId: `g${group}`,
        MessageDeduplicationId: `${group}-${number + at}`,
      }));
      for (const { MessageBody } of messages) this.fifo.sent(MessageBody, 'unknown');
      const end = await this.#send(this.#queues.fifo, messages);
      for (const { MessageBody } of messages) this.fifo.sent(MessageBody, end);
      if (end === 'answered') number += messages.length;
      return end;
    };
  }

  async #send(QueueUrl: string, messages: readonly object[]): Promise<Outcome['end']> {
    const [operation, input] =
      messages.length === 1
        ? (['SendMessage', messages[0]] as const)
        : (['SendMessageBatch', { Entries: messages.map((message, at) => ({ ...message, Id: String(at) })) }] as const);
    const outcome = await this.#client.sqs(operation, { QueueUrl, ...input }, this.#administrator);
    if (outcome.end === 'answered' && outcome.body.includes('"Failed":[{')) this.unexpected.push(outcome.body);
    return this.#expect('send', outcome).end;
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
    // Some are left to come back, while nobody waits for the end.
    const done = Messages.filter(() => onReceived !== undefined || Math.random() > 0.05);
    if (Math.random() < 0.5) await this.#deleteBatch(kind, done, begun);
    else for (const message of done) await this.#delete(kind, message, begun);
    return outcome.end;
  }

  async #deleteBatch(kind: 'standard' | 'fifo', messages: readonly Received[], begun: number): Promise<void> {
    if (messages.length === 0) return;
    for (const { Body } of messages) this[kind].deleted(Body, 'unknown', 0);
    const Entries = messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }));
    const input = { QueueUrl: this.#queues[kind], Entries };
    const outcome = this.#expect('delete', await this.#client.sqs('DeleteMessageBatch', input, this.#administrator));
    const at = performance.now();
    if (outcome.end !== 'answered' || at - begun >= SURE_MILLISECONDS) return;
    const { Successful = [] } = JSON.parse(outcome.body) as { Successful?: { readonly Id: string }[] };
    for (const { Id } of Successful) this[kind].deleted(messages[Number(Id)]?.Body ?? '', 'answered', at);
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
