/**
 * Temporary credentials. The session token is the session: a sealed record of who, until when, with which secret and
 * which session policies. Any process opens it without a look-up; nothing is stored, so nothing has to be removed.
 */
import { type AccountId, secretAccessKey } from '#platform/base/ids.ts';
import type { SessionFacts } from '#platform/principal.ts';
import { openText, type Sealer } from '#platform/secrets/sealer.ts';
import { newAccessKeyId } from '#services/iam/access-keys/access-key-id.ts';
import type { SessionCredentials, SessionOwner } from '#services/iam/api.ts';

export interface SessionRecord {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: AccountId;
  /** By unique id, not name: a deleted and recreated role or user does not inherit sessions. */
  readonly owner: SessionOwner;
  readonly facts: SessionFacts;
}

export interface SessionTokens {
  issue(account: AccountId, owner: SessionOwner, facts: SessionFacts, leastTokenBytes?: number): SessionCredentials;
  /** Undefined for what was not issued here, or was altered. Says nothing of its time. */
  open(token: string): SessionRecord | undefined;
}

const BINDING = 'session/1';
/** A token with the largest session policies and 50 tags stays well below; longer ones are not worth decoding. */
const LONGEST_TOKEN = 64 * 1024;

export function sessionTokens(sealer: Sealer): SessionTokens {
  const tokens = sealer.purpose('session-token');
  return {
    issue(account, owner, facts, leastTokenBytes = 0) {
      const pair = { accessKeyId: newAccessKeyId('ASIA', account), secretAccessKey: secretAccessKey() };
      const record: SessionRecord = { ...pair, account, owner, facts };
      // White space at its end means nothing to JSON; base 64 makes four bytes of three.
      const text = JSON.stringify(record).padEnd(Math.ceil((leastTokenBytes * 3) / 4));
      const sessionToken = tokens.seal(text, BINDING).toString('base64');
      return { ...pair, sessionToken, tokenUtilization: Math.ceil((100 * sessionToken.length) / LONGEST_TOKEN) };
    },
    open(token) {
      if (token.length > LONGEST_TOKEN) return undefined;
      const opened = openText(tokens, token, BINDING, 'base64');
      // Sealed by us for this purpose alone, so its form is known.
      return opened && (JSON.parse(opened.toString('utf8')) as SessionRecord);
    },
  };
}
