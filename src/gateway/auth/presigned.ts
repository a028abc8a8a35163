/** Authentication in the query: presigned URLs (S3 API Reference, "Authenticating Requests: Using Query Parameters"). */
import { type Authentication, type Dialect, isAlgorithm, readCredential } from '#gateway/auth/authentication.ts';
import { signedHeaders } from '#gateway/auth/canonical.ts';
import { parseBasicDate } from '#gateway/auth/timestamp.ts';
import type { WireRequest } from '#gateway/wire/protocol.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';

const REQUIRED = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date'];
/** Seven days: no signing key is good for longer. */
const LONGEST_SECONDS = 604_800;
const UNSAID: Milliseconds = minutes(15);

/** The names are matched as sent. A client that percent-encodes them is taken as one that doesn't sign. */
export const hasQueryAuthentication = (query: string): boolean => /(?:^|&)X-Amz-Algorithm=/.test(query);

/** The parameters of authentication alone, decoded; undefined where the query can't be read without doubt. */
function authenticationParameters(query: string): Map<string, string> | undefined {
  const found = new Map<string, string>();
  for (const piece of query.split('&')) {
    if (!piece.startsWith('X-Amz-')) continue;
    const equals = piece.indexOf('=');
    const name = equals < 0 ? piece : piece.slice(0, equals);
    // Two values for one name: which one was meant is anybody's guess, so nobody guesses.
    if (found.has(name)) return undefined;
    try {
      const value = equals < 0 ? '' : piece.slice(equals + 1);
      found.set(name, /[%+]/.test(value) ? decodeURIComponent(value.replaceAll('+', '%20')) : value);
    } catch {
      return undefined;
    }
  }
  return found;
}

export function readPresigned(request: WireRequest, dialect: Dialect): Authentication {
  const { faults } = dialect;
  const parameters = authenticationParameters(request.query);
  const required = dialect.requiresExpires ? [...REQUIRED, 'X-Amz-Expires'] : REQUIRED;
  const missing = required.filter((name) => !parameters?.get(name));
  if (!parameters || missing.length > 0) throw faults.missingParts('query', missing, '');

  // Each of these is there: `missing` is empty.
  const of = (name: string): string => parameters.get(name) as string;
  const algorithm = of('X-Amz-Algorithm');
  if (!isAlgorithm(algorithm)) throw faults.unsupportedAlgorithm('query', algorithm);
  const timestamp = of('X-Amz-Date');
  const time = parseBasicDate(timestamp);
  if (time === undefined) throw faults.malformedDate('query', timestamp);
  return {
    form: 'query',
    algorithm,
    ...readCredential('query', algorithm, of('X-Amz-Credential'), faults),
    regionSet: parameters.get('X-Amz-Region-Set'),
    signedHeaders: signedHeaders(of('X-Amz-SignedHeaders')),
    signature: of('X-Amz-Signature'),
    timestamp,
    time,
    expiresSeconds: readExpires(parameters.get('X-Amz-Expires'), dialect),
    sessionToken: parameters.get('X-Amz-Security-Token') ?? request.headers['x-amz-security-token'],
    declaredPayload: request.headers['x-amz-content-sha256'] ?? parameters.get('X-Amz-Content-Sha256'),
  };
}

function readExpires(text: string | undefined, { faults }: Dialect): number {
  if (text === undefined) return UNSAID / 1000;
  if (/^-\d+$/.test(text)) throw faults.malformedExpires('negative');
  if (!/^\d{1,15}$/.test(text)) throw faults.malformedExpires('not-a-number');
  const count = Number(text);
  if (count > LONGEST_SECONDS) throw faults.malformedExpires('too-long');
  return count;
}

/** `notYet` of clock skew is allowed ahead of the date; behind it the URL's own expiry counts, to the second. */
export function checkPresignedTime(
  authentication: Authentication,
  now: Milliseconds,
  skew: Milliseconds,
  dialect: Dialect,
): void {
  const { time, expiresSeconds = 0 } = authentication;
  if (time > now + skew) throw dialect.faults.notYetCurrent('query', time, now, skew);
  const expiry = time + expiresSeconds * 1000;
  if (now >= expiry) throw dialect.faults.presignedExpired(expiresSeconds, expiry, now);
}

const UNCOVERED = (name: string): boolean => name === 'X-Amz-Signature';
const UNCOVERED_WITH_TOKEN = (name: string): boolean => UNCOVERED(name) || name === 'X-Amz-Security-Token';

/** What a presigned signature leaves out: itself, and the token where a client has added that after signing. */
export const uncoveredParameters = (withToken: boolean): ((name: string) => boolean) =>
  withToken ? UNCOVERED_WITH_TOKEN : UNCOVERED;
