/**
 * Idempotency tokens (ClientToken and the like, and those of internal calls): the first answer is kept with the token in the
 * transaction that it answers, for 24 hours. The same token with the same input gets the same answer again; with another
 * input it is AWS's IdempotentParameterMismatch. An answer may hold a secret (a new access key, a data key), and so may the input that
 * its hash stands for: both are sealed. They are written as the structured clone has them, so that bytes stay bytes.
 */
import { hash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { hours, type Milliseconds } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import { type PurposeSealer, SealBroken } from '#platform/secrets/sealer.ts';
import type { Input, Output } from '#platform/service.ts';
import { jsonRows, type RowCodec, table, text, u64 } from '#platform/store/keys.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';

interface KeptRow {
  readonly at: Milliseconds;
  /** `Kept`, serialized. */
  readonly sealed: Buffer;
}

interface Kept {
  readonly inputHash: string;
  readonly output: Output;
}

/** The time as a double, then what is sealed. */
const keptRows: RowCodec<KeptRow> = {
  encode({ at, sealed }) {
    const time = Buffer.alloc(8);
    time.writeDoubleBE(at);
    return Buffer.concat([time, sealed]);
  },
  decode: (bytes) => ({ at: bytes.readDoubleBE(0), sealed: bytes.subarray(8) }),
};

const KEPT_FOR: Milliseconds = hours(24);

/** Principal account, operation, token -> the answer. */
const tokens = table('token', [text, text, text], keptRows);
/** When it was kept, and under which key: the order in which they are dropped. */
const tokenAges = table('token-age', [u64, text, text, text], jsonRows<Record<string, never>>(1));

export const KEPT_ANSWERS = 'kept-answers';

export interface TokenUse {
  readonly account: string;
  readonly operation: string;
  readonly token: string;
  readonly input: Input;
  /** The service's own code for a token that comes with another input. */
  readonly mismatch?: string | undefined;
  readonly now: Milliseconds;
  /** Of the purpose KEPT_ANSWERS. */
  readonly sealer: PurposeSealer;
}

const hashOf = (input: Input): string => hash('sha256', serialize(input), 'base64');
const placeOf = ({ account, operation, token }: TokenUse): string => JSON.stringify([account, operation, token]);

export function keptAnswer(tx: ReadTransaction, use: TokenUse): Output | undefined {
  const row = tx.get(tokens, tokens.key(use.account, use.operation, use.token));
  if (row === undefined || use.now - row.at > KEPT_FOR) return undefined;
  const opened = use.sealer.open(row.sealed, placeOf(use));
  if (opened === undefined) throw new SealBroken(`the kept answer of ${use.operation} in ${use.account} does not open`);
  // Written by keepAnswer.
  const kept = deserialize(opened) as Kept;
  if (kept.inputHash !== hashOf(use.input)) {
    fail(use.mismatch ?? 'IdempotentParameterMismatch', 'The client token was used before with different parameters.');
  }
  return kept.output;
}

export function keepAnswer(tx: Transaction, use: TokenUse, output: Output): void {
  // An operation without output has nothing to answer, but it has answered.
  const kept: Kept = { inputHash: hashOf(use.input), output: output ?? {} };
  const sealed = use.sealer.seal(serialize(kept), placeOf(use));
  tx.put(tokens, tokens.key(use.account, use.operation, use.token), { at: use.now, sealed });
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
