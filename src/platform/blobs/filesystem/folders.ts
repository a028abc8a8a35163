/** Folders whose entries must survive a power failure. */
import { open } from 'node:fs/promises';

/** Names that were made, moved or removed in the folder are on disk when this resolves. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
