/**
 * The sweep of a region's blobs: it asks the owners of what is in doubt, removes what nobody wants, and moves what is wanted out of segments of
 * which half is not. Where processes share the folder each does so for its own and what it has inherited: who writes alone knows what is not
 * settled, and of who is gone nothing is. What has no row will never have one again, so no two of them can harm each other.
 */
import type { Clock } from '#platform/base/clock.ts';
import type { BlobOwners, BlobPlace, BlobSharing, SweepResult } from '#platform/blobs/blobs.ts';
import { BlobDamaged } from '#platform/blobs/blobs.ts';
import { checkBlocks } from '#platform/blobs/blocks.ts';
import type { Doubts } from '#platform/blobs/filesystem/doubts.ts';
import type { BlobFiles } from '#platform/blobs/filesystem/files.ts';
import type { HoldWatch } from '#platform/blobs/filesystem/hold.ts';
import { placeText } from '#platform/blobs/filesystem/places.ts';
import type { FoundRecord, Segments } from '#platform/blobs/filesystem/segments.ts';
import { ALONE, writerOfFile, writerOfSegment } from '#platform/blobs/filesystem/writers.ts';
import { StoreUnavailable } from '#platform/store/store.ts';

export interface FilesystemParts {
  readonly clock: Clock;
  readonly segments: Segments;
  readonly files: BlobFiles;
  readonly hold: HoldWatch;
  readonly doubts: Doubts;
  readonly onFault: (error: unknown) => void;
  readonly sharing: BlobSharing | undefined;
}

interface SweepParts extends FilesystemParts {
  /** Nobody may ask for its owner yet, or somebody reads it. */
  isInUse(place: BlobPlace): boolean;
  readonly unsettled: Set<BlobPlace>;
  /** Files and segments that the last sweep would have removed. */
  readonly condemned: Set<string | number>;
}

type Swept = { -readonly [Count in keyof SweepResult]: SweepResult[Count] };

/** Whose blobs are to be looked after here. Asked after they were listed: so who has begun to write since is not among the gone. */
export async function ours(sharing: BlobSharing | undefined): Promise<(writer: number) => boolean> {
  if (sharing === undefined) return () => true;
  const isInherited = await sharing.inheritance();
  const own = sharing.writer();
  return (writer) => writer === own || isInherited(writer);
}

export async function sweepBlobs(parts: SweepParts, owners: BlobOwners, signal: AbortSignal): Promise<SweepResult> {
  const result: Swept = { dropped: 0, moved: 0, freedBytes: 0 };
  const { sharing, doubts } = parts;
  if (sharing !== undefined) {
    await doubts.hear(await ours(sharing));
    await parts.files.removeInheritedDrafts(sharing);
  }
  await sweepFiles(parts, owners, result, signal);
  const segments = await parts.segments.others();
  const isOurs = await ours(sharing);
  for (const segment of segments) {
    if (signal.aborted || parts.hold.isHeld) break;
    if (!isOurs(writerOfSegment(segment)) || !doubts.isSegmentInDoubt(segment)) continue;
    try {
      await sweepSegment(parts, segment, owners, result, signal);
    } catch (error) {
      // A damaged segment stays as it is, for what can still be read of it; the others go on.
      if (!(error instanceof BlobDamaged)) throw error;
      // Or an heir that this process does not know of yet has removed it.
      if ((await parts.segments.others()).includes(segment)) parts.onFault(error);
    }
  }
  await doubts.keep().catch(parts.onFault);
  return result;
}

async function sweepFiles(parts: SweepParts, owners: BlobOwners, result: Swept, signal: AbortSignal): Promise<void> {
  const { doubts, sharing, files } = parts;
  const doubted = doubts.takeFiles();
  const writerOf = (id: string): number => (sharing === undefined ? ALONE : writerOfFile(id));
  const asked = new Set<number>();
  let isWhole = false;
  try {
    isWhole = await sweepThese(parts, [...doubted], owners, result, signal);
    // Alone, all are one writer's.
    if (sharing === undefined && doubts.areAsked(ALONE)) return;
    for await (const ids of files.ids()) {
      const isOurs = await ours(sharing);
      const due = ids.filter((id) => isOurs(writerOf(id)) && !doubts.areAsked(writerOf(id)) && !doubted.has(id));
      for (const id of due) asked.add(writerOf(id));
      isWhole &&= await sweepThese(parts, due, owners, result, signal);
      if (!isWhole) return;
    }
  } finally {
    if (isWhole) doubts.asked(sharing === undefined ? [ALONE] : asked);
    else for (const id of doubted) doubts.file(id);
  }
}

/** False: it was broken off. */
async function sweepThese(
  parts: SweepParts,
  ids: readonly string[],
  owners: BlobOwners,
  result: Swept,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { id, offset, bytes, owner } of parts.files.some(ids)) {
    const place = placeText({ kind: 'file', id, offset, bytes });
    const isWanted = parts.isInUse(place) ? 'unknown' : await askFor(owners, owner, place);
    if (isWanted === true) continue;
    if (signal.aborted || parts.hold.isHeld) return false;
    if (isWanted === 'unknown' || !mayGo(parts, id)) {
      parts.doubts.file(id);
      continue;
    }
    await parts.files.remove(id);
    result.dropped++;
    result.freedBytes += bytes;
  }
  return true;
}

/** Its owner may be out of reach. */
async function askFor(owners: BlobOwners, owner: string, place: BlobPlace): Promise<boolean | 'unknown'> {
  try {
    return await owners.isWanted(owner, place);
  } catch (error) {
    if (error instanceof StoreUnavailable) return 'unknown';
    throw error;
  }
}

/** Where others read too, it goes with the next sweep: who read its row before that went may be reading it still. */
function mayGo({ sharing, condemned }: SweepParts, what: string | number): boolean {
  if (sharing === undefined || condemned.delete(what)) return true;
  condemned.add(what);
  return false;
}

async function sweepSegment(
  parts: SweepParts,
  segment: number,
  owners: BlobOwners,
  result: Swept,
  signal: AbortSignal,
): Promise<void> {
  const wanted: FoundRecord[] = [];
  let [wantedBytes, all, dropped] = [0, 0, 0];
  for await (const record of parts.segments.records(segment)) {
    if (signal.aborted) return;
    all += record.size;
    const place = placeOf(record);
    if (parts.isInUse(place)) return;
    const isWanted = await askFor(owners, record.owner, place);
    if (isWanted === 'unknown') return;
    if (isWanted) {
      wanted.push(record);
      wantedBytes += record.size;
    } else dropped++;
  }
  if (!parts.doubts.counted(segment, { wanted: wantedBytes, all })) return;
  for (const record of wanted) {
    if (signal.aborted) return;
    if (await move(parts, record, owners)) result.moved++;
  }
  parts.doubts.forget(segment);
  // Who reads it now may end first.
  if (wanted.length > 0 || parts.hold.isHeld || !mayGo(parts, segment)) return;
  await parts.segments.remove(segment);
  result.dropped += dropped;
  result.freedBytes += all;
}

/** The stored bytes go as they are: sealed blocks know nothing of where they lie. */
async function move(parts: SweepParts, record: FoundRecord, owners: BlobOwners): Promise<boolean> {
  const bytes = await parts.segments.read(record.segment, record.start, record.size);
  checkBlocks(bytes.subarray(record.headBytes), record.isSealed);
  const { segment, offset } = await parts.segments.append([bytes], bytes.length);
  const to = placeText({ kind: 'segment', segment, offset: offset + record.headBytes, bytes: record.bytes });
  parts.unsettled.add(to);
  try {
    return await owners.moved(record.owner, placeOf(record), to);
  } catch (error) {
    // Whichever place its row names: the next sweep asks for both.
    if (error instanceof StoreUnavailable) return false;
    throw error;
  } finally {
    parts.unsettled.delete(to);
  }
}

const placeOf = ({ segment, offset, bytes }: FoundRecord): BlobPlace =>
  placeText({ kind: 'segment', segment, offset, bytes });
