/** How often a managed policy is attached, and how often it is a permissions boundary. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { attachedTo, boundaryOf } from '#services/iam/state.ts';

export interface Usage {
  readonly AttachmentCount: number;
  readonly PermissionsBoundaryUsageCount: number;
}

const UNUSED: Usage = { AttachmentCount: 0, PermissionsBoundaryUsageCount: 0 };

export const usageOf = (tx: ReadTransaction, arn: string): Usage => ({
  AttachmentCount: tx.range(attachedTo, { prefix: [arn] }).length,
  PermissionsBoundaryUsageCount: tx.range(boundaryOf, { prefix: [arn] }).length,
});

/** For lists: all at once, since most of AWS's policies are used by nobody. */
export function allUsage(tx: ReadTransaction): (arn: string) => Usage {
  const used = new Map<string, Usage>();
  const count = (arn: string, what: keyof Usage): void => {
    const usage = used.get(arn) ?? UNUSED;
    used.set(arn, { ...usage, [what]: usage[what] + 1 });
  };
  for (const { key } of tx.range(attachedTo)) count(attachedTo.parts(key)[0], 'AttachmentCount');
  for (const { key } of tx.range(boundaryOf)) count(boundaryOf.parts(key)[0], 'PermissionsBoundaryUsageCount');
  return (arn) => used.get(arn) ?? UNUSED;
}

export const isUsed = (usage: Usage): boolean => usage.AttachmentCount + usage.PermissionsBoundaryUsageCount > 0;
