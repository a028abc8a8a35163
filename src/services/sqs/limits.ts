/**
 * The limits of SQS, each as AWS documents it (Developer Guide, "Amazon SQS quotas"; API Reference of the operation). They
 * are AWS's contract with clients, not the machine's: how many messages, queues and long polls there may be is not here.
 */
import { minutes, seconds } from '#platform/base/clock.ts';

/** Body plus names, types and values of attributes; also the sum over a batch. "Message size: … 1 MiB". */
export const MAX_MESSAGE_BYTES = 1_048_576;
export const MAX_BATCH_ENTRIES = 10;
export const MAX_MESSAGE_ATTRIBUTES = 10;
export const MAX_RECEIVED = 10;
/** "A number can have up to 38 digits of precision, and it can be between 10^-128 and 10^+126." */
export const MAX_NUMBER_DIGITS = 38;
export const LEAST_NUMBER_EXPONENT = -128;
export const MOST_NUMBER_EXPONENT = 126;

export const MAX_DELAY_SECONDS = 900;
export const MAX_WAIT_SECONDS = 20;
export const MAX_VISIBILITY_SECONDS = 43_200;

/** "Avoid large message backlogs …": both kinds hold 120,000 in flight; a FIFO queue looks this far ahead for groups. */
export const MAX_IN_FLIGHT = 120_000;
export const FIFO_SCAN = 120_000;

/** "Exactly-once processing": the deduplication interval; ReceiveRequestAttemptId has the same. */
export const DEDUPLICATION_INTERVAL = minutes(5);
export const PURGE_INTERVAL = seconds(60);
export const DELETED_NAME_INTERVAL = seconds(60);

export const MAX_LIST_RESULTS = 1000;
/** "Amazon SQS policy quotas"; that page does not say of what there may be 10 conditions and 50 principals: see README. */
export const MAX_POLICY_BYTES = 8192;
export const MAX_STATEMENTS = 20;
export const MAX_GRANTED_ACTIONS = 7;
export const MAX_MOVE_RATE = 500;
export const MAX_LISTED_MOVE_TASKS = 10;
/** "You can specify up to 10 source queue ARNs." */
export const MAX_ALLOWED_SOURCES = 10;
export const MAX_RECEIVE_COUNT = 1000;

/** KMS's KeyId. */
export const MAX_KEY_ID_LENGTH = 2048;

/** Fair queues: a group is noisy with more than a tenth of what is in flight, and 30 messages of its own at least. */
export const NOISY_SHARE = 0.1;
export const NOISY_LEAST = 30;

/** "300 transactions per second, per API action", of a FIFO queue; a batch is one. An account's own quota goes before it. */
export const FIFO_TRANSACTIONS_PER_SECOND = 300;

/** With high throughput ("Amazon SQS message quotas", non-batched API calls), by region. */
const HIGH_THROUGHPUT: readonly (readonly [perSecond: number, regions: readonly string[]])[] = [
  [70_000, ['us-east-1', 'us-west-2', 'eu-west-1']],
  [19_000, ['us-east-2', 'eu-central-1']],
  [9000, ['ap-south-1', 'ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1']],
  [4500, ['eu-west-2', 'sa-east-1']],
];
const HIGH_THROUGHPUT_ELSEWHERE = 2400;

export const highThroughput = (region: string): number =>
  HIGH_THROUGHPUT.find(([, regions]) => regions.includes(region))?.[0] ?? HIGH_THROUGHPUT_ELSEWHERE;
