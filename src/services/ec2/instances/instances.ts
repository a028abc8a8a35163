/** Instances by their ids. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';

const FORM = /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;

/** Throws InvalidInstanceID.Malformed or InvalidInstanceID.NotFound. */
export function findInstance(tx: ReadTransaction, id: string): InstanceRow {
  if (!FORM.test(id)) fail('MalformedInstanceId', id);
  return instances.find(tx, id) ?? fail('NoSuchInstances', [id]);
}

/** All of them, in the order given and each once; the error names all that are not there. */
export function findInstances(tx: ReadTransaction, ids: readonly string[]): readonly InstanceRow[] {
  const malformed = ids.find((id) => !FORM.test(id));
  if (malformed !== undefined) fail('MalformedInstanceId', malformed);
  const found = [...new Set(ids)].map((id) => [id, instances.find(tx, id)] as const);
  const absent = found.flatMap(([id, row]) => (row === undefined ? id : []));
  if (absent.length > 0) fail('NoSuchInstances', absent);
  return found.flatMap(([, row]) => row ?? []);
}
