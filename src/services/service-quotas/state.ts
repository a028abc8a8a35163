import type { Milliseconds } from '#platform/base/clock.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';

export interface RequestRow {
  readonly serviceCode: string;
  readonly quotaCode: string;
  readonly desiredValue: number;
  readonly status: 'PENDING' | 'APPROVED' | 'NOT_APPROVED';
  readonly createdAt: Milliseconds;
  readonly updatedAt: Milliseconds;
  /** The ARN of who asked. */
  readonly requester: string;
}

/** Request id -> request. In the partition of the account and region that it speaks of. */
export const requests = table('request', [text], jsonRows<RequestRow>(1));
