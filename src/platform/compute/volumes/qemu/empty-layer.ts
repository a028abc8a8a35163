/**
 * An empty layer: the few tables of a qcow2 file without data (docs/interop/qcow2.txt in QEMU). They are written here, so that a snapshot
 * costs some milliseconds, no process, and for an encrypted volume no measuring of time (luks-header.ts).
 *
 *     cluster 0      header, what follows it, the name of the layer below
 *             1, 2   how often each cluster is used: a table of blocks, and the one block
 *             3 …    the table of tables, empty: nothing is allocated
 *             …      the LUKS header
 */
import { open } from 'node:fs/promises';
import { CLUSTER_BYTES } from '#platform/compute/volumes/qemu/allocated.ts';
import { LUKS_BYTES, luksHeader } from '#platform/compute/volumes/qemu/luks-header.ts';

export interface EmptyLayer {
  readonly path: string;
  readonly sizeGiB: number;
  /** The file below, for people who look at this one. */
  readonly below: string | undefined;
  readonly passphrase: string | undefined;
}

const MAGIC = 0x514649fb;
const HEADER_BYTES = 104;
const TABLES = 3;
/** A table has a cluster of eight-byte entries, one for each cluster of data. */
const BYTES_PER_TABLE = (CLUSTER_BYTES / 8) * CLUSTER_BYTES;
const GIB = 1024 ** 3;
const [BACKING_FORMAT, CRYPTO_HEADER, END] = [0xe2792aca, 0x0537be77, 0];
const LUKS = 2;

const clusters = (bytes: number): number => Math.ceil(bytes / CLUSTER_BYTES);

/** Synced, at a path where nothing lies yet. */
export async function writeEmptyLayer({ path, sizeGiB, below, passphrase }: EmptyLayer): Promise<void> {
  const tableCount = Math.ceil((sizeGiB * GIB) / BYTES_PER_TABLE);
  const luksAt = TABLES + clusters(tableCount * 8);
  const end = luksAt + (passphrase === undefined ? 0 : clusters(LUKS_BYTES));
  const extensions = Buffer.concat([
    ...(below === undefined ? [] : [extension(BACKING_FORMAT, Buffer.from('qcow2'))]),
    ...(passphrase === undefined ? [] : [extension(CRYPTO_HEADER, u64s(luksAt * CLUSTER_BYTES, LUKS_BYTES))]),
    extension(END, Buffer.alloc(0)),
  ]);
  const header = headerOf(sizeGiB * GIB, tableCount, passphrase !== undefined);
  if (below !== undefined) {
    header.writeBigUInt64BE(BigInt(HEADER_BYTES + extensions.length), 8);
    header.writeUInt32BE(Buffer.byteLength(below), 16);
  }
  const uses = Buffer.alloc(end * 2);
  for (let i = 0; i < end; i++) uses.writeUInt16BE(1, i * 2);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.write(Buffer.concat([header, extensions, Buffer.from(below ?? '')]), 0, null, 0);
    await file.write(u64s(2 * CLUSTER_BYTES), 0, null, CLUSTER_BYTES);
    await file.write(uses, 0, null, 2 * CLUSTER_BYTES);
    if (passphrase !== undefined) await file.write(luksHeader(passphrase), 0, null, luksAt * CLUSTER_BYTES);
    await file.truncate(end * CLUSTER_BYTES);
    await file.sync();
  } finally {
    await file.close();
  }
}

function headerOf(bytes: number, tableCount: number, isEncrypted: boolean): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(Math.log2(CLUSTER_BYTES), 20);
  header.writeBigUInt64BE(BigInt(bytes), 24);
  header.writeUInt32BE(isEncrypted ? LUKS : 0, 32);
  header.writeUInt32BE(tableCount, 36);
  header.writeBigUInt64BE(BigInt(TABLES * CLUSTER_BYTES), 40);
  header.writeBigUInt64BE(BigInt(CLUSTER_BYTES), 48);
  header.writeUInt32BE(1, 56);
  // Counts of sixteen bits.
  header.writeUInt32BE(4, 96);
  header.writeUInt32BE(HEADER_BYTES, 100);
  return header;
}

function extension(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(type, 0);
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(-data.length & 7)]);
}

function u64s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => void bytes.writeBigUInt64BE(BigInt(value), i * 8));
  return bytes;
}
