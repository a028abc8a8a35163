/** A transaction can't wait for the region's blobs to be opened: what it gives up goes when they are. */
import type { Blobs } from '#platform/blobs/blobs.ts';
import type { JobCall } from '#platform/service.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export const laterBlobs = (
  parts: S3Parts,
  { region, log }: Pick<JobCall, 'region' | 'log'>,
): Pick<Blobs, 'discard'> => ({
  discard: (place) =>
    void parts.blobs(region).then(
      (blobs) => blobs.discard(place),
      (error: unknown) => log.log('error', 'a blob is left to the sweep', { reason: String(error) }),
    ),
});
