/** Which instance profile an instance has: at most one, which can be given, replaced and taken at any time. */
import type {
  AssociateIamInstanceProfileRequest,
  AssociateIamInstanceProfileResult,
  DescribeIamInstanceProfileAssociationsRequest,
  DescribeIamInstanceProfileAssociationsResult,
  DisassociateIamInstanceProfileRequest,
  DisassociateIamInstanceProfileResult,
  IamInstanceProfileAssociation,
  IamInstanceProfileAssociationState,
  ReplaceIamInstanceProfileAssociationRequest,
  ReplaceIamInstanceProfileAssociationResult,
} from '#platform/model/generated/ec2.ts';
import { type Call, type CallScope, type FurtherPermission, type Permission, passRole } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { instancesAfter } from '#services/ec2/instances/describe-instances.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import { instanceArn, instanceConditions } from '#services/ec2/instances/permissions.ts';
import { findProfile, type GivenProfile, profileOf } from '#services/ec2/instances/profiles.ts';
import type { InstanceRow, ProfileAssociation } from '#services/ec2/instances/state.ts';
import { putInstance } from '#services/ec2/instances/up.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

const shown = (
  instance: string,
  { arn, id, association, associatedAt }: ProfileAssociation,
  state: IamInstanceProfileAssociationState,
): IamInstanceProfileAssociation => ({
  AssociationId: association,
  InstanceId: instance,
  IamInstanceProfile: { Arn: arn, Id: id },
  State: state,
  Timestamp: associatedAt,
});

export const associateIamInstanceProfile =
  (parts: Ec2Parts) =>
  (input: AssociateIamInstanceProfileRequest, call: Call): AssociateIamInstanceProfileResult => {
    const row = findInstance(call.tx, input.InstanceId);
    if (row.state === 'terminated' || row.state === 'shutting-down') {
      fail('IncorrectInstanceState', row.id, 'associated with a profile');
    }
    if (row.profile !== undefined) fail('ProfileAssociated', row.id);
    const profile = profileOf(parts, call.account, input.IamInstanceProfile, call.now);
    putInstance(call.tx, { ...row, profile });
    return { IamInstanceProfileAssociation: shown(row.id, profile, 'associating') };
  };

interface Associated {
  readonly row: InstanceRow;
  readonly profile: ProfileAssociation;
}

function* associations(tx: ReadTransaction, position?: string): Generator<Associated> {
  for (const row of instancesAfter(tx, position)) if (row.profile !== undefined) yield { row, profile: row.profile };
}

function findAssociation(tx: ReadTransaction, id: string): Associated {
  for (const found of associations(tx)) if (found.profile.association === id) return found;
  return fail('NoSuchProfileAssociation', id);
}

export const replaceIamInstanceProfileAssociation =
  (parts: Ec2Parts) =>
  (input: ReplaceIamInstanceProfileAssociationRequest, call: Call): ReplaceIamInstanceProfileAssociationResult => {
    const { row } = findAssociation(call.tx, input.AssociationId);
    const profile = profileOf(parts, call.account, input.IamInstanceProfile, call.now);
    putInstance(call.tx, { ...row, profile });
    return { IamInstanceProfileAssociation: shown(row.id, profile, 'associating') };
  };

export function disassociateIamInstanceProfile(
  { AssociationId: id }: DisassociateIamInstanceProfileRequest,
  { tx }: Call,
): DisassociateIamInstanceProfileResult {
  const { row, profile } = findAssociation(tx, id);
  const { profile: _, ...without } = row;
  putInstance(tx, without);
  return { IamInstanceProfileAssociation: shown(row.id, profile, 'disassociating') };
}

const FIELDS: Fields<Associated> = {
  'instance-id': ({ row }) => row.id,
  state: () => 'associated',
};

export const describeIamInstanceProfileAssociations =
  ({ pages }: Ec2Parts) =>
  (input: DescribeIamInstanceProfileAssociationsRequest, call: Call): DescribeIamInstanceProfileAssociationsResult => {
    const { AssociationIds: ids = [], Filters: filters } = input;
    const { tx } = call;
    const passes = compileFilters(filters, FIELDS);
    for (const id of ids) findAssociation(tx, id);
    const { items, more } = pageOf(pages, call, input, [ids, filters], function* (position) {
      for (const item of associations(tx, position)) {
        const isNamed = ids.length === 0 || ids.includes(item.profile.association);
        if (isNamed && passes(item)) yield { item, position: item.row.id };
      }
    });
    return {
      IamInstanceProfileAssociations: items.map(({ row, profile }) => shown(row.id, profile, 'associated')),
      ...more,
    };
  };

interface OfAssociation {
  readonly AssociationId: string;
}
interface Giving {
  readonly IamInstanceProfile: GivenProfile;
}

/** The instance that an association is of. */
export const onAssociation = {
  resource: ({ AssociationId: id }: OfAssociation, scope: CallScope) =>
    instanceArn(scope.read((tx) => findAssociation(tx, id)).row.id, scope),
  conditions: instanceConditions,
} as const;

/** Who gives an instance a profile hands its role on. */
export const givingProfile = (parts: Ec2Parts) => ({
  further: ({ IamInstanceProfile: given }: Giving, scope: CallScope): readonly FurtherPermission[] => {
    const { roleArn } = findProfile(parts, scope.account, given);
    return roleArn === undefined ? [] : [passRole(roleArn, 'ec2.amazonaws.com')];
  },
  conditions: (input: Giving, scope: CallScope, permission: Permission) => ({
    ...instanceConditions(input, scope, permission),
    'ec2:newinstanceprofile': findProfile(parts, scope.account, input.IamInstanceProfile).arn,
  }),
});
