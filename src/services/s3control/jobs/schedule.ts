/**
 * Which of an account's jobs run. Pure. "Jobs with a higher priority … are evaluated first"; a job that no longer has its turn pauses, and goes
 * on when those before it have ended.
 */
import type { JobRow } from '#services/s3control/jobs/state.ts';

/** Jobs of one account and region that work on their objects at once: a choice of ours, AWS names no number. */
export const MOST_ACTIVE = 4;

const WANTING: ReadonlySet<string> = new Set(['Ready', 'Active', 'Pausing', 'Paused']);

type Scheduled = Pick<JobRow, 'id' | 'status' | 'priority'>;

/** The jobs whose turn it is; of the same priority, the older ones (ids begin with their time). */
export const inTurn = <Job extends Scheduled>(all: readonly Job[]): readonly Job[] =>
  all
    .filter(({ status }) => WANTING.has(status))
    .sort((a, b) => b.priority - a.priority || (a.id < b.id ? -1 : 1))
    .slice(0, MOST_ACTIVE);
