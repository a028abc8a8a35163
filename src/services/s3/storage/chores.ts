/**
 * What looks after a region's blobs while nobody asks: the sweep gives back the room of what no row names (bytes that were
 * overwritten or deleted in segments, and what a crash or an aborted upload left); the scrub reads all there is. It is the
 * process's own work: which blobs are its to look after has nothing to do with the accounts that it holds.
 */
import { days, hours, minutes } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import type { Chore } from '#platform/jobs/jobs.ts';
import type { Scrub } from '#services/s3/storage/scrub.ts';
import type { Sweep } from '#services/s3/storage/sweep.ts';

export interface BlobCare {
  readonly sweep: Sweep;
  readonly scrub: Scrub;
}

/** A start has other things to do. `care` is made when it is first needed. */
export const blobChores = (region: Region, care: () => Promise<BlobCare>): readonly Chore[] => [
  {
    name: 'sweep',
    first: minutes(10),
    again: hours(2),
    run: async (log, signal) => (await care()).sweep(region, log, signal),
  },
  {
    name: 'scrub',
    first: hours(6),
    again: days(7),
    run: async (log, signal) => (await care()).scrub(region, log, signal),
  },
];
