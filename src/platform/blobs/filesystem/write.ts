/** Writing to the last byte: a disk that fills up may take a part of what it is given and say so by a number alone. */
import type { FileHandle } from 'node:fs/promises';

export async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[], offset: number): Promise<void> {
  let rest = buffers.filter(({ length }) => length > 0);
  let at = offset;
  while (rest.length > 0) {
    // The call does not change the list.
    const { bytesWritten } = await handle.writev(rest as Uint8Array[], at);
    if (bytesWritten === 0) throw new Error('the disk takes nothing and does not say why');
    at += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

function after(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(skip > 0 ? buffer.subarray(skip) : buffer);
    skip = Math.max(0, skip - buffer.length);
  }
  return rest;
}
