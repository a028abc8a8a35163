/** Counts and sums for operators, in Prometheus's text form (exposition format 0.0.4). Kept in memory only. */

import { getOrInsert } from '#platform/base/get-or-insert.ts';

interface CallSums {
  count: number;
  microseconds: number;
}

export type Gauge = () => number;
/** `name="value"` of each, and its count. */
export type Counters = () => Iterable<readonly [labels: string, count: number]>;

export class Metrics {
  /** By service, operation and status, one after the other: a text put together for each request would be hashed anew. */
  readonly #calls = new Map<string, Map<string, Map<number, CallSums>>>();
  readonly #gauges = new Map<string, { help: string; read: Gauge }>();
  readonly #counters = new Map<string, { help: string; read: Counters }>();

  /** A request that was answered. */
  answered(service: string, operation: string, status: number, microseconds: number): void {
    const operations = getOrInsert(this.#calls, service, () => new Map<string, Map<number, CallSums>>());
    const statuses = getOrInsert(operations, operation, () => new Map<number, CallSums>());
    const sums = getOrInsert(statuses, status, () => ({ count: 0, microseconds: 0 }));
    sums.count++;
    sums.microseconds += microseconds;
  }

  *#sums(): Generator<[labels: string, sums: CallSums]> {
    for (const [service, operations] of this.#calls)
      for (const [operation, statuses] of operations)
        for (const [status, sums] of statuses)
          yield [`service="${service}",operation="${operation}",status="${status}"`, sums];
  }

  /** `name` without its prefix; read when somebody asks. */
  gauge(name: string, help: string, read: Gauge): void {
    this.#gauges.set(`makonis_${name}`, { help, read });
  }

  /** What a service counts by labels of its own. */
  counters(name: string, help: string, read: Counters): void {
    this.#counters.set(`makonis_${name}`, { help, read });
  }

  text(): string {
    const lines: string[] = [];
    for (const [name, { help, read }] of this.#counters) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`);
      for (const [labels, count] of read()) lines.push(`${name}{${labels}} ${count}`);
    }
    for (const [name, { help, read }] of this.#gauges) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${read()}`);
    }
    lines.push('# HELP makonis_requests_total Requests answered.', '# TYPE makonis_requests_total counter');
    for (const [labels, { count }] of this.#sums()) lines.push(`makonis_requests_total{${labels}} ${count}`);
    lines.push(
      '# HELP makonis_request_seconds_total Time from head to answer, long polls included.',
      '# TYPE makonis_request_seconds_total counter',
    );
    for (const [labels, { microseconds }] of this.#sums()) {
      lines.push(`makonis_request_seconds_total{${labels}} ${microseconds / 1e6}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
