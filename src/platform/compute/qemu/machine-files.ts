/**
 * What lies in a machine's folder beside the layers of its disks. The folder is the server's; the machine's process works in it and so
 * needs no way to it, and once its guest runs it can make nothing there.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

export const FILES = {
  monitor: 'qmp',
  screen: 'vnc',
  serial: 'serial',
  /** What the serial line said. */
  console: 'console',
  /** What QEMU complains of. */
  errors: 'errors',
  picture: 'picture',
  kernel: 'kernel',
  initrd: 'initrd',
} as const;

export const SOCKETS = [FILES.monitor, FILES.screen, FILES.serial] as const;
/** Made for the machine's process to write to. */
export const WRITTEN = [FILES.console, FILES.errors, FILES.picture] as const;

/** As much of a console as EC2 shows. */
const KEPT_BYTES = 64 * 1024;
const LONGEST_COMPLAINT = 500;

const { O_DIRECTORY, O_NOFOLLOW, O_RDWR, O_RDONLY, O_WRONLY, O_CREAT } = constants;

/** A socket's path has at most 107 bytes, and a data folder's any number: so sockets are named by a descriptor of their folder. */
export async function withShortPath<Result>(folder: string, use: (path: string) => Promise<Result>): Promise<Result> {
  const handle = await open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    return await use(`/proc/self/fd/${handle.fd}`);
  } finally {
    await handle.close();
  }
}

/** Keeps the end of what the machine writes without end, in a second file. What it writes in this very moment is lost. */
export async function boundOutput(folder: string): Promise<void> {
  for (const name of [FILES.console, FILES.errors]) {
    await using file = await open(join(folder, name), O_RDWR | O_NOFOLLOW);
    if ((await file.stat()).size <= KEPT_BYTES) continue;
    const tail = await tailOf(file);
    await using old = await open(join(folder, earlier(name)), O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600);
    await old.truncate(0);
    await old.write(tail);
    await file.truncate(0);
  }
}

export async function consoleOf(folder: string): Promise<Buffer> {
  const parts = [await tailAt(join(folder, earlier(FILES.console))), await tailAt(join(folder, FILES.console))];
  return Buffer.concat(parts).subarray(-KEPT_BYTES);
}

/** What QEMU said last, shortened. */
export const complaintOf = async (folder: string): Promise<string> =>
  (await tailAt(join(folder, FILES.errors))).subarray(-LONGEST_COMPLAINT).toString('utf8').trim();

export const earlier = (name: string): string => `${name}.old`;

async function tailAt(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, O_RDONLY | O_NOFOLLOW);
    return await tailOf(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** The last of a file that may grow meanwhile. */
async function tailOf(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const length = Math.min(size, KEPT_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.subarray(0, bytesRead);
}

/** The largest screen has 8 MiB, and a picture of it less. */
const LARGEST_PICTURE = 16 * 2 ** 20;
const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

/** Undefined: it is no picture. */
export async function pictureOf(folder: string): Promise<Buffer | undefined> {
  await using file = await open(join(folder, FILES.picture), O_RDONLY | O_NOFOLLOW);
  if ((await file.stat()).size > LARGEST_PICTURE) return undefined;
  const picture = await file.readFile();
  return picture.subarray(0, PNG.length).equals(PNG) ? picture : undefined;
}
