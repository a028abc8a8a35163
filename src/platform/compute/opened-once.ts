import type { Host } from '#platform/compute/host.ts';

/** A host that is opened when EC2 loads, and closed only then. */
export function openedOnce(open: (() => Promise<Host | undefined>) | undefined) {
  let opened: Promise<Host | undefined> | undefined;
  return {
    open: (): Promise<Host | undefined> => (opened ??= open?.() ?? Promise.resolve(undefined)),
    close: async (): Promise<void> => await (await opened)?.close?.(),
  };
}
