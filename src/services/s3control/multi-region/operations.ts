/** The rows of multi-region access points. They are managed in one region, their routes in five. */

import type { Arrival, Resolved } from '#platform/arrival.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import type { CallScope, ConditionValues, Input } from '#platform/service.ts';
import { fail } from '#services/s3control/errors.ts';
import { findMultiRegion, multiRegionArn } from '#services/s3control/multi-region/open.ts';
import {
  createMultiRegion,
  deleteMultiRegion,
  getMultiRegion,
  listMultiRegion,
} from '#services/s3control/multi-region/points.ts';
import {
  getMultiRegionPolicy,
  getMultiRegionPolicyStatus,
  putMultiRegionPolicy,
} from '#services/s3control/multi-region/policy.ts';
import { CONTROL_REGION, describeOperation } from '#services/s3control/multi-region/requests.ts';
import { aliasOf, getRoutes, submitRoutes } from '#services/s3control/multi-region/routes.ts';
import { type OfAccount, ownAccount } from '#services/s3control/own-account.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';

/** "Requests must be routed to one of these five supported Regions." */
const ROUTE_REGIONS = ['ap-northeast-1', 'ap-southeast-2', 'eu-west-1', 'us-east-1', 'us-west-2'];
const OF_ROUTES = /MultiRegionAccessPointRoutes$/;

/** Throws for a client's request to a region where the operation is not. */
export function checkControlRegion(input: Input, { operation, region, address }: Arrival): Resolved {
  if (address === undefined || !operation.includes('MultiRegion')) return { input };
  const isRight = OF_ROUTES.test(operation) ? ROUTE_REGIONS.includes(region) : region === CONTROL_REGION;
  return isRight ? { input } : fail('PermanentRedirectControlError');
}

interface Named extends OfAccount {
  readonly Name?: string;
  readonly Details?: { readonly Name: string };
}

/** Until it is made it has no alias. */
function arnOf({ Name, Details }: Named, scope: CallScope): string {
  const name = Name ?? Details?.Name ?? '';
  return multiRegionArn(scope.account, scope.read((tx) => findMultiRegion(tx, name))?.alias ?? name);
}

const conditionsOf = (arn: string, account: AccountId): ConditionValues => ({
  's3:accesspointnetworkorigin': 'Internet',
  's3:dataaccesspointaccount': account,
  's3:dataaccesspointarn': arn,
  's3:resourceaccount': account,
});

const global = {
  owner: (input: OfAccount, caller: AccountId | undefined) => ({
    account: ownAccount(input, caller),
    region: GLOBAL_REGION,
  }),
} as const;

const ofPoint = {
  ...global,
  resource: arnOf,
  conditions: (input: Named, scope: CallScope) => conditionsOf(arnOf(input, scope), scope.account),
} as const;

interface OfRoutes extends OfAccount {
  readonly Mrap: string;
}

const ofRoutes = {
  ...global,
  resource: ({ Mrap }: OfRoutes, { account }: CallScope) => multiRegionArn(account, aliasOf(Mrap)),
  conditions: ({ Mrap }: OfRoutes, { account }: CallScope) =>
    conditionsOf(multiRegionArn(account, aliasOf(Mrap)), account),
} as const;

export const multiRegionOperations = (parts: S3ControlParts) =>
  ({
    CreateMultiRegionAccessPoint: { handler: createMultiRegion(parts), ...ofPoint, steps: true },
    DeleteMultiRegionAccessPoint: { handler: deleteMultiRegion(parts), ...ofPoint, steps: true },
    GetMultiRegionAccessPoint: { handler: getMultiRegion, ...ofPoint },
    ListMultiRegionAccessPoints: { handler: listMultiRegion(parts), ...global, resource: () => '*' },
    DescribeMultiRegionAccessPointOperation: {
      handler: describeOperation,
      ...global,
      resource: ({ RequestTokenARN }: { readonly RequestTokenARN: string }) => RequestTokenARN,
    },
    PutMultiRegionAccessPointPolicy: { handler: putMultiRegionPolicy(parts), ...ofPoint },
    GetMultiRegionAccessPointPolicy: { handler: getMultiRegionPolicy(parts), ...ofPoint },
    GetMultiRegionAccessPointPolicyStatus: { handler: getMultiRegionPolicyStatus(parts), ...ofPoint },
    GetMultiRegionAccessPointRoutes: { handler: getRoutes, ...ofRoutes },
    SubmitMultiRegionAccessPointRoutes: { handler: submitRoutes, ...ofRoutes },
  }) as const;
