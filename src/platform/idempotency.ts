/**
 * Idempotency tokens (ClientToken and the like, and those of internal calls): the first answer is kept with the token in the
 * transaction that it answers, for 24 hours. The same token with the same input gets the same answer again; with another
 * input it is AWS's IdempotentParameterMismatch.
 */
import { hash } from 'node:crypto';
import { hours, type Milliseconds } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import type { Input, Output } from '#platform/service.ts';
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';

interface Kept {
  readonly inputHash: string;
  readonly output: Output;
  readonly at: Milliseconds;
}

const KEPT_FOR: Milliseconds = hours(24);

/** Principal account, operation, token -> the answer. */
const tokens = table('token', [text, text, text], jsonRows<Kept>(1));
/** When it was kept, and under which key: the order in which they are dropped. */
const tokenAges = table('token-age', [u64, text, text, text], jsonRows<Record<string, never>>(1));

export interface TokenUse {
  readonly account: string;
  readonly operation: string;
  readonly token: string;
  readonly input: Input;
  readonly now: Milliseconds;
}

const hashOf = (input: Input): string => hash('sha256', JSON.stringify(input), 'base64');

export function keptAnswer(tx: ReadTransaction, use: TokenUse): Output | undefined {
  const kept = tx.get(tokens, tokens.key(use.account, use.operation, use.token));
  if (kept === undefined || use.now - kept.at > KEPT_FOR) return undefined;
  if (kept.inputHash !== hashOf(use.input)) {
    fail('IdempotentParameterMismatch', 'The client token was used before with different parameters.');
  }
  return kept.output;
}

export function keepAnswer(tx: Transaction, use: TokenUse, output: Output): void {
  tx.put(tokens, tokens.key(use.account, use.operation, use.token), {
    inputHash: hashOf(use.input),
    // An operation without output has nothing to answer, but it has answered.
    output: output ?? {},
    at: use.now,
  });
  tx.put(tokenAges, tokenAges.key(use.now, use.account, use.operation, use.token), {});
  const stale = tx.range(tokenAges, { before: tokenAges.key(Math.max(0, use.now - KEPT_FOR), '', '', ''), limit: 10 });
  for (const { key } of stale) {
    const [, account, operation, token] = tokenAges.parts(key);
    tx.delete(tokenAges, key);
    const row = tokens.key(account, operation, token);
    const kept = tx.get(tokens, row);
    if (kept !== undefined && use.now - kept.at > KEPT_FOR) tx.delete(tokens, row);
  }
}
