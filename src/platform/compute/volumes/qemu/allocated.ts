/**
 * Which clusters of a disk a layer has (qcow2's specification, docs/interop/qcow2.txt in QEMU): read from the tables in the file, which
 * are in the clear also where the data is encrypted. So sizes need no key, and no process.
 */
import { type FileHandle, open } from 'node:fs/promises';

const MAGIC = 0x514649fb;
const HEADER_BYTES = 48;
const ENTRY_BYTES = 8;
/** Bits 9 to 55 of an entry are where the table or the cluster is. */
const OFFSET_MASK = 0x00fffffffffffe00n;
const COMPRESSED = 1n << 62n;
const READS_AS_ZERO = 1n;
const CLUSTER_BITS = 16;
export const CLUSTER_BYTES = 2 ** CLUSTER_BITS;

/** Clusters of a disk, by the table that they are in and their place there. */
export type Clusters = Map<number, Set<number>>;

/** Adds what the layer has to `found`. Clusters that were made to read as zeros are none. */
export async function addAllocated(path: string, found: Clusters): Promise<Clusters> {
  const file = await open(path, 'r');
  try {
    const header = await read(file, 0, HEADER_BYTES);
    if (header.readUInt32BE(0) !== MAGIC || header.readUInt32BE(20) !== CLUSTER_BITS) {
      throw new Error(`${path} is no layer`);
    }
    const tables = await read(file, Number(header.readBigUInt64BE(40)), header.readUInt32BE(36) * ENTRY_BYTES);
    for (let i = 0; i < tables.length / ENTRY_BYTES; i++) {
      const at = Number(tables.readBigUInt64BE(i * ENTRY_BYTES) & OFFSET_MASK);
      if (at !== 0) addTable(await read(file, at, CLUSTER_BYTES), i, found);
    }
    return found;
  } finally {
    await file.close();
  }
}

function addTable(table: Buffer, index: number, found: Clusters): void {
  const clusters = found.get(index) ?? new Set<number>();
  for (let i = 0; i < table.length / ENTRY_BYTES; i++) {
    const entry = table.readBigUInt64BE(i * ENTRY_BYTES);
    const isData = (entry & COMPRESSED) !== 0n || ((entry & READS_AS_ZERO) === 0n && (entry & OFFSET_MASK) !== 0n);
    if (isData) clusters.add(i);
  }
  if (clusters.size > 0) found.set(index, clusters);
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

export const bytesOf = (clusters: Clusters): number =>
  [...clusters.values()].reduce((sum, { size }) => sum + size * CLUSTER_BYTES, 0);
