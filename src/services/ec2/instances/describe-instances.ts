/** DescribeInstances. Rows are read in pages, as there may be thousands of which few are asked for. */
import type { DescribeInstancesRequest, DescribeInstancesResult } from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters } from '#services/ec2/filters.ts';
import { instanceFields } from '#services/ec2/instances/filters.ts';
import { findInstances } from '#services/ec2/instances/instances.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import { type Sight, shownReservations, sightOf, sightsOf, viewerOf } from '#services/ec2/instances/view.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

const READ_AT_ONCE = 256;

/** In the order of ids, after one of them. */
export function* instancesAfter(tx: ReadTransaction, position: string | undefined): Generator<InstanceRow> {
  for (const rows of rowsAfter(tx, position)) yield* rows;
}

function* rowsAfter(tx: ReadTransaction, position: string | undefined): Generator<readonly InstanceRow[]> {
  let after = position;
  for (;;) {
    const rows = instances.page(tx, after, READ_AT_ONCE);
    yield rows;
    after = rows.at(-1)?.id;
    if (rows.length < READ_AT_ONCE) return;
  }
}

export const describeInstances =
  ({ pages }: Ec2Parts) =>
  (input: DescribeInstancesRequest, call: Call): DescribeInstancesResult => {
    const { InstanceIds: ids = [], Filters: filters } = input;
    refuseBoth(ids, input.MaxResults);
    const { tx } = call;
    const viewer = viewerOf(tx);
    const passes = compileFilters(filters, instanceFields(call.account), ({ tags }: Sight) => tags);
    const named = ids.length > 0 ? findInstances(tx, ids) : undefined;
    const { items, more } = pageOf(pages, call, input, [ids, filters], function* (position) {
      if (named !== undefined) {
        yield* named
          .map((row) => ({ item: sightOf(viewer, row), position: row.id }))
          .filter(({ item }) => passes(item));
        return;
      }
      for (const rows of rowsAfter(tx, position)) {
        for (const item of sightsOf(viewer, rows)) if (passes(item)) yield { item, position: item.row.id };
      }
    });
    return { Reservations: shownReservations(viewer, items), ...more };
  };

/** "You cannot specify this parameter and the instance IDs parameter in the same request." */
export function refuseBoth(ids: readonly string[], limit: number | undefined): void {
  if (ids.length > 0 && limit !== undefined) {
    fail('InvalidCombination', 'The parameter instancesSet cannot be used with the parameter maxResults');
  }
}
