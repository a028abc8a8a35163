/** Structured log: one JSON object a line. Values are plain; secrets are never passed in. */
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import { jsonText } from '#platform/base/json-text.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestLine {
  readonly requestId: string;
  readonly service: string;
  readonly operation: string;
  /** An ARN, or a service's name; empty for anonymous ones. */
  readonly principal: string;
  /** The error's code, or empty. */
  readonly error: string;
}

export interface Logger {
  log(level: LogLevel, event: string, fields?: LogFields): void;
  /** One line a request: put together by hand, since every request pays for it. */
  request(line: RequestLine, status: number, microseconds: number, remoteAddress: string): void;
}

export const silent: Logger = { log: () => {}, request: () => {} };

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** How long lines are collected: one write serves hundreds of requests, and a crash takes no more than this from the log. */
const FLUSH_AFTER: Milliseconds = 50;
/** As bytes, where garbage collection has nothing to copy. */
const COLLECTED_BYTES = 64 * 1024;

/** Collects lines: a request pays for a copy, not for a write. `flush` writes what is there, at the end. */
export function lineLogger(
  write: (lines: Uint8Array) => void,
  clock: Clock,
  least: LogLevel = 'info',
): Logger & { flush(): void } {
  const collected = Buffer.alloc(COLLECTED_BYTES);
  let length = 0;
  let isArmed = false;
  let second = 0;
  let time = '';
  const flush = (): void => {
    const lines = collected.subarray(0, length);
    length = 0;
    if (lines.length > 0) write(lines);
  };
  const timestamp = (): string => {
    const at = clock.now();
    if (Math.floor(at / 1000) !== second) {
      second = Math.floor(at / 1000);
      time = new Date(second * 1000).toISOString().slice(0, 19);
    }
    return `${time}.${String(at % 1000).padStart(3, '0')}Z`;
  };
  const append = (line: string): void => {
    // A character takes three bytes at most.
    const most = 3 * line.length;
    if (length + most > COLLECTED_BYTES) flush();
    if (most > COLLECTED_BYTES) {
      write(Buffer.from(line));
      return;
    }
    length += collected.write(line, length);
    if (isArmed) return;
    isArmed = true;
    clock.after(FLUSH_AFTER, () => {
      isArmed = false;
      flush();
    });
  };
  return {
    flush,
    log(level, event, fields) {
      if (RANK[level] < RANK[least]) return;
      append(`${JSON.stringify({ time: timestamp(), level, event, ...fields })}\n`);
    },
    request(line, status, microseconds, remoteAddress) {
      if (RANK[least] > RANK.info) return;
      // Names from requests (a role session's, an operation's) may hold anything: principal and error are escaped.
      append(
        `{"time":"${timestamp()}","level":"info","event":"request","requestId":"${line.requestId}",` +
          `"service":"${line.service}","operation":"${line.operation}","principal":${jsonText(line.principal)},` +
          `"status":${status},"error":${jsonText(line.error)},"microseconds":${microseconds},` +
          `"remoteAddress":"${remoteAddress}"}\n`,
      );
    },
  };
}
