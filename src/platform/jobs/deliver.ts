/** What a relay does with a message: a call as the service that sends it, through the same authoriser as everybody's. */
import type { Cloud } from '#platform/cloud.ts';
import { dispatch } from '#platform/dispatch.ts';
import { ServiceError } from '#platform/error.ts';
import type { Delivery } from '#platform/jobs/outbox.ts';

export async function deliver(cloud: Cloud, delivery: Delivery): Promise<void> {
  const service = cloud.registry.service(delivery.service);
  await service?.load();
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
