/**
 * The deletion of a service-linked role is a task that a timer carries out: it asks whether anything of the linked service, in any
 * region, still needs the role, and deletes it or fails with the list. What needs a role its kind says (`linkedRole`).
 */
import { days } from '#platform/base/clock.ts';
import { type AccountId, uuid } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Registry } from '#platform/registry.ts';
import type { Call, CallScope, TimerJob } from '#platform/service.ts';
import type { Store, Transaction } from '#platform/store/store.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { roleById } from '#services/iam/identity/principals.ts';
import { entityArn } from '#services/iam/names.ts';
import { ownerOf, ROLE } from '#services/iam/owners.ts';
import { eraseRole } from '#services/iam/roles/roles.ts';
import { isServiceLinked, SERVICE_ROLE_PATH } from '#services/iam/roles/service-linked.ts';
import { deletionTasks, openDeletions, type RoleUsage } from '#services/iam/service-linked-roles/state.ts';
import { attachedTo, attachments, type RoleRow } from '#services/iam/state.ts';

const JOB = 'deleteServiceLinkedRole';
/** A task that has ended can be asked about for as long. */
const KEPT_FOR = days(7);
/** Of a kind in a region: enough to know what to remove. */
const MOST_LISTED = 100;

const TASK = /^task\/aws-service-role\/([^/]+)\/([^/]+)\/[0-9a-f-]{36}$/;

const serviceOf = ({ path }: RoleRow): string => path.slice(SERVICE_ROLE_PATH.length, -1);

export function deleteServiceLinkedRole(
  input: Model.DeleteServiceLinkedRoleRequest,
  { tx, now }: Call,
): Model.DeleteServiceLinkedRoleResponse {
  const row = ownerOf(tx, ROLE, input);
  if (!isServiceLinked(row)) return ROLE.missing(row.name);
  const open = tx.get(openDeletions, openDeletions.key(row.id));
  if (open) return { DeletionTaskId: open.task };
  const task = `task/aws-service-role/${serviceOf(row)}/${row.name}/${uuid()}`;
  tx.put(deletionTasks, deletionTasks.key(task), { roleId: row.id, status: 'NOT_STARTED' });
  tx.put(openDeletions, openDeletions.key(row.id), { task });
  setTimer(tx, { job: JOB, id: task, due: now, payload: { task } });
  return { DeletionTaskId: task };
}

/** The role that a task is about, as its id names it. */
export function taskRole(
  { DeletionTaskId: task }: { readonly DeletionTaskId: string },
  { account }: CallScope,
): string {
  const [, service = '*', name = '*'] = TASK.exec(task) ?? [];
  return entityArn(account, 'role', { path: `${SERVICE_ROLE_PATH}${service}/`, name });
}

export function getServiceLinkedRoleDeletionStatus(
  { DeletionTaskId: task }: Model.GetServiceLinkedRoleDeletionStatusRequest,
  { tx }: Call,
): Model.GetServiceLinkedRoleDeletionStatusResponse {
  if (!TASK.test(task)) invalidInput(`The deletion task ID ${task} is not valid.`);
  const row = tx.get(deletionTasks, deletionTasks.key(task));
  if (!row) return fail('NoSuchEntity', `The deletion task ${task} cannot be found.`);
  if (row.status !== 'FAILED') return { Status: row.status };
  const RoleUsageList = (row.usage ?? []).map(({ region, resources }) => ({
    Region: region,
    Resources: [...resources],
  }));
  return {
    Status: row.status,
    Reason: { Reason: 'The role is in use by resources of the linked service.', RoleUsageList },
  };
}

/** Each run takes one step: begin, decide, and much later forget. */
export const deletionJob =
  (store: Store, registry: () => Registry): TimerJob =>
  (tx, payload, { account, now }) => {
    // Set here and above alone.
    const { task } = payload as { task: string };
    const key = deletionTasks.key(task);
    const row = tx.get(deletionTasks, key);
    const next = (due: number): void => setTimer(tx, { job: JOB, id: task, due, payload });
    if (row?.status === 'NOT_STARTED') {
      tx.put(deletionTasks, key, { ...row, status: 'IN_PROGRESS' });
      return next(now);
    }
    if (row?.status !== 'IN_PROGRESS') return tx.delete(deletionTasks, key);
    const role = roleById(tx, row.roleId);
    const usage = role ? usageOf(store, registry(), account, serviceOf(role)) : [];
    const hasFailed = usage.length > 0;
    if (role && !hasFailed) eraseLinkedRole(tx, account, role);
    tx.put(deletionTasks, key, { ...row, status: hasFailed ? 'FAILED' : 'SUCCEEDED', ...(hasFailed && { usage }) });
    tx.delete(openDeletions, openDeletions.key(row.roleId));
    next(now + KEPT_FOR);
  };

function usageOf(store: Store, registry: Registry, account: AccountId, principal: string): RoleUsage[] {
  const used: RoleUsage[] = [];
  for (const service of registry.services) {
    const places = store.partitions({ service: service.name, account });
    // Of a service that was never used nothing has to be known.
    const kinds = places.length === 0 ? [] : registry.kinds(service);
    const needing = kinds.filter(({ linkedRole }) => linkedRole === principal);
    for (const place of needing.length === 0 ? [] : places) {
      const partition = store.partition(place);
      const resources = partition.read((tx) => needing.flatMap(({ list }) => list(tx, undefined, MOST_LISTED)));
      if (resources.length > 0) used.push({ region: place.region, resources });
    }
  }
  return used;
}

function eraseLinkedRole(tx: Transaction, account: AccountId, row: RoleRow): void {
  for (const { key } of tx.range(attachments, { prefix: [row.id] })) {
    const [, arn] = attachments.parts(key);
    tx.delete(attachments, key);
    tx.delete(attachedTo, attachedTo.key(arn, row.id));
  }
  eraseRole(tx, account, row);
}
