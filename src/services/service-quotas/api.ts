/** What the `makonis` service may use: an operator decides about requested increases. */

import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';

export interface QuotaRequest {
  readonly id: string;
  readonly account: AccountId;
  readonly region: Region;
  readonly serviceCode: string;
  readonly quotaCode: string;
  readonly desiredValue: number;
  readonly status: 'PENDING' | 'APPROVED' | 'NOT_APPROVED';
  readonly createdAt: Milliseconds;
}

export interface QuotaRequestsApi {
  /** Pending ones of all accounts. */
  pending(): QuotaRequest[];
  /** Resolves when the decision is on disk. Throws NoSuchResourceException; a decided request stays as it is. */
  decide(
    place: { account: AccountId; region: Region; id: string },
    isApproved: boolean,
    now: Milliseconds,
  ): Promise<QuotaRequest>;
  /** Resolves when it is on disk. Throws NoSuchResourceException, IllegalArgumentException. */
  set(place: { account: AccountId; region: Region }, service: string, code: string, value: number): Promise<void>;
}
