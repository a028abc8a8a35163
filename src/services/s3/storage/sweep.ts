/**
 * What looks after a region's blobs while nobody asks: the sweep gives back the room of what no row names (bytes that were
 * overwritten or deleted in segments, and what a crash or an aborted upload left); the scrub (scrub.ts) reads all there is.
 * Blobs are of a region, partitions of an account: the first one that is opened does it for all.
 */
import { days, hours, type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import type { JobCall, Reconciler } from '#platform/service.ts';
import type { Partition } from '#platform/store/store.ts';
import { blobOwners } from '#services/s3/objects/owners.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { scrubber } from '#services/s3/storage/scrub.ts';

interface Rhythm {
  /** A start has other things to do. */
  readonly first: Milliseconds;
  readonly again: Milliseconds;
}

const SWEEP: Rhythm = { first: minutes(10), again: hours(2) };
const SCRUB: Rhythm = { first: hours(6), again: days(7) };

export const storageReconcilers = (parts: S3Parts): Readonly<Record<string, Reconciler>> => ({
  sweep: oncePerRegion(SWEEP, (job, signal) => sweep(parts, job, signal)),
  scrub: oncePerRegion(SCRUB, scrubber(parts)),
});

function oncePerRegion(
  { first, again }: Rhythm,
  work: (job: JobCall, signal: AbortSignal) => Promise<void>,
): Reconciler {
  const workers = new Map<Region, Partition>();
  return async (job, signal) => {
    // The directory has no blobs.
    if ((job.account as string) === 'global') return undefined;
    const worker = workers.get(job.region);
    if (worker === undefined) {
      workers.set(job.region, job.partition);
      return first;
    }
    if (worker !== job.partition) return undefined;
    await work(job, signal);
    return again;
  };
}

async function sweep(parts: S3Parts, { region, log }: JobCall, signal: AbortSignal): Promise<void> {
  const blobs = await parts.blobs(region);
  const { dropped, moved, freedBytes } = await blobs.sweep(blobOwners(parts.store, region), signal);
  if (dropped > 0 || moved > 0) log.log('info', 'blobs swept', { region, dropped, moved, freedBytes });
}
