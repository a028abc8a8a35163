/** Structured log: one JSON object a line. Values are plain; secrets are never passed in. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestLine {
  readonly requestId: string;
  readonly service: string;
  readonly operation: string;
  /** An ARN, or a service's name; empty for anonymous ones. */
  readonly principal: string;
  readonly status: number;
  /** The error's code, or empty. */
  readonly error: string;
  readonly microseconds: number;
  readonly remoteAddress: string;
}

export interface Logger {
  log(level: LogLevel, event: string, fields?: LogFields): void;
  /** One line a request: put together by hand, since every request pays for it. */
  request(line: RequestLine): void;
}

export const silent: Logger = { log: () => {}, request: () => {} };

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Collects lines and writes them at the end of the turn in one call: a request pays for a string, not for a write. */
export function lineLogger(write: (lines: string) => void, now: () => number, least: LogLevel = 'info'): Logger {
  let pending = '';
  let second = 0;
  let time = '';
  const flush = (): void => {
    const lines = pending;
    pending = '';
    write(lines);
  };
  const timestamp = (): string => {
    const at = now();
    if (Math.floor(at / 1000) !== second) {
      second = Math.floor(at / 1000);
      time = new Date(second * 1000).toISOString().slice(0, 19);
    }
    return `${time}.${String(at % 1000).padStart(3, '0')}Z`;
  };
  const append = (line: string): void => {
    if (pending === '') setImmediate(flush);
    pending += line;
  };
  return {
    log(level, event, fields) {
      if (RANK[level] < RANK[least]) return;
      append(`${JSON.stringify({ time: timestamp(), level, event, ...fields })}\n`);
    },
    request(line) {
      if (RANK[least] > RANK.info) return;
      // Names from requests (a role session's, an operation's) may hold anything: principal and error are escaped.
      append(
        `{"time":"${timestamp()}","level":"info","event":"request","requestId":"${line.requestId}",` +
          `"service":"${line.service}","operation":"${line.operation}","principal":${JSON.stringify(line.principal)},` +
          `"status":${line.status},"error":${JSON.stringify(line.error)},"microseconds":${line.microseconds},` +
          `"remoteAddress":"${line.remoteAddress}"}\n`,
      );
    },
  };
}
