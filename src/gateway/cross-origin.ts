/**
 * Requests of pages of other origins (the Fetch standard's CORS protocol). A service that has rules for it decides; of the others,
 * and where no rule fits, browsers keep answers to themselves.
 */
import type { IncomingRequest } from '#gateway/http/listener.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { ServiceError } from '#platform/error.ts';
import type { ServiceDeclaration } from '#platform/service.ts';

type Asked = Pick<IncomingRequest, 'method' | 'path' | 'headers'>;

/** `path` with the host's bucket before it. Throws for what no rule fits. What incomplete requests are told is from memory. */
export function preflight({ headers }: Asked, path: string, service: ServiceDeclaration): WireResponse {
  const origin = headers['origin'];
  const method = headers['access-control-request-method'];
  if (origin === undefined) throw badRequest('Insufficient information. Origin request header needed.');
  if (method === undefined) throw badRequest('Invalid Access-Control-Request-Method: null');
  const asked = (headers['access-control-request-headers'] ?? '')
    .toLowerCase()
    .split(/\s*,\s*/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const answer = service.crossOrigin?.({ path, origin, method, headers: asked, isPreflight: true });
  return { status: 200, headers: { ...answer }, body: '' };
}

const badRequest = (message: string): ServiceError => new ServiceError('BadRequest', message, { status: 400 });

/** The answer as the page's browser may show it. */
export function shared(
  response: WireResponse,
  { method, headers }: Asked,
  path: string,
  service: ServiceDeclaration | undefined,
): WireResponse {
  const origin = headers['origin'];
  if (origin === undefined) return response;
  const further = service?.crossOrigin?.({ path, origin, method, headers: [], isPreflight: false });
  return further === undefined ? response : { ...response, headers: { ...response.headers, ...further } };
}
