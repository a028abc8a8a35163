/**
 * Roles of AWS's services. What belongs to a service-linked role only its service changes: the ordinary operations on roles are
 * wrapped in `unlessServiceLinked`, which refuses them (IAM User Guide, "Service-linked roles").
 */
import { fail } from '#platform/error.ts';
import type { Call } from '#platform/service.ts';
import { found, ROLE } from '#services/iam/owners.ts';

/** `/aws-service-role/elasticache.amazonaws.com/`: nobody else may make roles there. */
export const SERVICE_ROLE_PATH = '/aws-service-role/';

export const isServiceLinked = ({ path }: { readonly path: string }): boolean => path.startsWith(SERVICE_ROLE_PATH);

export const protectedRole = (name: string): never =>
  fail(
    'UnmodifiableEntity',
    `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
  );

/** The handler for all roles but those that a service keeps for itself. */
export const unlessServiceLinked =
  <In extends { readonly RoleName: string }, Out>(handler: (input: In, call: Call) => Out) =>
  (input: In, call: Call): Out => {
    const row = found(call.tx, ROLE.table, input.RoleName);
    if (row && isServiceLinked(row)) protectedRole(row.name);
    return handler(input, call);
  };
