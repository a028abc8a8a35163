/** Failover: which of the regions get requests. A region is active (100) or passive (0); there is nothing in between. */
import type {
  GetMultiRegionAccessPointRoutesRequest,
  GetMultiRegionAccessPointRoutesResult,
  SubmitMultiRegionAccessPointRoutesRequest,
} from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/s3control/errors.ts';
import { putMultiRegion } from '#services/s3control/multi-region/open.ts';
import { type MultiRegionRow, multiRegionPoints } from '#services/s3control/state.ts';

const ACTIVE = 100;
const PASSIVE = 0;

/** By its ARN, which has the alias: `arn:aws:s3::<account>:accesspoint/<alias>`. */
export const aliasOf = (mrap: string): string => mrap.slice(mrap.lastIndexOf('/') + 1);

function opened(tx: ReadTransaction, account: string, mrap: string): MultiRegionRow {
  if (mrap.startsWith('arn:') && mrap !== `arn:aws:s3::${account}:accesspoint/${aliasOf(mrap)}`) fail('InvalidRequest');
  const found = tx.range(multiRegionPoints).find(({ row }) => row.alias === aliasOf(mrap));
  return found?.row ?? fail('NoSuchMultiRegionAccessPoint');
}

export const getRoutes = (
  { Mrap }: GetMultiRegionAccessPointRoutesRequest,
  { tx, account }: Call,
): GetMultiRegionAccessPointRoutesResult => ({
  Mrap,
  Routes: opened(tx, account, Mrap).regions.map(({ bucket, region, isActive }) => ({
    Bucket: bucket,
    Region: region,
    TrafficDialPercentage: isActive ? ACTIVE : PASSIVE,
  })),
});

export const submitRoutes = (input: SubmitMultiRegionAccessPointRoutesRequest, { tx, account }: Call): object => {
  const point = opened(tx, account, input.Mrap);
  // "This error occurs when you've selected a Multi-Region Access Point with only one AWS Region".
  if (point.regions.length < 2) fail('MethodNotAllowed');
  const dials = new Map<string, number>();
  for (const { Bucket, Region, TrafficDialPercentage: dial } of input.RouteUpdates) {
    const route = point.regions.find(({ bucket, region }) =>
      Bucket === undefined ? region === Region : bucket === Bucket,
    );
    // "If both are provided, the bucket must be in the specified Region" (API Reference, MultiRegionAccessPointRoute).
    const isOne = route !== undefined && (Region === undefined || route.region === Region);
    if (!isOne || (dial !== ACTIVE && dial !== PASSIVE)) return fail('InvalidRequest');
    dials.set(route.region, dial);
  }
  const regions = point.regions.map((route) => ({
    ...route,
    isActive: (dials.get(route.region) ?? (route.isActive ? ACTIVE : PASSIVE)) === ACTIVE,
  }));
  if (!regions.some(({ isActive }) => isActive)) fail('InvalidRequest', 'At least one Region must be active.');
  putMultiRegion(tx, { ...point, regions });
  return {};
};
