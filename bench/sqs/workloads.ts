/** What a connection asks, request after request. */
import type { LoadResponse } from '../load/response.ts';
import { type Protocol, sqsRequest, type Target, valuesOf } from './request.ts';

const BODY = 'x'.repeat(100);

export type Next = (connection: number, previous: LoadResponse | undefined) => Buffer;

/** Send, receive, delete, in turns on each connection. */
export function turns(target: Target, protocol: Protocol, url: string): Next {
  const send = sqsRequest(target, protocol, 'SendMessage', { QueueUrl: url, MessageBody: BODY });
  const receive = sqsRequest(target, protocol, 'ReceiveMessage', { QueueUrl: url });
  const step = new Map<number, number>();
  return (connection, previous) => {
    const at = step.get(connection) ?? 0;
    step.set(connection, (at + 1) % 3);
    if (at === 0) return send;
    if (at === 1) return receive;
    const [handle] = previous === undefined ? [] : valuesOf(previous.body, protocol, 'ReceiptHandle');
    if (handle === undefined) {
      step.set(connection, 1);
      return send;
    }
    return sqsRequest(target, protocol, 'DeleteMessage', { QueueUrl: url, ReceiptHandle: handle });
  };
}

/** The same in batches of ten. */
export function batches(target: Target, protocol: Protocol, url: string): Next {
  const entries = Array.from({ length: 10 }, (_, at) => ({ Id: String(at), MessageBody: BODY }));
  const send = sqsRequest(target, protocol, 'SendMessageBatch', { QueueUrl: url, Entries: entries });
  const receive = sqsRequest(target, protocol, 'ReceiveMessage', { QueueUrl: url, MaxNumberOfMessages: 10 });
  const step = new Map<number, number>();
  return (connection, previous) => {
    const at = step.get(connection) ?? 0;
    step.set(connection, (at + 1) % 3);
    if (at === 0) return send;
    if (at === 1) return receive;
    const handles = previous === undefined ? [] : valuesOf(previous.body, protocol, 'ReceiptHandle');
    if (handles.length === 0) {
      step.set(connection, 1);
      return send;
    }
    const gone = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    return sqsRequest(target, protocol, 'DeleteMessageBatch', { QueueUrl: url, Entries: gone });
  };
}

export const sends = (target: Target, protocol: Protocol, url: string): Next => {
  const send = sqsRequest(target, protocol, 'SendMessage', { QueueUrl: url, MessageBody: BODY });
  return () => send;
};
