/**
 * Clients of a farm, in a process of their own on a machine beside it: AWS's SDKs, each call at another address. They say how often each address
 * has answered, and in the end what they were told and is not so.
 */
import { CreateUserCommand, IAMClient, ListUsersCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

export interface Told {
  /** Calls that were answered since the last time, by address. */
  readonly answered?: Readonly<Record<string, number>>;
  readonly ended?: { readonly refused: readonly string[]; readonly lost: readonly string[]; readonly done: number };
}

const [accessKeyId = '', secretAccessKey = '', ...endpoints] = process.argv.slice(2);
/** A node that is replaced is gone for seconds. */
const config = {
  region: 'us-east-1',
  credentials: { accessKeyId, secretAccessKey },
  maxAttempts: 12,
  retryMode: 'standard',
};
const clients = endpoints.map((endpoint) => ({
  endpoint,
  sqs: new SQSClient({ ...config, endpoint }),
  s3: new PathStyleS3({ ...config, endpoint }),
  iam: new IAMClient({ ...config, endpoint }),
}));
type Clients = (typeof clients)[number];

let answered: Record<string, number> = {};
let done = 0;
let isOver = false;
let isSending = true;
const refused: string[] = [];
const sent = new Set<string>();
const received = new Set<string>();
const objects = new Map<string, string>();
const users = new Set<string>();

/** By whichever address; again by another one when all attempts at it have failed, as while it is down. */
async function call<T>(action: (at: Clients) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const at = clients[Math.floor(Math.random() * clients.length)] as Clients; // there are some
    try {
      const answer = await action(at);
      answered[at.endpoint] = (answered[at.endpoint] ?? 0) + 1;
      done++;
      return answer;
    } catch (error) {
      const { $metadata, name } = error as { $metadata?: { httpStatusCode?: number }; name: string };
      const status = $metadata?.httpStatusCode ?? 500;
      if (status < 500 && name !== 'TimeoutError') refused.push(`${at.endpoint}: ${String(error)}`);
      if (status < 500 || attempt > 20) throw error;
    }
  }
}

const { QueueUrl } = await call(({ sqs }) => sqs.send(new CreateQueueCommand({ QueueName: 'orders' })));
await call(({ s3 }) => s3.send(new CreateBucketCommand({ Bucket: 'long-bytes' })));

async function send(worker: number): Promise<void> {
  for (let count = 0; !isOver; count++) {
    const MessageBody = `${worker} ${count}`;
    await call(({ sqs }) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody })));
    sent.add(MessageBody);
  }
}

async function receive(): Promise<void> {
  for (let isEmpty = false; isSending || !isEmpty; ) {
    const { Messages = [] } = await call(({ sqs }) =>
      sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: 5 }),
      ),
    );
    isEmpty = Messages.length === 0 && [...sent].every((body) => received.has(body));
    for (const { Body = '', ReceiptHandle } of Messages) {
      received.add(Body);
      await call(({ sqs }) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })));
    }
  }
}

async function put(worker: number): Promise<void> {
  for (let count = 0; !isOver; count++) {
    const Key = `${worker}/${count % 10}`;
    const Body = `${Key} ${count} `.repeat(count % 3 === 0 ? 150_000 : 1000);
    await call(({ s3 }) => s3.send(new PutObjectCommand({ Bucket: 'long-bytes', Key, Body })));
    objects.set(Key, Body);
  }
}

async function makeUsers(): Promise<void> {
  while (!isOver) {
    const UserName = `user-${users.size}`;
    await call(({ iam }) => iam.send(new CreateUserCommand({ UserName }))).catch((error: Error) => {
      // An attempt before had been carried out.
      if (error.name !== 'EntityAlreadyExistsException') throw error;
      refused.pop();
    });
    users.add(UserName);
  }
}

async function lost(): Promise<string[]> {
  const missing = [...sent].filter((body) => !received.has(body)).map((body) => `message ${body}`);
  for (const [Key, body] of objects) {
    const { Body } = await call(({ s3 }) => s3.send(new GetObjectCommand({ Bucket: 'long-bytes', Key })));
    if ((await Body?.transformToString()) !== body) missing.push(`object ${Key}`);
  }
  const { Users = [] } = await call(({ iam }) => iam.send(new ListUsersCommand({ MaxItems: 1000 })));
  const there = new Set(Users.map(({ UserName }) => UserName));
  return [...missing, ...[...users].filter((user) => !there.has(user)).map((user) => `user ${user}`)];
}

const tell = (told: Told): void => void process.send?.(told);
// The last may be answered long after the end was asked for.
const sending = Promise.all([send(0), send(1)]).finally(() => {
  isSending = false;
});
const working = Promise.all([sending, receive(), receive(), put(0), put(1), makeUsers()]);
// Told by `end`.
working.catch(() => {});
process.on('message', async (order) => {
  if (order === 'progress') {
    tell({ answered });
    answered = {};
    return;
  }
  isOver = true;
  await working.catch((error: unknown) => refused.push(String(error)));
  tell({ ended: { refused, lost: await lost(), done } });
  process.disconnect();
});
tell({ answered });
