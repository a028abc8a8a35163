/**
 * Hosts that services answer by themselves (websites of buckets): no operation is named, nothing is signed, and what a client sends as
 * credentials is not looked at. What a site reads it reads by operations, as an anonymous caller, on the way of all calls.
 */
import type { HostFacts } from '#gateway/host.ts';
import type { IncomingRequest } from '#gateway/http/listener.ts';
import type { Router } from '#gateway/route.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { present } from '#platform/base/assert.ts';
import type { Region } from '#platform/base/ids.ts';
import type { Cloud } from '#platform/cloud.ts';
import { dispatch } from '#platform/dispatch.ts';
import type { RegisteredService } from '#platform/registry.ts';

/** The service whose site the host is. */
export const siteOf = ({ registry }: Cloud, { service }: HostFacts): RegisteredService | undefined =>
  service === undefined ? undefined : registry.services.find(({ entry }) => entry.siteHost === service);

export interface SiteCall {
  readonly request: IncomingRequest;
  readonly host: HostFacts;
  readonly region: Region;
  readonly requestId: string;
}

export async function serveSite(
  service: RegisteredService,
  { request, host, region, requestId }: SiteCall,
  cloud: Cloud,
  router: Router,
): Promise<WireResponse> {
  const { method, path, headers, secure, remoteAddress } = request;
  const protocol = secure ? 'https' : 'http';
  const authority = headers['host'] ?? '';
  const ask = (name: string, input: Record<string, unknown>) =>
    dispatch(cloud, {
      operation: present(service.operation(name), `${service.name} has ${name}`),
      input,
      caller: {
        principal: { kind: 'anonymous' },
        accessKeyId: undefined,
        sourceAddress: remoteAddress,
        userAgent: headers['user-agent'] ?? '',
        isSecure: secure,
        calledVia: [],
      },
      region,
      requestId,
      origin: `${protocol}://${authority}`,
      signal: request.signal,
    });
  await service.load();
  const site = present(service.declaration.site, 'siteOf has found it');
  const answer = await site({
    name: host.bucket,
    method,
    path,
    headers,
    protocol,
    host: authority,
    requestId,
    ask,
  });
  const { answered } = answer;
  const [spoken = 'rest-xml'] = service.metadata.protocols;
  const wire =
    answered && router.codec(service, spoken).operation(answered.operation).encode(answered.output, requestId);
  return {
    status: answer.status ?? wire?.status ?? 200,
    headers: { ...wire?.headers, ...answer.headers },
    body: answer.body ?? wire?.body ?? '',
  };
}
