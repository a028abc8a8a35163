/**
 * The sweep of a region's blobs: it asks the owners of what is in doubt, removes what nobody wants, and moves what is wanted out of segments of
 * which half is not.
 */
import type { BlobOwners, BlobPlace, SweepResult } from '#platform/blobs/blobs.ts';
import { BlobDamaged } from '#platform/blobs/blobs.ts';
import { checkBlocks } from '#platform/blobs/blocks.ts';
import type { Doubts } from '#platform/blobs/filesystem/doubts.ts';
import type { BlobFiles } from '#platform/blobs/filesystem/files.ts';
import type { HoldWatch } from '#platform/blobs/filesystem/hold.ts';
import { placeText } from '#platform/blobs/filesystem/places.ts';
import type { FoundRecord, Segments } from '#platform/blobs/filesystem/segments.ts';

export interface FilesystemParts {
  readonly segments: Segments;
  readonly files: BlobFiles;
  readonly hold: HoldWatch;
  readonly doubts: Doubts;
  readonly onFault: (error: unknown) => void;
  readonly isShared: boolean;
}

interface SweepParts extends FilesystemParts {
  /** Nobody may ask for its owner yet, or somebody reads it. */
  isInUse(place: BlobPlace): boolean;
  readonly unsettled: Set<BlobPlace>;
}

type Swept = { -readonly [Count in keyof SweepResult]: SweepResult[Count] };

export async function sweepBlobs(parts: SweepParts, owners: BlobOwners, signal: AbortSignal): Promise<SweepResult> {
  const result: Swept = { dropped: 0, moved: 0, freedBytes: 0 };
  const files = parts.doubts.takeFiles();
  try {
    await sweepFiles(parts, files, owners, result, signal);
  } catch (error) {
    parts.doubts.putBack(files);
    throw error;
  }
  for (const segment of await parts.segments.closed()) {
    if (signal.aborted || parts.hold.isHeld) break;
    if (!parts.doubts.isSegmentInDoubt(segment)) continue;
    try {
      await sweepSegment(parts, segment, owners, result, signal);
    } catch (error) {
      // A damaged segment stays as it is, for what can still be read of it; the others go on.
      if (!(error instanceof BlobDamaged)) throw error;
      parts.onFault(error);
    }
  }
  await parts.doubts.keep().catch(parts.onFault);
  return result;
}

async function sweepFiles(
  parts: SweepParts,
  asked: readonly string[] | undefined,
  owners: BlobOwners,
  result: Swept,
  signal: AbortSignal,
): Promise<void> {
  for await (const { id, offset, bytes, owner } of asked === undefined ? parts.files.all() : parts.files.some(asked)) {
    const place = placeText({ kind: 'file', id, offset, bytes });
    if (parts.isInUse(place)) {
      parts.doubts.file(id);
      continue;
    }
    if (await owners.isWanted(owner, place)) continue;
    if (signal.aborted || parts.hold.isHeld) {
      parts.doubts.putBack(asked);
      return;
    }
    await parts.files.remove(id);
    result.dropped++;
    result.freedBytes += bytes;
  }
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
    if (await owners.isWanted(record.owner, place)) {
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
  if (wanted.length > 0 || parts.hold.isHeld) return;
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
  } finally {
    parts.unsettled.delete(to);
  }
}

const placeOf = ({ segment, offset, bytes }: FoundRecord): BlobPlace =>
  placeText({ kind: 'segment', segment, offset, bytes });
