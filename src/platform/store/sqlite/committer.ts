/** The committer thread: one for all files of a store. Takes `Order`s, answers each commit with a `Report`. */
import { parentPort } from 'node:worker_threads';
import { present } from '#platform/base/assert.ts';
import { FileWriter } from '#platform/store/sqlite/apply.ts';

export interface Order {
  readonly kind: 'commit' | 'close' | 'stop';
  /** The file it is about. */
  readonly path: string;
  readonly batch?: Uint8Array;
}

export interface Report {
  readonly path: string;
  readonly error?: string;
}

const port = present(parentPort, 'the committer runs in a thread of its own');
const files = new Map<string, FileWriter>();

function writerOf(path: string): FileWriter {
  let writer = files.get(path);
  if (!writer) {
    writer = new FileWriter(path);
    files.set(path, writer);
  }
  return writer;
}

function attempt(path: string, action: () => void): void {
  let report: Report = { path };
  try {
    action();
  } catch (error) {
    report = { path, error: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(report);
}

port.on('message', ({ kind, path, batch }: Order) => {
  if (kind === 'stop') {
    port.close();
    return;
  }
  const writer = writerOf(path);
  if (kind === 'close') {
    files.delete(path);
    attempt(path, () => writer.close());
    return;
  }
  attempt(path, () => writer.apply(present(batch, 'there is a batch to commit')));
  writer.tidy();
});
