/** What one process asks of another, and is answered. */
import type { Refusal } from '#gateway/forward/refusal.ts';
import type { Address, Caller } from '#platform/cloud.ts';
import type { Input, Output } from '#platform/service.ts';
import type { Proposal } from '#platform/store/followed.ts';
import type { PartitionName } from '#platform/store/store.ts';

/** A call as it came, before its owner has looked at it. */
export interface ForwardedCall {
  readonly kind: 'call';
  /** Whose partition it works on, as the sender sees it. */
  readonly account: PartitionName['account'];
  readonly service: string;
  /** Of the operation in the registry. */
  readonly key: string;
  readonly input: Input;
  readonly caller: Caller;
  readonly region: string;
  readonly requestId: string;
  readonly origin: string;
  readonly address?: Address | undefined;
  readonly begunAt?: number | undefined;
  readonly idempotencyToken?: string | undefined;
}

export interface ForwardedProposal {
  readonly kind: 'proposal';
  readonly account: PartitionName['account'];
  readonly proposal: Proposal;
}

export type Message = ForwardedCall | ForwardedProposal;

export type Reply =
  | { readonly kind: 'output'; readonly output: Output | undefined }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  /** A proposal was not taken, or is lost. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** The account's partitions are not held there. Nothing was done. */
  | { readonly kind: 'not-held' };
