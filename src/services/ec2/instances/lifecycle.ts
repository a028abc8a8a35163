/**
 * The life of an instance (User Guide, "Amazon EC2 instance state changes"): what each event makes of each state, as a table, and
 * what AWS says of the reason. Some events are asked for by users, others are seen on the host; the reconciler acts by the state alone.
 * What is not in the table can't happen: a request is refused, and what a host tells of a machine that is done with says nothing new.
 */
import { minutes, seconds } from '#platform/base/clock.ts';
import type { InstanceRow, InstanceState, StateReason } from '#services/ec2/instances/state.ts';

export type UserEvent = 'start' | 'stop' | 'terminate';
export type HostEvent =
  | 'booted'
  | 'launch-failed'
  | 'start-failed'
  | 'stopped-itself'
  | 'ended-itself'
  | 'gone'
  | 'lost';
export type LifecycleEvent = UserEvent | HostEvent;

/** The code that goes with a state: its low byte. */
export const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** To stop what is stopped, start what runs, end what has ended is no error, and changes nothing. */
const TRANSITIONS: Readonly<Record<InstanceState, Partial<Record<LifecycleEvent, InstanceState>>>> = {
  pending: {
    start: 'pending',
    terminate: 'shutting-down',
    booted: 'running',
    'launch-failed': 'shutting-down',
    'start-failed': 'stopping',
    'stopped-itself': 'stopping',
    'ended-itself': 'shutting-down',
  },
  running: {
    start: 'running',
    stop: 'stopping',
    terminate: 'shutting-down',
    'stopped-itself': 'stopping',
    'ended-itself': 'shutting-down',
    'start-failed': 'stopping',
    lost: 'stopping',
  },
  stopping: { stop: 'stopping', terminate: 'shutting-down', gone: 'stopped' },
  stopped: { start: 'pending', stop: 'stopped', terminate: 'terminated' },
  'shutting-down': { terminate: 'shutting-down', gone: 'terminated' },
  terminated: { terminate: 'terminated' },
};

export const nextState = (state: InstanceState, event: LifecycleEvent): InstanceState | undefined =>
  TRANSITIONS[state][event];

/** Guests get this long to shut down before they are switched off ("a few minutes"). */
const GRACE: Readonly<Record<UserEvent, number>> = { start: 0, stop: minutes(4), terminate: seconds(30) };
export const REBOOT_GRACE = minutes(4);

const said = (code: string, text: string): StateReason => ({ code, message: `${code}: ${text}` });

/** "The reason code for the state change" (API Reference, StateReason). */
const REASONS: Readonly<Record<LifecycleEvent, StateReason | undefined>> = {
  start: { code: 'pending', message: 'pending' },
  stop: said('Client.UserInitiatedShutdown', 'User initiated shutdown'),
  terminate: said('Client.UserInitiatedShutdown', 'User initiated shutdown'),
  booted: undefined,
  'launch-failed': said('Server.InternalError', 'Internal error on launch'),
  'start-failed': said('Server.InternalError', 'Internal error on launch'),
  'stopped-itself': said('Client.InstanceInitiatedShutdown', 'Instance initiated shutdown'),
  'ended-itself': said('Client.InstanceInitiatedShutdown', 'Instance initiated shutdown'),
  gone: undefined,
  lost: said('Server.InternalError', 'The host of the instance failed'),
};

export const NO_CAPACITY = said(
  'Server.InsufficientInstanceCapacity',
  'There was insufficient capacity available to satisfy the launch request',
);

/** `2026-11-26 22:19:10 GMT` */
const gmt = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} GMT`;

interface Change {
  readonly event: LifecycleEvent;
  readonly at: number;
  readonly isForced?: boolean;
  /** Where more is known than the event. */
  readonly reason?: StateReason | undefined;
}

/** The row after an event; the same one if it changes nothing, undefined if it can't happen in this state. */
export function changed(row: InstanceRow, change: Change): InstanceRow | undefined {
  const { event, at, isForced = false } = change;
  const state = nextState(row.state, event);
  if (state === undefined) return undefined;
  if (state === row.state) {
    const isHurried = isForced && row.down?.isForced === false;
    return isHurried ? { ...row, down: { isForced, deadline: at } } : row;
  }
  const { down: _down, reboot: _reboot, check: _check, stateReason, ...rest } = row;
  // What it was brought down for stays when it is down.
  const reasons = event === 'gone' ? stateReason && { stateReason } : reasonsOf(change);
  return { ...rest, ...reasons, state, ...timesOf(state, event, at), ...downOf(state, event, at, isForced) };
}

function reasonsOf({ event, at, reason = REASONS[event] }: Change): Partial<InstanceRow> {
  const isUsers = event === 'stop' || event === 'terminate';
  return { transitionReason: isUsers ? `User initiated (${gmt(at)})` : '', ...(reason && { stateReason: reason }) };
}

const timesOf = (state: InstanceState, event: LifecycleEvent, at: number): Partial<InstanceRow> => ({
  ...(event === 'start' && { launchedAt: at }),
  ...(event === 'booted' && { hasRun: true }),
  ...(state === 'terminated' && { terminatedAt: at }),
});

function downOf(state: InstanceState, event: LifecycleEvent, at: number, isForced: boolean): Partial<InstanceRow> {
  if (state !== 'stopping' && state !== 'shutting-down') return {};
  // Whatever brought it down but a user has left nothing to be asked.
  const grace = event === 'stop' || event === 'terminate' ? GRACE[event] : 0;
  return { down: { isForced: isForced || grace === 0, deadline: at + grace } };
}

/** What a guest that switched itself off comes to. */
export const endOf = (row: InstanceRow): HostEvent =>
  row.shutdownBehaviour === 'terminate' ? 'ended-itself' : 'stopped-itself';

/** It is to be on the host, or will be until it is brought down: its capacity is taken. */
export const isUp = ({ state }: Pick<InstanceRow, 'state'>): boolean => state !== 'stopped' && state !== 'terminated';
