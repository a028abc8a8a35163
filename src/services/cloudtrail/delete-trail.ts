/** DeleteTrail: the trail stops, its last files are delivered, and it is gone; what its bucket does not take now goes with it. */
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { Call } from '#platform/service.ts';
import { deleteTags } from '#platform/tags.ts';
import { closeTrail, type DeliveryDeps } from './delivery.ts';
import { stopped } from './logging.ts';
import { queuesOf } from './queues.ts';
import { deliveries, trails, waiting } from './state.ts';
import { trailArn } from './trail-names.ts';
import { announce, ownTrail, putTrail } from './trails.ts';

export async function deleteTrail(deps: DeliveryDeps, { Name }: Model.DeleteTrailRequest, call: Call): Promise<object> {
  const { account, region } = call;
  const { trails: directory } = deps;
  const row = call.transact((tx) => {
    const own = ownTrail(directory, Name, call, tx);
    if (own.isLogging) putTrail(directory, tx, account, stopped(own, call));
    return own;
  });
  const arn = trailArn(region, account, row.name);
  const trail = directory.of(account).find((each) => each.arn === arn);
  if (trail !== undefined) await closeTrail(deps, account, trail, call.clock.now());
  call.transact((tx) => {
    const { name } = ownTrail(directory, Name, call, tx);
    tx.delete(trails, trails.key(name));
    for (const [queue] of queuesOf(arn)) tx.deleteRange(waiting, [queue]);
    tx.delete(deliveries, deliveries.key(arn));
    deleteTags(tx, arn);
    announce(directory, tx, account);
  });
  return {};
}
