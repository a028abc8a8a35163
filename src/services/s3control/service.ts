/**
 * Amazon S3 Control: what is said of an account's buckets as a whole, and of ways to them. It signs as `s3`; its host
 * (`<account>.s3-control.<region>.<domain>`) tells it from S3, and on a host of no service its path together with a header that no
 * request of S3 has: a bucket may be named `v20180820`. S3 asks it by api.ts.
 *
 * Order of reading: state.ts, public-access.ts.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { GLOBAL_REGION } from '#platform/base/ids.ts';
import type { S3ControlOperations } from '#platform/model/generated/s3control.ts';
import { defineService, type Handlers } from '#platform/service.ts';
import { fail } from '#services/s3control/errors.ts';
import { jobKind, jobOperations, jobTimers, jobWork } from '#services/s3control/jobs/operations.ts';
import type { JobsParts } from '#services/s3control/jobs/parts.ts';
import { notImplemented } from '#services/s3control/not-implemented.ts';
import {
  deletePublicAccessBlock,
  getPublicAccessBlock,
  putPublicAccessBlock,
} from '#services/s3control/public-access.ts';

interface OfAccount {
  readonly AccountId?: string;
}

/** No call is about another account than the caller's: from memory, AWS has no page that says so of all operations. */
function ownAccount({ AccountId: named }: OfAccount, caller: AccountId | undefined): AccountId {
  if (caller === undefined || named !== caller) return fail('AccessDenied');
  return caller;
}

/** The settings of an account as a whole. */
const ofAccount = {
  owner: (input: OfAccount, caller: AccountId | undefined) => ({
    account: ownAccount(input, caller),
    region: GLOBAL_REGION,
  }),
  resource: () => '*',
} as const;

export const s3control = (parts: JobsParts) =>
  defineService({
    operations: {
      GetPublicAccessBlock: {
        handler: getPublicAccessBlock,
        ...ofAccount,
        action: 's3:GetAccountPublicAccessBlock',
        access: 'read',
      },
      PutPublicAccessBlock: {
        handler: putPublicAccessBlock,
        ...ofAccount,
        action: 's3:PutAccountPublicAccessBlock',
      },
      DeletePublicAccessBlock: {
        handler: deletePublicAccessBlock,
        ...ofAccount,
        action: 's3:PutAccountPublicAccessBlock',
      },
      ...jobOperations(parts, (input, caller) => ({ account: ownAccount(input, caller) })),
    } satisfies Handlers<S3ControlOperations, typeof notImplemented>,
    notImplemented,
    kinds: { job: jobKind },
    quotas: {},
    work: jobWork(parts),
    timers: jobTimers,
    mismatchError: 'IdempotencyException',
    throttlingError: 'TooManyRequestsException',
  });
