/**
 * Places of this driver as text: `s<segment>.<offset>.<bytes>` in a segment, `f<id>.<offset>.<bytes>` in a file of its own,
 * `r<blocks in base 64>.<bytes>` in the row that names it; beside that row as rows.ts has it.
 */
import { assert } from '#platform/base/assert.ts';
import type { BlobPlace } from '#platform/blobs/blobs.ts';
import { type BlobRows, readBlobRow, readRowPlace } from '#platform/blobs/rows.ts';
import type { Key } from '#platform/store/keys.ts';

/** Of a blob that has room on the file system. */
export type StoredPlace =
  | { readonly kind: 'segment'; readonly segment: number; readonly offset: number; readonly bytes: number }
  | { readonly kind: 'file'; readonly id: string; readonly offset: number; readonly bytes: number };

/** Of one that lies in the store. */
type RowPlace =
  | { readonly kind: 'within'; readonly blocks: Buffer; readonly bytes: number }
  | { readonly kind: 'beside'; readonly key: Key; readonly bytes: number };

export type Place = StoredPlace | RowPlace;

export const isStored = (place: Place): place is StoredPlace => place.kind === 'segment' || place.kind === 'file';

/** `rows`: where what lies beside the row is to be found. */
export async function blocksInStore(place: RowPlace, rows: BlobRows | undefined): Promise<Buffer> {
  if (place.kind === 'within') return place.blocks;
  assert(rows !== undefined, 'who names blobs in rows reads them with these rows at hand');
  return readBlobRow(rows, place.key);
}

export const rowPlaceText = (blocks: Buffer, bytes: number): BlobPlace =>
  `r${blocks.toString('base64')}.${bytes}` as BlobPlace;

/** `offset` is where the blocks begin. */
export const placeText = (place: StoredPlace): BlobPlace =>
  `${place.kind === 'segment' ? `s${place.segment}` : `f${place.id}`}.${place.offset}.${place.bytes}` as BlobPlace;

const FORM = /^(?:s(\d+)|f([0-9a-f]{32}))\.(\d+)\.(\d+)$/;

const ROW_FORM = /^r([A-Za-z0-9+/]+={0,2})\.(\d+)$/;

export function readPlace(text: BlobPlace): Place {
  if (text.startsWith('r')) {
    const [, blocks = '', bytes] = ROW_FORM.exec(text) ?? [];
    return { kind: 'within', blocks: Buffer.from(blocks, 'base64'), bytes: Number(bytes) };
  }
  const beside = readRowPlace(text);
  if (beside !== undefined) return { kind: 'beside', ...beside };
  const match = FORM.exec(text);
  if (!match) throw new Error(`no place of this store: ${text}`);
  const [, segment, id, offset, bytes] = match;
  const where = { offset: Number(offset), bytes: Number(bytes) };
  return id === undefined ? { kind: 'segment', segment: Number(segment), ...where } : { kind: 'file', id, ...where };
}
