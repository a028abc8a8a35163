/**
 * Tokens of the metadata service, version 2: sealed, bound to the instance, with their end in them. Nothing is kept, so they outlive a restart.
 */
import { seconds } from '#platform/base/clock.ts';
import { openText, type Sealer } from '#platform/secrets/sealer.ts';

const MOST_SECONDS = 21_600;
const LONGEST_TOKEN = 200;

export interface MetadataTokens {
  issue(instance: string, ttlSeconds: number, now: number): string;
  /** Whole seconds that it is still good for; undefined: it is none, or of another instance, or over. */
  open(instance: string, token: string, now: number): number | undefined;
}

/** As the header gives it; undefined: no number from 1 to 21,600. */
export function timeToLive(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const given = Number(text);
  return given >= 1 && given <= MOST_SECONDS ? given : undefined;
}

export function metadataTokens(sealer: Sealer): MetadataTokens {
  const tokens = sealer.purpose('metadata-token');
  return {
    issue: (instance, ttlSeconds, now) =>
      tokens.seal(String(Math.floor(now + seconds(ttlSeconds))), instance).toString('base64'),
    open(instance, token, now) {
      if (token.length > LONGEST_TOKEN) return undefined;
      const end = openText(tokens, token, instance, 'base64')?.toString('latin1');
      if (end === undefined || Number(end) <= now) return undefined;
      return Math.floor((Number(end) - now) / 1000);
    },
  };
}
