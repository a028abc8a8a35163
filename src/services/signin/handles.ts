/**
 * Codes and refresh tokens as clients carry them: the place of a row, sealed. So a made-up one is told without a look-up, a real
 * one finds its account, and an id says nothing. A refresh token starts with ASOR, as AWS's do.
 */
import { openText, type PurposeSealer, type Sealer } from '#platform/secrets/sealer.ts';
import type { RowPlace } from '#services/signin/state.ts';

export interface Handles {
  writeCode(place: RowPlace): string;
  readCode(code: string): RowPlace | undefined;
  writeToken(place: RowPlace): string;
  readToken(token: string): RowPlace | undefined;
}

const TOKEN_PREFIX = 'ASOR';

export function createHandles(sealer: Sealer): Handles {
  const codes = sealer.purpose('signin-code');
  const tokens = sealer.purpose('signin-refresh-token');
  return {
    writeCode: (place) => write(codes, place),
    readCode: (code) => read(codes, code),
    writeToken: (place) => `${TOKEN_PREFIX}${write(tokens, place)}`,
    readToken: (token) => (token.startsWith(TOKEN_PREFIX) ? read(tokens, token.slice(TOKEN_PREFIX.length)) : undefined),
  };
}

const write = (sealer: PurposeSealer, place: RowPlace): string =>
  sealer.seal(JSON.stringify(place), '').toString('base64url');

function read(sealer: PurposeSealer, text: string): RowPlace | undefined {
  const opened = openText(sealer, text, '', 'base64url');
  // Sealed here for this purpose alone, so its form is known.
  return opened && (JSON.parse(opened.toString('utf8')) as RowPlace);
}
