/** What a relay does with a message: a call as the service that sends it, through the same authoriser as everybody's. */
import type { Cloud } from '#platform/cloud.ts';
import { dispatch } from '#platform/dispatch.ts';
import { ServiceError } from '#platform/error.ts';
import type { Delivery } from '#platform/jobs/outbox.ts';

export async function deliver(cloud: Cloud, delivery: Delivery): Promise<void> {
  const service = cloud.registry.service(delivery.service);
  await service?.load();
  const work = ownWork(cloud, delivery);
  if (work !== undefined) return work();
  const operation = service?.operation(delivery.operation);
  const sender = delivery.principal ?? cloud.registry.service(delivery.from)?.entry.principal;
  if (operation === undefined || sender === undefined) {
    throw new ServiceError('InvalidAction', `nobody takes ${delivery.service}:${delivery.operation}`);
  }
  await dispatch(cloud, {
    operation,
    input: delivery.input,
    region: delivery.region,
    requestId: delivery.requestId,
    idempotencyToken: delivery.idempotencyToken,
    origin: 'http://localhost',
    signal: cloud.stopping,
    caller: {
      principal: {
        kind: 'service',
        service: sender,
        sourceArn: delivery.sourceArn,
        sourceAccount: delivery.sourceAccount,
      },
      accessKeyId: undefined,
      sourceAddress: sender,
      userAgent: sender,
      isSecure: true,
      calledVia: [],
    },
  });
}

/** What a service tells itself to do is no call, and asks for no permission. */
function ownWork(cloud: Cloud, { service, from, operation, input, sourceAccount: account, region }: Delivery) {
  const work = service === from ? cloud.registry.service(from)?.declaration.work?.[operation] : undefined;
  if (work === undefined) return undefined;
  const { clock, log, store, stopping } = cloud;
  const partition = store.partition({ service, account, region });
  return () => work(input, { account, region, now: clock.now(), partition, clock, log }, stopping);
}
