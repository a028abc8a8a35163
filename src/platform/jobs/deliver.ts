/** Calls of a service as itself, through the same authoriser as everybody's: what a relay does with a message, and what is asked at once. */
import { type AccountId, newRequestId, type Region } from '#platform/base/ids.ts';
import type { Cloud } from '#platform/cloud.ts';
import { dispatch } from '#platform/dispatch.ts';
import { ServiceError } from '#platform/error.ts';
import type { Delivery } from '#platform/jobs/outbox.ts';
import type { Input, Output } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';

export interface ServiceCall {
  readonly service: string;
  readonly operation: string;
  readonly input: Input;
  readonly region: Region;
  /** The principal that calls, and for which resource of whose. */
  readonly principal: string;
  readonly sourceArn: string;
  readonly sourceAccount: AccountId;
}

export type CallAsService = (call: ServiceCall) => Promise<Output>;

export async function callAsService(
  cloud: Cloud,
  { service, operation: name, input, region, principal, sourceArn, sourceAccount }: ServiceCall,
  given: { readonly requestId?: string; readonly idempotencyToken?: string } = {},
): Promise<Output> {
  const registered = cloud.registry.service(service);
  await registered?.load();
  const operation = registered?.operation(name);
  if (operation === undefined) throw new ServiceError('InvalidAction', `nobody takes ${service}:${name}`);
  return dispatch(cloud, {
    operation,
    input,
    region,
    requestId: newRequestId(),
    ...given,
    origin: 'http://localhost',
    client: { signal: cloud.stopping },
    caller: {
      principal: { kind: 'service', service: principal, sourceArn, sourceAccount },
      accessKeyId: undefined,
      sourceAddress: principal,
      userAgent: principal,
      isSecure: true,
      calledVia: [],
    },
  });
}

export async function deliver(cloud: Cloud, delivery: Delivery): Promise<void> {
  await cloud.registry.service(delivery.service)?.load();
  const work = ownWork(cloud, delivery);
  if (work !== undefined) return work();
  const { requestId, idempotencyToken, from, service, operation } = delivery;
  const principal = delivery.principal ?? cloud.registry.service(from)?.entry.principal;
  if (principal === undefined) throw new ServiceError('InvalidAction', `nobody sends ${service}:${operation}`);
  await callAsService(cloud, { ...delivery, principal }, { requestId, idempotencyToken });
}

/** What a service tells itself to do is no call, and asks for no permission. */
function ownWork(cloud: Cloud, { service, from, operation, input, sourceAccount: account, region }: Delivery) {
  const work = service === from ? cloud.registry.service(from)?.declaration.work?.[operation] : undefined;
  if (work === undefined) return undefined;
  const { clock, log, store, stopping } = cloud;
  return async () => {
    const partition = await again(() => store.partition({ service, account, region }));
    await work(input, { account, region, now: clock.now(), partition, clock, log }, stopping);
  };
}
