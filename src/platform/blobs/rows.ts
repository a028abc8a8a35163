/**
 * Short blobs as rows, in the partition whose rows name them: the transaction that names one writes it too, so both are on disk with one sync, and
 * no crash leaves one without the other. A row is the block that a segment would have: sealed, with its check sum. Whoever says `mayBeRow` of
 * a blob names it by `nameBlob`; all give up theirs by `giveUpBlobs`, in the transaction after which no row names them.
 */
import { randomBytes } from '#platform/base/ids.ts';
import type { Blobs, ScrubWatch, StoredBlob } from '#platform/blobs/blobs.ts';
import { BlobDamaged, type BlobPlace } from '#platform/blobs/blobs.ts';
import { type BlockWriter, checkBlocks } from '#platform/blobs/blocks.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import { again } from '#platform/store/again.ts';
import { type Key, table, u64 } from '#platform/store/keys.ts';
import type { Partition, Transaction } from '#platform/store/store.ts';

const FORM = /^b(\d+)-(\d+)\.(\d+)$/;

/** When it was made, so that new ones lie together; and what tells it from others of that time. A place never comes again. */
const blobRows = table('blob', [u64, u64], { encode: (blocks: Uint8Array) => blocks, decode: (bytes) => bytes });

/** Of a partition whose rows name blobs. */
export type BlobRows = Pick<Partition, 'read'>;

export interface BlobRow {
  readonly key: Key;
  readonly blocks: Uint8Array;
}

export function newBlobRow(
  blocks: readonly Uint8Array[],
  { bytes, ownsBlocks }: Pick<BlockWriter, 'bytes' | 'ownsBlocks'>,
  now: number,
): { place: BlobPlace; row: BlobRow } {
  const [time, other] = [Math.floor(now), randomBytes(6).readUIntBE(0, 6)];
  // In memory of nobody else's.
  const joined = Buffer.allocUnsafeSlow(blocks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const block of blocks) {
    joined.set(block, at);
    at += block.length;
    if (ownsBlocks) giveBack(block);
  }
  return { place: `b${time}-${other}.${bytes}` as BlobPlace, row: { key: blobRows.key(time, other), blocks: joined } };
}

/** Undefined: it is no place of a row. */
export function readRowPlace(text: BlobPlace): { readonly key: Key; readonly bytes: number } | undefined {
  const [, time, other, bytes] = FORM.exec(text) ?? [];
  return time === undefined ? undefined : { key: blobRows.key(Number(time), Number(other)), bytes: Number(bytes) };
}

/** Its blocks, not checked yet. */
export async function readBlobRow(rows: BlobRows, key: Key): Promise<Buffer> {
  const found = await again(() => rows.read((tx) => tx.get(blobRows, key)));
  if (found === undefined) throw new BlobDamaged('the row of a blob is gone');
  return Buffer.from(found.buffer, found.byteOffset, found.length);
}

/** The transaction has a row that names it. When that is on disk, the sweep may ask for its owner. */
export function nameBlob(tx: Transaction, { row, settle }: StoredBlob): void {
  if (row === undefined) {
    tx.onDurable(settle);
    return;
  }
  tx.put(blobRows, row.key, row.blocks);
  tx.onDurable(() => giveBack(row.blocks));
}

/** When the transaction is on disk no row names them any more. */
export function giveUpBlobs(tx: Transaction, blobs: Pick<Blobs, 'discard'>, places: readonly BlobPlace[]): void {
  if (places.length === 0) return;
  for (const place of places) {
    const row = readRowPlace(place);
    if (row !== undefined) tx.delete(blobRows, row.key);
  }
  tx.onDurable(() => {
    for (const place of places) blobs.discard(place);
  });
}

const ROWS_AT_ONCE = 64;

/** Reads those of a partition and checks them. */
export async function scrubBlobRows(partition: BlobRows, { signal, read, damaged }: ScrubWatch): Promise<void> {
  let after: Key | undefined;
  do {
    const from = after;
    const rows = await again(() =>
      partition.read((tx) => tx.range(blobRows, { ...(from !== undefined && { after: from }), limit: ROWS_AT_ONCE })),
    );
    let bytes = 0;
    for (const { key, row } of rows) {
      bytes += row.length;
      try {
        checkBlocks(Buffer.from(row.buffer, row.byteOffset, row.length), true);
      } catch (error) {
        if (!(error instanceof BlobDamaged)) throw error;
        damaged(`the blob of row ${blobRows.parts(key).join('-')}`);
      }
    }
    await read(bytes);
    after = rows.length === ROWS_AT_ONCE ? rows.at(-1)?.key : undefined;
  } while (after !== undefined && !signal.aborted);
}
