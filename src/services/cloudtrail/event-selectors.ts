/** The operations on a trail's event and insight selectors. */
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { Call } from '#platform/service.ts';
import { refuse } from './errors.ts';
import { canFind } from './match.ts';
import { checkSelectors } from './selectors.ts';
import type { Selectors, TrailRow } from './state.ts';
import type { TrailDirectory } from './trail-directory.ts';
import { trailArn } from './trail-names.ts';
import { ownTrail, putTrail, seenTrail, type TrailDeps } from './trails.ts';
import { tryBucket } from './try-bucket.ts';

const view = (TrailARN: string, { basic, advanced }: Selectors): Model.PutEventSelectorsResponse => ({
  TrailARN,
  ...(basic && { EventSelectors: basic }),
  ...(advanced && { AdvancedEventSelectors: advanced }),
});

export function putEventSelectors(
  directory: TrailDirectory,
  input: Model.PutEventSelectorsRequest,
  call: Call,
): Model.PutEventSelectorsResponse {
  const row = ownTrail(directory, input.TrailName, call, call.tx);
  const selectors = checkSelectors(input);
  putTrail(directory, call.tx, call.account, { ...row, selectors });
  return view(trailArn(call.region, call.account, row.name), selectors);
}

export function getEventSelectors(
  directory: TrailDirectory,
  { TrailName }: Model.GetEventSelectorsRequest,
  call: Call,
): Model.GetEventSelectorsResponse {
  const { row, arn } = seenTrail(directory, TrailName, call);
  return view(arn, row.selectors);
}

const LAKE = 'Event data stores are not offered by this cloud.';

export function trailNamed(input: { readonly TrailName?: string; readonly EventDataStore?: string }): string {
  if (input.EventDataStore !== undefined) return refuse('UnsupportedOperationException', LAKE);
  return input.TrailName ?? refuse('InvalidParameterCombinationException', 'Specify a trail.');
}

export async function putInsightSelectors(
  { trails, bucket }: Pick<TrailDeps, 'trails' | 'bucket'>,
  input: Model.PutInsightSelectorsRequest,
  call: Call,
): Promise<Model.PutInsightSelectorsResponse> {
  const name = trailNamed(input);
  const before = call.partition.read((tx) => ownTrail(trails, name, call, tx));
  // They are delivered into a folder of their own, which the bucket's policy must allow too.
  if (checkInsights(input, before).length > 0) await tryBucket(bucket, before, 'CloudTrail-Insight', call);
  return call.transact((tx) => {
    const row = ownTrail(trails, name, call, tx);
    const insights = checkInsights(input, row);
    putTrail(trails, tx, call.account, { ...row, insights });
    return { TrailARN: trailArn(call.region, call.account, row.name), InsightSelectors: insights };
  });
}

function checkInsights({ InsightSelectors }: Model.PutInsightSelectorsRequest, { selectors }: TrailRow) {
  const insights = InsightSelectors.map(({ InsightType, EventCategories = ['Management'] }) => {
    if (InsightType === undefined) return refuse('InvalidInsightSelectorsException', 'an InsightType is required.');
    if (EventCategories.includes('Data') && !logsData(selectors)) {
      refuse('InvalidInsightSelectorsException', 'Insights on data events need a trail that logs data events.');
    }
    if (EventCategories.includes('Management') && !canFind(selectors, InsightType)) {
      refuse('InvalidInsightSelectorsException', `the trail does not log the management events for ${InsightType}.`);
    }
    return { InsightType, EventCategories };
  });
  const types = insights.map(({ InsightType }) => InsightType);
  if (new Set(types).size < types.length) {
    refuse('InvalidInsightSelectorsException', 'an InsightType is used more than once.');
  }
  return insights;
}

/** Whether data events are asked for. */
export const logsData = ({ basic = [], advanced = [] }: Selectors): boolean =>
  basic.some(({ DataResources = [] }) => DataResources.length > 0) ||
  advanced.some(({ FieldSelectors }) =>
    FieldSelectors.some(({ Field, Equals }) => Field === 'eventCategory' && Equals?.includes('Data')),
  );

export function getInsightSelectors(
  directory: TrailDirectory,
  input: Model.GetInsightSelectorsRequest,
  call: Call,
): Model.GetInsightSelectorsResponse {
  const { row, arn } = seenTrail(directory, trailNamed(input), call);
  if (row.insights.length === 0) refuse('InsightNotEnabledException', row.name);
  return { TrailARN: arn, InsightSelectors: row.insights };
}
