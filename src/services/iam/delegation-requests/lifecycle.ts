/**
 * The states of a delegation request (IAM User Guide, "Understanding the Request Lifecycle"): which step starts from which, where it
 * leads, and how long a request may stay there. What nobody moves on expires by itself, so the state that counts is asked with the
 * time.
 */
import { days, type Milliseconds } from '#platform/base/clock.ts';

export type StoredState = 'UNASSIGNED' | 'ASSIGNED' | 'PENDING_APPROVAL' | 'ACCEPTED' | 'FINALIZED' | 'REJECTED';
export type State = StoredState | 'EXPIRED';

const LIFETIMES: Readonly<Record<StoredState, Milliseconds>> = {
  UNASSIGNED: days(1),
  ASSIGNED: days(7),
  PENDING_APPROVAL: days(7),
  ACCEPTED: days(7),
  FINALIZED: days(7),
  REJECTED: days(7),
};

export type Step = 'associate' | 'update' | 'accept' | 'reject' | 'send';

const STEPS: Readonly<Record<Step, { readonly from: readonly State[]; readonly to: StoredState }>> = {
  associate: { from: ['UNASSIGNED'], to: 'ASSIGNED' },
  update: { from: ['ASSIGNED', 'PENDING_APPROVAL'], to: 'PENDING_APPROVAL' },
  accept: { from: ['ASSIGNED', 'PENDING_APPROVAL'], to: 'ACCEPTED' },
  reject: { from: ['ASSIGNED', 'PENDING_APPROVAL', 'ACCEPTED'], to: 'REJECTED' },
  send: { from: ['ACCEPTED'], to: 'FINALIZED' },
};

interface Stay {
  readonly state: StoredState;
  readonly changedAt: Milliseconds;
}

export const expiryOf = ({ state, changedAt }: Stay): Milliseconds => changedAt + LIFETIMES[state];

export const stateAt = (stay: Stay, now: Milliseconds): State => (now < expiryOf(stay) ? stay.state : 'EXPIRED');

/** The state that a step leads to; undefined if it can't be taken now. */
export function afterStep(stay: Stay, step: Step, now: Milliseconds): StoredState | undefined {
  const { from, to } = STEPS[step];
  return from.includes(stateAt(stay, now)) ? to : undefined;
}
