/** Writing to the last byte: a disk that fills up may take a part of what it is given and say so by a number alone. */
import { writevSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

export async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[], offset: number): Promise<void> {
  let rest = filled(buffers);
  for (let at = offset; rest.length > 0; ) {
    // The call does not change the list.
    const { bytesWritten } = await handle.writev(rest as Uint8Array[], at);
    rest = after(rest, bytesWritten);
    at += bytesWritten;
  }
}

/** For a thread that may wait. */
export function writeAllSync(file: number, buffers: readonly Uint8Array[], offset: number): void {
  let rest = filled(buffers);
  for (let at = offset; rest.length > 0; ) {
    const bytesWritten = writevSync(file, rest, at);
    rest = after(rest, bytesWritten);
    at += bytesWritten;
  }
}

const filled = (buffers: readonly Uint8Array[]): Uint8Array[] => buffers.filter(({ length }) => length > 0);

function after(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  if (bytes === 0) throw new Error('the disk takes nothing and does not say why');
  let skip = bytes;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(skip > 0 ? buffer.subarray(skip) : buffer);
    skip = Math.max(0, skip - buffer.length);
  }
  return rest;
}
