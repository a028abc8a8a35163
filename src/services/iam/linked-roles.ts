/** Service-linked roles as the services see them that make theirs when it is first needed. */
import type { Store } from '#platform/store/store.ts';
import type { LinkedRolesApi } from '#services/iam/api.ts';
import { entityArn } from '#services/iam/names.ts';
import { found, ROLE } from '#services/iam/owners.ts';
import type { RoleMaker } from '#services/iam/roles/roles.ts';
import { insertLinkedRole, nameOf, serviceFor } from '#services/iam/service-linked-roles/service-linked-roles.ts';
import { partitionOf } from '#services/iam/state.ts';

export const linkedRoles = (store: Store): LinkedRolesApi => ({
  find(account, service) {
    const name = nameOf({ AWSServiceName: service });
    const isThere = partitionOf(store, account).read((tx) => found(tx, ROLE.table, name.name) !== undefined);
    return { arn: entityArn(account, 'role', name), isThere };
  },
  async make(account, service, now) {
    const [input, partition] = [{ AWSServiceName: service }, partitionOf(store, account)];
    const linked = serviceFor(input);
    partition.transact((tx) => {
      // A service's need for its role is not held against the account.
      const maker: RoleMaker = { tx, account, now, quota: () => Number.POSITIVE_INFINITY };
      if (!found(tx, ROLE.table, nameOf(input).name)) insertLinkedRole(maker, input, linked);
    });
    await partition.durable();
  },
});
