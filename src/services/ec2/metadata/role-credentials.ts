/**
 * Credentials of the role in an instance's profile, as its programs get them ("Retrieve security credentials from instance metadata"):
 * temporary ones of six hours, new ones each hour. They are a session of the role named by the instance, which says how it was handed out.
 */
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { hours } from '#platform/base/clock.ts';
import type { InstanceDelivery } from '#platform/principal.ts';
import type { GuestRows } from '#services/ec2/metadata/guest.ts';
import type { Directory } from '#services/ec2/metadata/tree.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';

const RENEWED_AFTER = hours(1);

interface Kept {
  readonly at: number;
  readonly text: string;
}

export interface RoleCredentials {
  /** `iam/` of a guest that has a profile. */
  of(guest: GuestRows, version: InstanceDelivery['version']): Directory;
}

const second = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
const asText = (members: Readonly<Record<string, string>>): string =>
  JSON.stringify(members, undefined, 2).replaceAll('": "', '" : "');

export function roleCredentials({ instanceProfiles, clock }: Ec2Parts): RoleCredentials {
  const kept = new BoundedMap<Kept>({ entries: 10_000, characters: 64 * 1024 * 1024 });

  function credentials(guest: GuestRows, arn: string, version: InstanceDelivery['version']): string {
    const profile = instanceProfiles.profile(guest.account, arn);
    const now = clock.now();
    const id = JSON.stringify([guest.row.id, guest.row.profile?.association, profile?.roleArn, version]);
    const known = kept.get(id);
    if (known !== undefined && now - known.at < RENEWED_AFTER && now >= known.at) return known.text;
    const instance: InstanceDelivery = {
      version,
      arn: resourceArn(guest, 'instance', guest.row.id),
      vpc: guest.row.vpc,
      privateIp: guest.primary?.addresses[0]?.ip ?? '',
    };
    const keys = profile && instanceProfiles.credentials(profile, guest.row.id, now, instance);
    if (keys === undefined) {
      const Message =
        'EC2 cannot assume the role. Check that it exists and that its trust policy names ec2.amazonaws.com.';
      return asText({ Code: 'AssumeRoleUnauthorizedAccess', Message, LastUpdated: second(now) });
    }
    const text = asText({
      Code: 'Success',
      LastUpdated: second(now),
      Type: 'AWS-HMAC',
      AccessKeyId: keys.accessKeyId,
      SecretAccessKey: keys.secretAccessKey,
      Token: keys.sessionToken,
      Expiration: second(keys.expiresAt),
    });
    kept.set(id, { at: now, text }, text.length);
    return text;
  }

  return {
    of(guest, version) {
      const given = guest.row.profile;
      if (given === undefined) return {};
      const profile = instanceProfiles.profile(guest.account, given.arn);
      const role = profile?.roleArn?.split('/').at(-1);
      const info = (): string =>
        profile === undefined
          ? asText({
              Code: 'InstanceProfileNotFound',
              Message: `The profile ${given.arn} does not exist.`,
              LastUpdated: second(clock.now()),
            })
          : asText({
              Code: 'Success',
              LastUpdated: second(clock.now()),
              InstanceProfileArn: given.arn,
              InstanceProfileId: profile.id,
            });
      return {
        info,
        ...(role !== undefined && {
          'security-credentials': { [role]: () => credentials(guest, given.arn, version) },
        }),
      };
    },
  };
}
