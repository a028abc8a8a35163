/** What a file system says when it takes no more. */
import { StoreUnavailable } from '#platform/store/store.ts';

/**
 * A full, failing or read-only disk, or more open files than may be: it may be over when the client comes again. A draft that is gone was removed
 * by the heir of this process, which was struck off the roll and does not know it yet.
 */
const DISK_REFUSES = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE', 'ENOENT']);

/** Told to clients as something that passes; other errors are faults, and stay what they are. */
export function refusedByDisk(error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  return DISK_REFUSES.has(code) ? new StoreUnavailable(`a blob can't be written: ${code}`, { cause: error }) : error;
}
