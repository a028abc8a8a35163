/** PutEventConfiguration and GetEventConfiguration: of a trail, how its data events are aggregated. */
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { Call } from '#platform/service.ts';
import { refuse } from './errors.ts';
import { logsData, trailNamed } from './event-selectors.ts';
import type { TrailRow } from './state.ts';
import type { TrailDirectory } from './trail-directory.ts';
import { trailArn } from './trail-names.ts';
import { ownTrail, putTrail, seenTrail } from './trails.ts';

export function putEventConfiguration(
  directory: TrailDirectory,
  input: Model.PutEventConfigurationRequest,
  call: Call,
): Model.PutEventConfigurationResponse {
  const row = ownTrail(directory, trailNamed(input), call, call.tx);
  if (input.MaxEventSize !== undefined || input.ContextKeySelectors !== undefined) {
    refuse(
      'InvalidParameterCombinationException',
      'MaxEventSize and ContextKeySelectors can be set for event data stores only.',
    );
  }
  const templates = checkedTemplates(input, row);
  putTrail(directory, call.tx, call.account, { ...row, templates });
  return view(trailArn(call.region, call.account, row.name), templates);
}

function checkedTemplates(
  { AggregationConfigurations: wanted }: Model.PutEventConfigurationRequest,
  { selectors }: TrailRow,
): readonly Model.Template[] {
  if (wanted === undefined) return refuse('InvalidParameterException', 'AggregationConfigurations is required.');
  const templates = wanted.flatMap(({ Templates }) => Templates);
  if (new Set(templates).size < templates.length) {
    refuse('InvalidParameterException', 'An aggregation template is used more than once.');
  }
  // "Before you enable event aggregation, you must create a trail and configure data events in it."
  if (templates.length > 0 && !logsData(selectors)) {
    refuse('InvalidParameterException', 'Events can be aggregated of a trail that logs data events.');
  }
  return templates;
}

export function getEventConfiguration(
  directory: TrailDirectory,
  input: Model.GetEventConfigurationRequest,
  call: Call,
): Model.GetEventConfigurationResponse {
  const { row, arn } = seenTrail(directory, trailNamed(input), call);
  return view(arn, row.templates ?? []);
}

const view = (TrailARN: string, templates: readonly Model.Template[]) => ({
  TrailARN,
  AggregationConfigurations:
    templates.length > 0 ? [{ Templates: [...templates], EventCategory: 'Data' as const }] : [],
});
