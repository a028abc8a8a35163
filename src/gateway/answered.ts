/** What a service's own log is told of a request when it is answered. */
import type { IncomingRequest } from '#gateway/http/listener.ts';
import type { Trace } from '#gateway/pipeline.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import type { Clock } from '#platform/base/clock.ts';
import type { AnsweredRequest } from '#platform/web.ts';

export function answeredRequest(
  request: IncomingRequest,
  { status, headers, body }: WireResponse,
  trace: Trace,
  clock: Clock,
): AnsweredRequest {
  const { signed } = trace;
  const milliseconds = Math.round(clock.monotonic() - trace.started);
  return {
    operation: trace.operation,
    labels: trace.labels,
    isSite: trace.isSite,
    requestId: trace.requestId,
    region: signed?.region,
    method: request.method,
    target: request.query === '' ? request.path : `${request.path}?${request.query}`,
    httpVersion: request.httpVersion,
    headers: request.headers,
    contentLength: request.contentLength,
    sourceAddress: request.remoteAddress,
    tls: request.tls,
    requester: trace.principal,
    signature: signed && {
      version: signed.algorithm.startsWith('AWS4') ? 'SigV4' : 'SigV2',
      place: signed.form === 'header' ? 'AuthHeader' : 'QueryString',
    },
    startedAt: clock.now() - milliseconds,
    milliseconds,
    status,
    errorCode: trace.error,
    answerHeaders: headers,
    bytesSent: sizeOf(request.method, headers, body),
  };
}

function sizeOf(method: string, headers: WireResponse['headers'], body: WireResponse['body']): number {
  if (method === 'HEAD') return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : Number(headers['content-length'] ?? 0);
}
