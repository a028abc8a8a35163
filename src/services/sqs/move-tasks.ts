/**
 * Message move tasks: the messages of a dead-letter queue go back to where they came from, or to one queue. A task is a row
 * and a timer: each run moves some messages, counts them and sets the next run, all in one transaction, so a restart loses
 * and doubles nothing.
 */
import { parseArn } from '#platform/base/arn.ts';
import { uuid } from '#platform/base/ids.ts';
import { cancelTimer, setTimer } from '#platform/jobs/timers.ts';
import type {
  CancelMessageMoveTaskRequest,
  CancelMessageMoveTaskResult,
  ListMessageMoveTasksRequest,
  ListMessageMoveTasksResult,
  ListMessageMoveTasksResultEntry,
  StartMessageMoveTaskRequest,
  StartMessageMoveTaskResult,
} from '#platform/model/generated/sqs.ts';
import type { Call, CallScope, JobCall, Permission, TimerJob } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { KeyedRow, ReadTransaction, Transaction } from '#platform/store/store.ts';
import type { Envelopes } from '#services/kms/api.ts';
import { queueArn } from './address.ts';
import { refusalToMove } from './encryption.ts';
import { fail } from './errors.ts';
import { MAX_LISTED_MOVE_TASKS, MAX_MOVE_RATE } from './limits.ts';
import { deleteEntries, enqueue, wholeMessages } from './messages.ts';
import {
  countsOf,
  dropIndexOnUndo,
  findQueue,
  indexOf,
  notifyWaiters,
  type OpenQueue,
  readPage,
} from './open-queue.ts';
import { deadLetterSources, firstSequenceAt, type MoveTaskRow, moveTasks } from './state.ts';

/** Messages moved by one transaction, so that it stays short; without a rate the next run follows at once. */
const AT_ONCE = 50;

interface Handle {
  readonly taskId: string;
  readonly sourceArn: string;
}

const handleOf = (handle: Handle): string => Buffer.from(JSON.stringify(handle)).toString('base64');

export function readTaskHandle(text: string): Handle {
  try {
    const handle = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Partial<Handle>;
    if (typeof handle.taskId === 'string' && typeof handle.sourceArn === 'string') {
      return { taskId: handle.taskId, sourceArn: handle.sourceArn };
    }
  } catch {
    // Not one of ours.
  }
  return fail('ParameterReason', text, 'TaskHandle', 'Invalid task handle.');
}

function sourceOf(tx: ReadTransaction, arn: string, call: Call): OpenQueue {
  const { service, region, account, resource } = parseArn(arn) ?? {};
  const isHere = service === 'sqs' && region === call.region && account === call.account;
  return (isHere ? findQueue(tx, resource ?? '') : undefined) ?? fail('SourceDoesNotExist');
}

const FROM_SOURCE = ['sqs:StartMessageMoveTask', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

/** The queues whose dead letters come here. */
const sourcesOf = (tx: ReadTransaction, name: string): string[] =>
  tx.range(deadLetterSources, { prefix: [name] }).map(({ key }) => deadLetterSources.parts(key)[1]);

/** On the source all that the task does there; SendMessage on the destination, or on every queue that messages may go back to. */
export function moveTaskPermissions(
  { SourceArn, DestinationArn }: StartMessageMoveTaskRequest,
  scope: CallScope,
): readonly Permission[] {
  const name = parseArn(SourceArn)?.resource ?? '';
  const destinations =
    DestinationArn === undefined
      ? scope.read((tx) => sourcesOf(tx, name)).map((source) => queueArn(scope, source))
      : [DestinationArn];
  return [
    ...FROM_SOURCE.map((action) => ({ action, resource: SourceArn })),
    ...destinations.map((resource) => ({ action: 'sqs:SendMessage', resource })),
  ];
}

/** What KMS refuses makes no task that runs, but one that failed: StartMessageMoveTask itself has no error for it. */
export function startMessageMoveTask(
  envelopes: Envelopes,
  input: StartMessageMoveTaskRequest,
  call: Call,
): StartMessageMoveTaskResult | Promise<StartMessageMoveTaskResult> {
  const start = (failure?: string) => call.transact((tx) => startTask(tx, input, call, failure));
  const asked = call.partition.read((tx) => {
    const source = sourceOf(tx, input.SourceArn, call);
    const given = input.DestinationArn && parseArn(input.DestinationArn)?.resource;
    const names = given ? [given] : sourcesOf(tx, source.row.name);
    const queues = names.flatMap((name) => findQueue(tx, name) ?? []);
    return refusalToMove(envelopes, source, queues, call);
  });
  return asked === undefined ? start() : asked.then((failure) => again(() => start(failure)));
}

function startTask(
  tx: Transaction,
  input: StartMessageMoveTaskRequest,
  call: Call,
  failure: string | undefined,
): StartMessageMoveTaskResult {
  const { SourceArn: sourceArn, DestinationArn: destinationArn, MaxNumberOfMessagesPerSecond: rate } = input;
  const source = sourceOf(tx, sourceArn, call);
  const { name } = source.row;
  if (tx.range(deadLetterSources, { prefix: [name], limit: 1 }).length === 0) fail('NotDeadLetterQueue');
  if (rate !== undefined && (rate < 1 || rate > MAX_MOVE_RATE)) {
    fail('ParameterReason', rate, 'MaxNumberOfMessagesPerSecond', 'Must be between 1 and 500.');
  }
  const target = destinationArn === undefined ? undefined : parseArn(destinationArn);
  if (destinationArn !== undefined) {
    const isHere = target?.region === call.region && target.account === call.account;
    const queue = isHere ? findQueue(tx, target.resource) : undefined;
    if (queue === undefined) return fail('DestinationDoesNotExist');
    if (queue === source)
      fail('ParameterReason', destinationArn, 'DestinationArn', 'Source and destination must differ.');
    if (queue.settings.isFifo !== source.settings.isFifo) {
      fail('ParameterReason', destinationArn, 'DestinationArn', 'Source and destination must be of the same type.');
    }
  }
  const earlier = tx.range(moveTasks, { prefix: [name] });
  if (earlier.some(({ row }) => isActive(row))) fail('TaskRunning');
  forgetOldest(tx, earlier);
  const taskId = `${String(call.now).padStart(15, '0')}-${uuid()}`;
  const index = indexOf(tx, source);
  index.advance(call.now);
  const row: MoveTaskRow = {
    source: name,
    destination: target?.resource,
    status: failure === undefined ? 'RUNNING' : 'FAILED',
    ...(failure !== undefined && { failure }),
    startedAt: call.now,
    perSecond: rate,
    moved: 0,
    toMove: countsOf(tx, source).messages - index.inFlight,
  };
  tx.put(moveTasks, moveTasks.key(name, taskId), row);
  if (failure === undefined) runAt(tx, name, taskId, call.now);
  return { TaskHandle: handleOf({ taskId, sourceArn }) };
}

const isActive = (row: MoveTaskRow): boolean => row.status === 'RUNNING' || row.status === 'CANCELLING';

/** AWS lists ten tasks a source at most: older ones need not be kept. */
function forgetOldest(tx: Transaction, tasks: readonly KeyedRow<MoveTaskRow>[]): void {
  for (const { key } of tasks.slice(0, Math.max(0, tasks.length - MAX_LISTED_MOVE_TASKS + 1)))
    tx.delete(moveTasks, key);
}

const runAt = (tx: Transaction, queue: string, taskId: string, due: number): void =>
  setTimer(tx, { job: 'moveMessages', id: taskId, due, payload: { queue, taskId } });

export function cancelMessageMoveTask(input: CancelMessageMoveTaskRequest, call: Call): CancelMessageMoveTaskResult {
  const { taskId, sourceArn } = readTaskHandle(input.TaskHandle);
  const source = sourceOf(call.tx, sourceArn, call);
  const key = moveTasks.key(source.row.name, taskId);
  const row = call.tx.get(moveTasks, key) ?? fail('TaskDoesNotExist');
  if (row.status !== 'RUNNING') fail('TaskNotRunning');
  call.tx.put(moveTasks, key, { ...row, status: 'CANCELLED' });
  cancelTimer(call.tx, 'moveMessages', taskId);
  return { ApproximateNumberOfMessagesMoved: row.moved };
}

export function listMessageMoveTasks(input: ListMessageMoveTasksRequest, call: Call): ListMessageMoveTasksResult {
  const { SourceArn: sourceArn, MaxResults: limit = 1 } = input;
  if (limit < 1 || limit > MAX_LISTED_MOVE_TASKS) {
    fail('ParameterReason', limit, 'MaxResults', 'Must be between 1 and 10.');
  }
  const source = sourceOf(call.tx, sourceArn, call);
  const rows = call.tx.range(moveTasks, { prefix: [source.row.name], reverse: true, limit });
  const Results = rows.map(({ key, row }): ListMessageMoveTasksResultEntry => {
    const destination = row.destination && sourceArn.replace(/[^:]*$/, row.destination);
    const taskId = moveTasks.parts(key)[1];
    return {
      ...(row.status === 'RUNNING' ? { TaskHandle: handleOf({ taskId, sourceArn }) } : {}),
      Status: row.status,
      SourceArn: sourceArn,
      ...(destination ? { DestinationArn: destination } : {}),
      ...(row.perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: row.perSecond }),
      ApproximateNumberOfMessagesMoved: row.moved,
      ApproximateNumberOfMessagesToMove: row.toMove,
      ...(row.failure === undefined ? {} : { FailureReason: row.failure }),
      StartedTimestamp: row.startedAt,
    };
  });
  return { Results };
}

export const moveMessages: TimerJob = (tx, payload, job) => {
  const name = String(payload['queue']);
  const taskId = String(payload['taskId']);
  const key = moveTasks.key(name, taskId);
  const row = tx.get(moveTasks, key);
  const source = findQueue(tx, name);
  if (row?.status !== 'RUNNING' || source === undefined) return;
  const chunk = Math.min(AT_ONCE, row.perSecond ?? AT_ONCE, row.toMove - row.moved);
  const { moved, failure } = moveSome(tx, source, row, chunk, job);
  const total = row.moved + moved;
  const isDone = failure === undefined && (moved < chunk || total >= row.toMove);
  tx.put(moveTasks, key, {
    ...row,
    moved: total,
    ...(failure === undefined ? {} : { status: 'FAILED', failure }),
    ...(isDone ? { status: 'COMPLETED' } : {}),
  });
  if (isDone || failure !== undefined) return;
  runAt(tx, name, taskId, job.now + (row.perSecond === undefined ? 0 : (1000 * chunk) / row.perSecond));
};

function moveSome(
  tx: Transaction,
  source: OpenQueue,
  task: MoveTaskRow,
  max: number,
  job: JobCall,
): { moved: number; failure?: string } {
  if (max <= 0) return { moved: 0 };
  const index = indexOf(tx, source);
  dropIndexOnUndo(tx, source);
  const { deliver } = index.pick({
    now: job.now,
    max,
    maxReceives: undefined,
    oldest: firstSequenceAt(job.now - source.settings.retention + 1),
    delay: 0,
    more: () => readPage(tx, source, index),
  });
  let moved = 0;
  let failure: string | undefined;
  for (const row of wholeMessages(tx, source, deliver)) {
    const origin = task.destination ?? (row.deadLetterSource && parseArn(row.deadLetterSource)?.resource);
    const target = origin ? findQueue(tx, origin) : undefined;
    if (target === undefined) {
      failure = origin ? 'AWS.SimpleQueueService.NonExistentQueue' : 'CouldNotDetermineMessageSource';
      break;
    }
    // "All redriven messages are considered new messages with a new messageID and enqueueTime."
    const fresh = {
      ...row,
      id: uuid(),
      sentAt: job.now,
      deadLetterSource: undefined,
      receivedBefore: 0,
      firstReceivedBefore: 0,
    };
    enqueue(tx, target, [{ row: fresh, delay: target.settings.isFifo ? 0 : target.settings.delay }]);
    notifyWaiters(target, job.clock);
    moved++;
  }
  deleteEntries(tx, source, deliver.slice(0, moved));
  if (failure === undefined) return { moved };
  // What was picked and not moved goes back: the index is read again.
  source.index = undefined;
  return { moved, failure };
}
