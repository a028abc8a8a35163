/**
 * Places of this driver as text: `s<segment>.<offset>.<bytes>` in a segment, `f<id>.<offset>.<bytes>` in a file of its own,
 * `r<blocks in base 64>.<bytes>` in the row that names it.
 */
import type { BlobPlace } from '#platform/blobs/blobs.ts';

/** Of a blob that the store keeps. */
export type StoredPlace =
  | { readonly kind: 'segment'; readonly segment: number; readonly offset: number; readonly bytes: number }
  | { readonly kind: 'file'; readonly id: string; readonly offset: number; readonly bytes: number };

export type Place = StoredPlace | { readonly kind: 'row'; readonly blocks: Buffer; readonly bytes: number };

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
    return { kind: 'row', blocks: Buffer.from(blocks, 'base64'), bytes: Number(bytes) };
  }
  const match = FORM.exec(text);
  if (!match) throw new Error(`no place of this store: ${text}`);
  const [, segment, id, offset, bytes] = match;
  const where = { offset: Number(offset), bytes: Number(bytes) };
  return id === undefined ? { kind: 'segment', segment: Number(segment), ...where } : { kind: 'file', id, ...where };
}
