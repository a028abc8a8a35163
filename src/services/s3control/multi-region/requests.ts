/**
 * What is asked of multi-region access points is done later: the answer is a token, by which the outcome can be asked for. On AWS
 * it takes the time that all regions need; here, a moment. A request is checked before it is taken, so each that was taken succeeds.
 */
import { formatArn, parseArn } from '#platform/base/arn.ts';
import { type Milliseconds, seconds } from '#platform/base/clock.ts';
import { type AccountId, randomBytes } from '#platform/base/ids.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type {
  AsyncOperationName,
  DescribeMultiRegionAccessPointOperationRequest,
  DescribeMultiRegionAccessPointOperationResult,
} from '#platform/model/generated/s3control.ts';
import type { Call, TimerJob } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { fail } from '#services/s3control/errors.ts';
import { dropMultiRegion, findMultiRegion, putMultiRegion } from '#services/s3control/multi-region/open.ts';
import { asyncRequests, type RequestRow } from '#services/s3control/state.ts';

export const FINISH_JOB = 'finishMultiRegionRequest';
const TAKES: Milliseconds = seconds(5);

/** Where all of it is managed. */
export const CONTROL_REGION = 'us-west-2';

const NOUNS: Readonly<Record<AsyncOperationName, string>> = {
  CreateMultiRegionAccessPoint: 'create',
  DeleteMultiRegionAccessPoint: 'delete',
  PutMultiRegionAccessPointPolicy: 'policy-update',
};

const tokenArn = (account: AccountId, { operation }: Pick<RequestRow, 'operation'>, token: string): string =>
  formatArn('s3', CONTROL_REGION, account, `async-request/mrap/${NOUNS[operation]}/${token}`);

export function take(tx: Transaction, call: Call, row: Omit<RequestRow, 'createdAt'>): { RequestTokenARN: string } {
  const token = randomBytes(24).toString('base64url');
  tx.put(asyncRequests, asyncRequests.key(token), { ...row, createdAt: call.now });
  setTimer(tx, { job: FINISH_JOB, id: token, due: call.now + TAKES, payload: { token } });
  return { RequestTokenARN: tokenArn(call.account, row, token) };
}

export const finishRequest: TimerJob = (tx, { token }) => {
  // Written by `take`.
  const key = asyncRequests.key(String(token));
  const request = tx.get(asyncRequests, key);
  if (request === undefined || request.isDone) return;
  const point = findMultiRegion(tx, request.name);
  if (point !== undefined) {
    const { proposed, proposedPrincipals = {}, ...row } = point;
    if (request.operation === 'DeleteMultiRegionAccessPoint') dropMultiRegion(tx, point.name);
    else if (request.operation === 'CreateMultiRegionAccessPoint') putMultiRegion(tx, { ...point, status: 'READY' });
    else if (proposed !== undefined)
      putMultiRegion(tx, { ...row, policy: proposed, policyPrincipals: proposedPrincipals });
  }
  tx.put(asyncRequests, key, { ...request, isDone: true });
};

export const describeOperation = (
  { RequestTokenARN: arn }: DescribeMultiRegionAccessPointOperationRequest,
  { tx, account }: Call,
): DescribeMultiRegionAccessPointOperationResult => {
  const token = /^async-request\/mrap\/[a-z-]+\/([^/]+)$/.exec(parseArn(arn)?.resource ?? '')?.[1];
  const row = token === undefined ? undefined : tx.get(asyncRequests, asyncRequests.key(token));
  if (token === undefined || row === undefined || tokenArn(account, row, token) !== arn)
    return fail('NoSuchAsyncRequest');
  const status = row.isDone ? 'SUCCEEDED' : 'INPROGRESS';
  return {
    AsyncOperation: {
      CreationTime: row.createdAt,
      Operation: row.operation,
      RequestTokenARN: arn,
      RequestParameters: row.parameters,
      RequestStatus: status,
      ResponseDetails: {
        MultiRegionAccessPointDetails: { Regions: row.regions.map((Name) => ({ Name, RequestStatus: status })) },
      },
    },
  };
};
