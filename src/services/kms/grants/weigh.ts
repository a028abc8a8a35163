/** The grants that the authoriser weighs: those to the caller, by any of its names, as far as their constraints let the input through. */
import { type ResourceGrant, resourceGrant } from '#platform/policy/grants.ts';
import type { Principal } from '#platform/principal.ts';
import type { CallScope } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { type GrantedInput, permittedBy } from '#services/kms/grants/constraints.ts';
import { granteeKey, retiringKey } from '#services/kms/grants/grants.ts';
import { findKey, type OpenKey } from '#services/kms/keys/open-key.ts';
import { type GrantRow, grants, grantsTo } from '#services/kms/state.ts';

const NONE: readonly ResourceGrant[] = [];

/** For operations on a key that a grant can permit. */
export function grantsOn(given: object, scope: CallScope, resource: string): readonly ResourceGrant[] {
  // Which of these members an input has, its model says; all of them are optional.
  const input = given as GrantedInput;
  const keyId = resource.slice(resource.lastIndexOf('/') + 1);
  return scope.read((tx) => {
    const key = findKey(tx, keyId);
    if (key === undefined || key.arn !== resource || !key.hasGrants) return NONE;
    return namesOf(scope.principal).flatMap((name) =>
      grantsToName(tx, key, name).map((grant) =>
        resourceGrant(
          name,
          permittedBy(grant, input, scope.principal).map((operation) => `kms:${operation}`),
        ),
      ),
    );
  });
}

/** A grant itself says who may retire it: its retiring principal, and its grantee if RetireGrant is among its operations. */
export function whoMayRetire(grant: GrantRow): readonly ResourceGrant[] {
  const names = [
    ...[retiringKey(grant) ?? []].flat(),
    ...(grant.operations.includes('RetireGrant') ? [granteeKey(grant)] : []),
  ];
  return names.map((name) => resourceGrant(name, ['kms:RetireGrant']));
}

/** Session, role, account; user, account; service. By ARN and by unique id. */
function namesOf(principal: Principal): string[] {
  if (principal.kind === 'service') return [principal.service];
  // Who has no account has no name that a grant could know.
  if (!('account' in principal)) return [];
  const account = `arn:aws:iam::${principal.account}:root`;
  const names = [principal.arn, account];
  if (principal.kind === 'user') names.push(principal.userId);
  if (principal.kind === 'role-session') names.push(principal.roleArn, principal.roleId);
  return [...new Set(names)];
}

const MOST_NAMES = 1000;

function grantsToName(tx: ReadTransaction, key: OpenKey, name: string): readonly GrantRow[] {
  const known = key.grantsTo.get(name);
  if (known !== undefined) return known;
  const { id } = key.row;
  const found = tx
    .range(grantsTo, { prefix: [id, name] })
    .flatMap(({ key: at }) => tx.get(grants, grants.key(id, grantsTo.parts(at)[2])) ?? []);
  // Sessions have names of their callers' choice.
  if (key.grantsTo.size >= MOST_NAMES) key.grantsTo.clear();
  key.grantsTo.set(name, found);
  return found;
}
