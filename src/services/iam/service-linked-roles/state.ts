/** Deletions of service-linked roles that were asked for: they are kept for a while after they ended, to be asked about. */
import { jsonRows, table, text } from '#platform/store/keys.ts';

export interface DeletionTaskRow {
  readonly roleId: string;
  readonly status: 'NOT_STARTED' | 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED';
  /** Of a failure: what still needs the role. */
  readonly usage?: readonly RoleUsage[];
}

export interface RoleUsage {
  readonly region: string;
  readonly resources: readonly string[];
}

/** By the task's id. */
export const deletionTasks = table('role-deletion', [text], jsonRows<DeletionTaskRow>(1));
/** Role id -> the task that has not ended. */
export const openDeletions = table('open-role-deletion', [text], jsonRows<{ readonly task: string }>(1));
