/** The policy of a multi-region access point: one that is established, and one that is on its way to the regions. */
import type {
  GetMultiRegionAccessPointPolicyRequest,
  GetMultiRegionAccessPointPolicyResult,
  GetMultiRegionAccessPointPolicyStatusRequest,
  GetMultiRegionAccessPointPolicyStatusResult,
  PutMultiRegionAccessPointPolicyRequest,
  PutMultiRegionAccessPointPolicyResult,
} from '#platform/model/generated/s3control.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import { asOfNow, type SavedPrincipals } from '#platform/policy/principal-ids.ts';
import type { Call } from '#platform/service.ts';
import { checkedPolicy, principalsIn } from '#services/s3control/access-points/policy.ts';
import { fail } from '#services/s3control/errors.ts';
import { multiRegionArn, openMultiRegion, putMultiRegion } from '#services/s3control/multi-region/open.ts';
import { take } from '#services/s3control/multi-region/requests.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';

export const putMultiRegionPolicy =
  ({ buckets, publicAccess, principals }: S3ControlParts) =>
  (input: PutMultiRegionAccessPointPolicyRequest, call: Call): PutMultiRegionAccessPointPolicyResult => {
    const { tx, account } = call;
    const point = openMultiRegion(tx, input.Details.Name);
    const policy = checkedPolicy(input.Details.Policy, multiRegionArn(account, point.alias));
    const isBlocked = point.publicAccessBlock.BlockPublicPolicy || publicAccess.blockOf(account)?.BlockPublicPolicy;
    if (isBlocked && buckets.isPublicPoint(policy, {})) fail('AccessDenied');
    putMultiRegion(tx, {
      ...point,
      proposed: input.Details.Policy,
      proposedPrincipals: principalsIn(policy, principals),
    });
    return take(tx, call, {
      operation: 'PutMultiRegionAccessPointPolicy',
      name: point.name,
      regions: point.regions.map(({ region }) => region),
      parameters: { PutMultiRegionAccessPointPolicyRequest: input.Details },
    });
  };

export const getMultiRegionPolicy =
  ({ principals }: S3ControlParts) =>
  ({ Name }: GetMultiRegionAccessPointPolicyRequest, { tx }: Call): GetMultiRegionAccessPointPolicyResult => {
    const { policy, policyPrincipals, proposed, proposedPrincipals } = openMultiRegion(tx, Name);
    const shown = (text: string, saved: SavedPrincipals = {}) => ({ Policy: asOfNow(text, saved, principals) });
    return {
      Policy: {
        ...(policy !== undefined && { Established: shown(policy, policyPrincipals) }),
        ...(proposed !== undefined && { Proposed: shown(proposed, proposedPrincipals) }),
      },
    };
  };

export const getMultiRegionPolicyStatus =
  ({ buckets }: S3ControlParts) =>
  (
    { Name }: GetMultiRegionAccessPointPolicyStatusRequest,
    { tx }: Call,
  ): GetMultiRegionAccessPointPolicyStatusResult => {
    const { policy } = openMultiRegion(tx, Name);
    const isPublic = policy !== undefined && buckets.isPublicPoint(compiledPolicy(policy, 'resource'), {});
    return { Established: { IsPublic: isPublic } };
  };
