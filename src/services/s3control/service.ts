/**
 * Amazon S3 Control: what is said of an account's buckets as a whole, and of ways to them. It signs as `s3`; its host
 * (`<account>.s3-control.<region>.<domain>`) tells it from S3, and on a host of no service its path together with a header that no
 * request of S3 has: a bucket may be named `v20180820`. S3 asks it by api.ts.
 *
 * Order of reading: state.ts, public-access.ts, access-points/open.ts, points.ts, then multi-region/.
 */
import type { AccountId } from '#platform/base/ids.ts';
import { GLOBAL_REGION } from '#platform/base/ids.ts';
import type { S3ControlOperations } from '#platform/model/generated/s3control.ts';
import { type CallScope, type ConditionValues, defineService, type Handlers } from '#platform/service.ts';
import { tagsOf } from '#platform/tags.ts';
import { accessPointKind } from '#services/s3control/access-points/kind.ts';
import { accessPointArn, findAccessPoint } from '#services/s3control/access-points/open.ts';
import {
  createAccessPoint,
  deleteAccessPoint,
  getAccessPoint,
  listAccessPoints,
} from '#services/s3control/access-points/points.ts';
import {
  deleteAccessPointPolicy,
  getAccessPointPolicy,
  getAccessPointPolicyStatus,
  putAccessPointPolicy,
} from '#services/s3control/access-points/policy.ts';
import { jobKind, jobOperations, jobTimers, jobWork } from '#services/s3control/jobs/operations.ts';
import { multiRegionKind } from '#services/s3control/multi-region/kind.ts';
import { checkControlRegion, multiRegionOperations } from '#services/s3control/multi-region/operations.ts';
import { FINISH_JOB, finishRequest } from '#services/s3control/multi-region/requests.ts';
import { notImplemented } from '#services/s3control/not-implemented.ts';
import { type OfAccount, ownAccount } from '#services/s3control/own-account.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';
import {
  deletePublicAccessBlock,
  getPublicAccessBlock,
  putPublicAccessBlock,
} from '#services/s3control/public-access.ts';
import { quotas } from '#services/s3control/quotas.ts';
import { bucketOfArn, listTagsForResource, tagAction, tagResource, untagResource } from '#services/s3control/tags.ts';

/** The settings of an account as a whole. */
const ofAccount = {
  owner: (input: OfAccount, caller: AccountId | undefined) => ({
    account: ownAccount(input, caller),
    region: GLOBAL_REGION,
  }),
  resource: () => '*',
} as const;

/** What an access point's name is told to conditions as, where one is made or spoken of. */
function pointConditions({ Name, VpcConfiguration }: OnPoint, scope: CallScope): ConditionValues {
  const point = scope.read((tx) => findAccessPoint(tx, Name));
  const arn = accessPointArn(scope.account, scope.region, Name);
  const tags = scope.read((tx) => tagsOf(tx, arn));
  const isOfNetwork = point === undefined ? VpcConfiguration !== undefined : point.vpcId !== undefined;
  return {
    's3:accesspointnetworkorigin': isOfNetwork ? 'VPC' : 'Internet',
    's3:dataaccesspointaccount': scope.account,
    's3:dataaccesspointarn': arn,
    's3:resourceaccount': scope.account,
    ...Object.fromEntries(
      Object.entries(tags).flatMap(([key, value]) => [
        [`s3:accesspointtag/${key}`, value],
        // Those of the resource; GetAccessPoint is of all resources, to policies.
        [`aws:resourcetag/${key}`, value],
      ]),
    ),
  };
}

interface OnPoint extends OfAccount {
  readonly Name: string;
  readonly VpcConfiguration?: object;
  readonly Tags?: readonly object[];
}

const tagged = ({ buckets }: S3ControlParts) =>
  ({
    owner: (input: OfAccount, caller: AccountId | undefined) => ({ account: ownAccount(input, caller) }),
    resource: ({ ResourceArn }: OnResource) => ResourceArn,
    /** An access point's is its kind's. */
    resourcePolicy({ ResourceArn }: OnResource, scope: CallScope) {
      const bucket = bucketOfArn(ResourceArn);
      return bucket !== undefined && buckets.find(bucket) ? buckets.policyInForce(bucket, scope) : undefined;
    },
  }) as const;

interface OnResource {
  readonly ResourceArn: string;
}

const own = {
  owner: (input: OfAccount, caller: AccountId | undefined) => ({ account: ownAccount(input, caller) }),
} as const;

const ofPoint = {
  ...own,
  resource: ({ Name }: OnPoint, { account, region }: CallScope) => accessPointArn(account, region, Name),
  conditions: pointConditions,
} as const;

const accessPointOperations = (parts: S3ControlParts) =>
  ({
    CreateAccessPoint: {
      handler: createAccessPoint(parts),
      ...ofPoint,
      action: ({ Tags = [] }: OnPoint) => ['s3:CreateAccessPoint', ...(Tags.length > 0 ? ['s3:TagResource'] : [])],
      steps: true,
    },
    DeleteAccessPoint: { handler: deleteAccessPoint(parts), ...ofPoint, steps: true },
    // In the service authorization reference these two have no resource types.
    GetAccessPoint: { handler: getAccessPoint, ...ofPoint, resource: () => '*' },
    ListAccessPoints: { handler: listAccessPoints(parts), ...own, resource: () => '*' },
    PutAccessPointPolicy: { handler: putAccessPointPolicy(parts), ...ofPoint },
    GetAccessPointPolicy: { handler: getAccessPointPolicy(parts), ...ofPoint },
    DeleteAccessPointPolicy: { handler: deleteAccessPointPolicy, ...ofPoint },
    GetAccessPointPolicyStatus: { handler: getAccessPointPolicyStatus(parts), ...ofPoint },
    TagResource: { handler: tagResource(parts), ...tagged(parts), action: tagAction('TagResource'), steps: true },
    UntagResource: { handler: untagResource(parts), ...tagged(parts), action: tagAction('UntagResource'), steps: true },
    ListTagsForResource: {
      handler: listTagsForResource(parts),
      ...tagged(parts),
      action: tagAction('ListTagsForResource'),
      access: 'read',
      steps: true,
    },
  }) as const;

export const s3control = (parts: S3ControlParts) =>
  defineService({
    auditTimes: 'milliseconds',
    operations: {
      ...accessPointOperations(parts),
      ...multiRegionOperations(parts),
      GetPublicAccessBlock: {
        eventName: 'GetAccountPublicAccessBlock',
        handler: getPublicAccessBlock,
        ...ofAccount,
        action: 's3:GetAccountPublicAccessBlock',
        access: 'read',
      },
      PutPublicAccessBlock: {
        eventName: 'PutAccountPublicAccessBlock',
        handler: putPublicAccessBlock,
        ...ofAccount,
        action: 's3:PutAccountPublicAccessBlock',
      },
      DeletePublicAccessBlock: {
        eventName: 'DeleteAccountPublicAccessBlock',
        handler: deletePublicAccessBlock,
        ...ofAccount,
        action: 's3:PutAccountPublicAccessBlock',
      },
      ...jobOperations(parts, own.owner),
    } satisfies Handlers<S3ControlOperations, typeof notImplemented>,
    notImplemented,
    kinds: { accesspoint: accessPointKind, job: jobKind, multiregionaccesspoint: multiRegionKind },
    quotas,
    resolve: checkControlRegion,
    work: jobWork(parts),
    timers: { ...jobTimers, [FINISH_JOB]: finishRequest },
    mismatchError: 'IdempotencyException',
    throttlingError: 'TooManyRequestsException',
  });
