/** Instance profiles of IAM's, as instances have them. */
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#services/ec2/errors.ts';
import type { ProfileAssociation } from '#services/ec2/instances/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId } from '#services/ec2/resources.ts';
import type { InstanceProfileView } from '#services/iam/api.ts';

export interface GivenProfile {
  readonly Arn?: string;
  readonly Name?: string;
}

export function findProfile(
  { instanceProfiles }: Pick<Ec2Parts, 'instanceProfiles'>,
  account: AccountId,
  { Arn: arn, Name: name }: GivenProfile,
): InstanceProfileView {
  if (arn !== undefined && name !== undefined) {
    fail(
      'InvalidCombination',
      "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    );
  }
  if (arn !== undefined) return instanceProfiles.profile(account, arn) ?? fail('NoSuchProfileArn', arn);
  if (name === undefined) return fail('MissingParameter', 'IamInstanceProfile');
  return instanceProfiles.profile(account, name) ?? fail('NoSuchProfile', name);
}

export function profileOf(
  parts: Pick<Ec2Parts, 'instanceProfiles'>,
  account: AccountId,
  given: GivenProfile,
  now: number,
): ProfileAssociation {
  const { arn, id } = findProfile(parts, account, given);
  return { arn, id, association: newId('iip-assoc'), associatedAt: now };
}
