/**
 * Trade-in tokens: what the requestor gets when a request is finalized, and what STS gives for it. The token is a sealed note of the
 * request; only the account that asked can trade it in, and only within the time that the owner granted.
 */
import { seconds } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import { openText, type Sealer } from '#platform/secrets/sealer.ts';
import type { Store } from '#platform/store/store.ts';
import type { DelegatedAccessApi, SessionOwner, SessionsApi } from '#services/iam/api.ts';
import { stateAt } from '#services/iam/delegation-requests/lifecycle.ts';
import { delegationRequests } from '#services/iam/delegation-requests/state.ts';
import { directoryOf, entities, partitionOf } from '#services/iam/state.ts';

const BINDING = 'delegation/1';
const LONGEST_TOKEN = 1024;

export interface TradeInTokens {
  seal(requestId: string): string;
  /** The request's id; undefined for what was not issued here. */
  open(token: string): string | undefined;
}

export function tradeInTokens(sealer: Sealer): TradeInTokens {
  const tokens = sealer.purpose('trade-in-token');
  return {
    seal: (requestId) => tokens.seal(requestId, BINDING).toString('base64url'),
    open(token) {
      if (token.length > LONGEST_TOKEN) return undefined;
      return openText(tokens, token, BINDING, 'base64url')?.toString('utf8');
    },
  };
}

export function createDelegatedAccess(store: Store, sealer: Sealer, sessions: SessionsApi): DelegatedAccessApi {
  const tokens = tradeInTokens(sealer);
  const invalid = (): never => fail('AccessDenied', 'The trade-in token is not valid.');
  return {
    tradeIn(token, caller, now) {
      const id = tokens.open(token) ?? invalid();
      const row = directoryOf(store).read((tx) => tx.get(delegationRequests, delegationRequests.key(id)));
      const { ownerAccount: account, approver } = row ?? {};
      if (row?.requestor !== caller || !account || !approver || row.state !== 'FINALIZED') return invalid();
      // "The active time window for the session starts when the customer calls the SendDelegationToken API."
      const expiresAt = row.changedAt + seconds(row.sessionSeconds);
      if (now >= expiresAt || stateAt(row, now) === 'EXPIRED') {
        fail('ExpiredTradeInTokenException', 'The trade-in token has expired. Request a new token.');
      }
      if (!isThere(store, account, approver.owner)) return invalid();
      // Traded in again, it is no newer: a policy that revokes older sessions must find it.
      const facts = { ...approver.facts, issuedAt: row.changedAt, expiresAt, policy: row.policy };
      const credentials = sessions.issue(account, approver.owner, facts);
      return { credentials, expiresAt, principalArn: approver.arn, policy: row.policy };
    },
  };
}

/** A user or role that is gone has nothing to delegate. */
const isThere = (store: Store, account: Parameters<typeof partitionOf>[1], owner: SessionOwner): boolean =>
  owner.kind === 'root' ||
  partitionOf(store, account).read((tx) => tx.get(entities, entities.key(owner.id))) !== undefined;
