/** Gives back the room of a region's blobs that no row names. */
import type { Region } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import { blobOwners } from '#services/s3/objects/owners.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export type Sweep = (region: Region, log: Logger, signal: AbortSignal) => Promise<void>;

export const sweeper =
  (parts: S3Parts): Sweep =>
  async (region, log, signal) => {
    const blobs = await parts.blobs(region);
    const { dropped, moved, freedBytes } = await blobs.sweep(blobOwners(parts.store, region), signal);
    if (dropped > 0 || moved > 0) log.log('info', 'blobs swept', { region, dropped, moved, freedBytes });
  };
