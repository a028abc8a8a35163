/**
 * The scrub reads all of a region's blobs, no faster than the operator lets it, and holds every check sum against what it finds. What is
 * damaged is told at once: an error in the log, and a gauge for alarms. How far it has come stands on the operator's port too.
 */
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { Region } from '#platform/base/ids.ts';
import type { Logger } from '#platform/base/log.ts';
import type { ScrubWatch } from '#platform/blobs/blobs.ts';
import { scrubBlobRows } from '#platform/blobs/rows.ts';
import { again } from '#platform/store/again.ts';
import type { Partition, Store } from '#platform/store/store.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export type Scrub = (region: Region, log: Logger, signal: AbortSignal) => Promise<void>;

interface Progress {
  isUnderWay: boolean;
  readBytes: number;
  damaged: number;
  /** Of the last that came to its end. */
  damagedBefore: number;
  endedAt: Milliseconds;
}

export function scrubber(parts: S3Parts): Scrub {
  const { clock } = parts;
  const scrubs = new Map<Region, Progress>();
  showOn(parts, scrubs);
  return async (region, log, signal) => {
    const scrub = getOrInsert(scrubs, region, newScrub);
    Object.assign(scrub, { isUnderWay: true, readBytes: 0, damaged: 0 });
    const waitFor = pace(clock, parts.scrubBytesPerSecond, signal);
    try {
      const blobs = await parts.blobs(region);
      const watch: ScrubWatch = {
        signal,
        read(bytes) {
          scrub.readBytes += bytes;
          return waitFor(scrub.readBytes);
        },
        damaged(place) {
          scrub.damaged++;
          log.log('error', 'a blob is damaged', { region, place });
        },
      };
      await blobs.scrub(watch);
      for (const partition of await ownPartitions(parts.store, region)) await scrubBlobRows(partition, watch);
    } finally {
      scrub.isUnderWay = false;
    }
    // Of a scrub that was broken off there is nothing more to tell.
    if (signal.aborted) return;
    Object.assign(scrub, { damagedBefore: scrub.damaged, endedAt: clock.now() });
    log.log('info', 'blobs scrubbed', { region, damaged: scrub.damaged, bytes: scrub.readBytes });
  };
}

/** Those of the region whose rows may be blobs. What another process owns it reads itself. */
async function ownPartitions(store: Store, region: Region): Promise<Partition[]> {
  const names = await again(() => store.partitions({ region }));
  const ours = names.filter(({ service }) => service === 's3' || service === 's3express');
  return ours.map((name) => store.partition(name)).filter(({ enter }) => enter === undefined);
}

const newScrub = (): Progress => ({ isUnderWay: false, readBytes: 0, damaged: 0, damagedBefore: 0, endedAt: 0 });

function showOn({ metrics }: S3Parts, scrubs: ReadonlyMap<Region, Progress>): void {
  const all = () => [...scrubs.values()];
  const sum = (of: (scrub: Progress) => number) => () => all().reduce((before, scrub) => before + of(scrub), 0);
  metrics.gauge(
    'damaged_blobs',
    'Blobs that the last scrub, or the one under way, found damaged.',
    sum(({ damaged, damagedBefore }) => Math.max(damaged, damagedBefore)),
  );
  metrics.gauge(
    'scrubs_under_way',
    'Regions whose blobs are being read and checked.',
    sum(({ isUnderWay }) => Number(isUnderWay)),
  );
  metrics.gauge(
    'scrubbed_bytes',
    'What the last scrub of each region, or the one under way, has read.',
    sum(({ readBytes }) => readBytes),
  );
  metrics.gauge(
    'scrub_ended_seconds',
    'When the region whose last scrub is longest ago had it, in seconds since 1970; 0: not since the start.',
    () => (scrubs.size === 0 ? 0 : Math.floor(Math.min(...all().map(({ endedAt }) => endedAt)) / seconds(1))),
  );
}

/** Answers how long to wait after so many bytes, so that a second has no more than its share; nothing if it need not. */
function pace(clock: Clock, bytesPerSecond: number, signal: AbortSignal): (bytes: number) => Promise<void> | undefined {
  const begin = clock.monotonic();
  return (bytes) => {
    const early = (bytes / bytesPerSecond) * seconds(1) - (clock.monotonic() - begin);
    return early <= 0 || signal.aborted ? undefined : elapsed(clock, early, signal);
  };
}

function elapsed(clock: Clock, time: Milliseconds, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(time, end);
    signal.addEventListener('abort', end);
    function end(): void {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
}
