/** What is told of a partition that another process owns by now. */
import { StoreUnavailable } from '#platform/store/store.ts';

const REASON = 'the partition is another process’s by now';

/** Nothing was written by what was to begin here: a call that has written nothing else is run there. */
export class PartitionMoved extends StoreUnavailable {
  override name = 'PartitionMoved';

  constructor() {
    super(REASON);
  }
}

/** Of what was done here, and can't be answered here. */
export function refusedAsMoved(): Promise<void> {
  const refusal = Promise.reject(new StoreUnavailable(REASON));
  // Who waits sees it; that nobody does must not end the process.
  refusal.catch(() => {});
  return refusal;
}
