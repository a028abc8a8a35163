/** What a connection asks, request after request. */
import type { LoadResponse } from '../load/response.ts';
import { type Protocol, sqsRequest, sqsRequests, type Target, valuesOf } from './request.ts';

const BODY = 'x'.repeat(100);

export type Next = (connection: number, previous: LoadResponse | undefined) => Buffer;

/** Send, receive, delete, in turns on each connection; `gone` makes the deletion of what was received. */
function inTurns(
  protocol: Protocol,
  send: Buffer,
  receive: Buffer,
  gone: (handles: readonly string[]) => Buffer,
): Next {
  const step = new Map<number, number>();
  return (connection, previous) => {
    const at = step.get(connection) ?? 0;
    step.set(connection, (at + 1) % 3);
    if (at === 0) return send;
    if (at === 1) return receive;
    const handles = previous === undefined ? [] : valuesOf(previous.body, protocol, 'ReceiptHandle');
    if (handles.length > 0) return gone(handles);
    step.set(connection, 1);
    return send;
  };
}

export function turns(target: Target, protocol: Protocol, url: string): Next {
  const send = sqsRequest(target, protocol, 'SendMessage', { QueueUrl: url, MessageBody: BODY });
  const receive = sqsRequest(target, protocol, 'ReceiveMessage', { QueueUrl: url });
  const gone = sqsRequests(target, protocol, 'DeleteMessage');
  return inTurns(protocol, send, receive, ([ReceiptHandle]) => gone({ QueueUrl: url, ReceiptHandle }));
}

/** The same in batches of ten. */
export function batches(target: Target, protocol: Protocol, url: string): Next {
  const entries = Array.from({ length: 10 }, (_, at) => ({ Id: String(at), MessageBody: BODY }));
  const send = sqsRequest(target, protocol, 'SendMessageBatch', { QueueUrl: url, Entries: entries });
  const receive = sqsRequest(target, protocol, 'ReceiveMessage', { QueueUrl: url, MaxNumberOfMessages: 10 });
  const gone = sqsRequests(target, protocol, 'DeleteMessageBatch');
  return inTurns(protocol, send, receive, (handles) => {
    const Entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    return gone({ QueueUrl: url, Entries });
  });
}

export const sends = (target: Target, protocol: Protocol, url: string): Next => {
  const send = sqsRequest(target, protocol, 'SendMessage', { QueueUrl: url, MessageBody: BODY });
  return () => send;
};
