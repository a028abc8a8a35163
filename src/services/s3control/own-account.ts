/** Whose business an operation is. */
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#services/s3control/errors.ts';

export interface OfAccount {
  readonly AccountId?: string;
}

/** No call is about another account than the caller's: from memory, AWS has no page that says so of all operations. */
export function ownAccount({ AccountId: named }: OfAccount, caller: AccountId | undefined): AccountId {
  if (caller === undefined || named !== caller) return fail('AccessDenied');
  return caller;
}
