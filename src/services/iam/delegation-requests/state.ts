/**
 * Delegation requests. A request is asked for by one account and answered by another, which may not be known at first; so they stand
 * in the directory, and each operation moves one of them there.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { SessionOwner } from '#services/iam/api.ts';
import type { StoredState } from '#services/iam/delegation-requests/lifecycle.ts';

export interface DelegationRow {
  readonly id: string;
  readonly requestor: AccountId;
  readonly requestorName: string;
  readonly workflowId: string;
  readonly description: string;
  readonly message?: string;
  readonly templateArn: string;
  readonly parameters: readonly PolicyParameter[];
  /** The template, filled in: what the credentials will be limited to. */
  readonly policy: string;
  readonly sessionSeconds: number;
  readonly redirectUrl?: string;
  /** ARN of what the requestor is told by. */
  readonly channel: string;
  readonly isOnlySentByOwner: boolean;
  readonly createdAt: number;
  readonly state: StoredState;
  /** When it came into this state. */
  readonly changedAt: number;
  readonly ownerAccount?: AccountId;
  /** ARN of the identity that the request was associated with. */
  readonly ownerId?: string;
  readonly approver?: Approver;
  readonly notes?: string;
  readonly rejection?: string;
}

export interface PolicyParameter {
  readonly name: string;
  readonly type: 'string' | 'stringList';
  readonly values: readonly string[];
}

/** Who accepted, as it was then: the delegated credentials act as this identity. */
export interface Approver {
  readonly arn: string;
  readonly owner: SessionOwner;
  readonly facts: {
    readonly mfaAuthenticatedAt?: number;
    readonly sourceIdentity?: string;
    readonly tags?: Readonly<Record<string, string>>;
    readonly transitiveTagKeys?: readonly string[];
  };
}

/** In the directory, by id. */
export const delegationRequests = table('delegation-request', [text], jsonRows<DelegationRow>(1));
type Empty = Readonly<Record<string, never>>;
/** Owner's account, request id: those that have an owner. */
export const delegationsOfOwner = table('delegation-of-owner', [text, text], jsonRows<Empty>(1));
/** Requestor's account, its workflow id -> the request: none is used twice. */
export const workflows = table('delegation-workflow', [text, text], jsonRows<{ readonly id: string }>(1));
