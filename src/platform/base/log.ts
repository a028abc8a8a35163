/** Structured log: one JSON object a line. Values are plain; secrets are never passed in. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  log(level: LogLevel, event: string, fields?: LogFields): void;
}

export const silent: Logger = { log: () => {} };

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Collects lines and writes them at the end of the turn in one call: a request pays for a string, not for a write. */
export function lineLogger(write: (lines: string) => void, now: () => number, least: LogLevel = 'info'): Logger {
  let pending = '';
  const flush = (): void => {
    const lines = pending;
    pending = '';
    write(lines);
  };
  return {
    log(level, event, fields) {
      if (RANK[level] < RANK[least]) return;
      if (pending === '') setImmediate(flush);
      pending += `${JSON.stringify({ time: new Date(now()).toISOString(), level, event, ...fields })}\n`;
    },
  };
}
