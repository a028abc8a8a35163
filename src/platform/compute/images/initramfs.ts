/** The archive that a kernel starts from: cpio's "newc" form, as the kernel's documentation has it (early-userspace/buffer-format). */
import { readFileSync } from 'node:fs';

export interface InitramfsEntry {
  readonly path: string;
  /** A file's bytes, or where they are read from; a folder has none. */
  readonly file?: string | Buffer;
  readonly isExecutable?: boolean;
}

const FOLDER = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

export function initramfs(entries: readonly InitramfsEntry[]): Buffer {
  const parts = entries.flatMap(({ path, file, isExecutable = false }, i) => {
    const mode = file === undefined ? FOLDER : isExecutable ? PROGRAM : FILE;
    return member(i + 1, path, mode, bytesOf(file));
  });
  return Buffer.concat([...parts, ...member(0, 'TRAILER!!!', 0, Buffer.alloc(0))]);
}

const bytesOf = (file: InitramfsEntry['file'] = Buffer.alloc(0)): Buffer =>
  typeof file === 'string' ? readFileSync(file) : file;

function member(inode: number, path: string, mode: number, data: Buffer): Buffer[] {
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const head = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [padded(Buffer.concat([head, name])), padded(data)];
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
