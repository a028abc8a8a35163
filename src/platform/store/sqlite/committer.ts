/** The committer thread: one for all files of a store. Takes `Order`s, answers each commit with a `Report`. */
import { parentPort } from 'node:worker_threads';
import { present } from '#platform/base/assert.ts';
import { FileWriter } from '#platform/store/sqlite/apply.ts';

export type Order =
  | { readonly kind: 'open'; readonly file: number; readonly path: string }
  | { readonly kind: 'commit'; readonly file: number; readonly batch: Uint8Array }
  | { readonly kind: 'close'; readonly file: number }
  | { readonly kind: 'stop' };

export interface Report {
  readonly file: number;
  readonly error?: string;
}

const port = present(parentPort, 'the committer runs in a thread of its own');
const files = new Map<number, FileWriter>();

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function attempt(file: number, action: () => void): void {
  let report: Report = { file };
  try {
    action();
  } catch (error) {
    report = { file, error: messageOf(error) };
  }
  port.postMessage(report);
}

port.on('message', (order: Order) => {
  if (order.kind === 'open') files.set(order.file, new FileWriter(order.path));
  else if (order.kind === 'stop') port.close();
  else {
    const writer = present(files.get(order.file), 'a file is opened before it is written');
    if (order.kind === 'commit') {
      attempt(order.file, () => writer.apply(order.batch));
      writer.tidy();
    } else {
      files.delete(order.file);
      attempt(order.file, () => writer.close());
    }
  }
});
