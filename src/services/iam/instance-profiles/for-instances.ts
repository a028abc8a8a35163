/**
 * Instance profiles as EC2 sees them. An instance's metadata service hands out what `credentials` gives, and asks again before it
 * ends; the role is looked up each time, so that a profile's new role reaches running instances.
 */
import { parseArn } from '#platform/base/arn.ts';
import { hours } from '#platform/base/clock.ts';
import { evaluate } from '#platform/policy/evaluate.ts';
import type { Store } from '#platform/store/store.ts';
import type { InstanceProfilesApi, RoleView, SessionsApi } from '#services/iam/api.ts';
import { roleById } from '#services/iam/identity/principals.ts';
import { instanceProfiles } from '#services/iam/instance-profiles/state.ts';
import { entityArn, nameKey, nameOfArn } from '#services/iam/names.ts';
import { partitionOf } from '#services/iam/state.ts';

const SESSION_TIME = hours(6);

export const createInstanceProfiles = (store: Store, sessions: SessionsApi): InstanceProfilesApi => ({
  profile(account, nameOrArn) {
    const parsed = parseArn(nameOrArn);
    if (parsed && parsed.account !== account) return undefined;
    return partitionOf(store, account).read((tx) => {
      const row = tx.get(instanceProfiles, instanceProfiles.key(nameKey(nameOfArn(nameOrArn))));
      const arn = row && entityArn(account, 'instance-profile', row);
      if (!row || !arn || (parsed ? arn : row.name) !== nameOrArn) return undefined;
      const role = row.roleId === undefined ? undefined : roleById(tx, row.roleId);
      return { account, arn, id: row.id, name: row.name, roleArn: role && entityArn(account, 'role', role) };
    });
  },
  credentials({ account, roleArn }, instanceId, now, instance) {
    const role = roleArn === undefined ? undefined : sessions.role(roleArn);
    if (!role || !trustsInstances(role)) return undefined;
    const expiresAt = now + SESSION_TIME;
    const owner = { kind: 'role', id: role.id, sessionName: instanceId } as const;
    return {
      ...sessions.issue(account, owner, { issuedAt: now, expiresAt, ...(instance && { instance }) }),
      expiresAt,
    };
  },
});

const trustsInstances = (role: RoleView): boolean =>
  evaluate({
    principal: { kind: 'service', service: 'ec2.amazonaws.com' },
    policies: { identity: [] },
    action: 'sts:AssumeRole',
    resource: role.arn,
    resourceAccount: role.account,
    resourcePolicy: role.trust,
    context: () => undefined,
  }).allowed;
