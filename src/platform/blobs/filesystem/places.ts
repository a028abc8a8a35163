/** Places of this driver as text: `s<segment>.<offset>.<bytes>` in a segment, `f<id>.<offset>.<bytes>` in a file of its own. */
import type { BlobPlace } from '#platform/blobs/blobs.ts';

export type Place =
  | { readonly kind: 'segment'; readonly segment: number; readonly offset: number; readonly bytes: number }
  | { readonly kind: 'file'; readonly id: string; readonly offset: number; readonly bytes: number };

/** `offset` is where the blocks begin. */
export const placeText = (place: Place): BlobPlace =>
  `${place.kind === 'segment' ? `s${place.segment}` : `f${place.id}`}.${place.offset}.${place.bytes}` as BlobPlace;

const FORM = /^(?:s(\d+)|f([0-9a-f]{32}))\.(\d+)\.(\d+)$/;

export function readPlace(text: BlobPlace): Place {
  const match = FORM.exec(text);
  if (!match) throw new Error(`no place of this store: ${text}`);
  const [, segment, id, offset, bytes] = match;
  const where = { offset: Number(offset), bytes: Number(bytes) };
  return id === undefined ? { kind: 'segment', segment: Number(segment), ...where } : { kind: 'file', id, ...where };
}
