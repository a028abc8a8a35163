/**
 * Tunnels through EC2 Instance Connect Endpoints: a presigned request that goes on as a WebSocket, whose bytes are those of a connection
 * inside of a VPC. It is a call like any (ec2-instance-connect:OpenTunnel): authenticated, authorised and audited before anything opens. The
 * AWS CLI makes them; its names for errors are those below.
 */
import type { Duplex } from 'node:stream';
import { callerOf, nameOf } from '#gateway/caller.ts';
import type { IncomingRequest, TakeOver } from '#gateway/http/listener.ts';
import { REASONS } from '#gateway/http/reasons.ts';
import type { Gateway } from '#gateway/pipeline.ts';
import { carry, refuseUpgrade, toWebSocket } from '#gateway/web-socket.ts';
import { commonError } from '#gateway/wire/common-errors.ts';
import { present } from '#platform/base/assert.ts';
import { newRequestId } from '#platform/base/ids.ts';
import type { Connections } from '#platform/connections.ts';
import { dispatch, serviceErrorOf } from '#platform/dispatch.ts';
import { fail, type ServiceError } from '#platform/error.ts';
import type { Input } from '#platform/service.ts';

const PATH = '/openTunnel';
const SERVICE = 'ec2-instance-connect';
const OPERATION = 'OpenTunnel';
const CLAIM = /(?:\/|%2F)ec2-instance-connect(?:\/|%2F)aws4_request/i;

/** What a request to upgrade goes on as, if it asks for a tunnel. */
export const upgradeToTunnel = (
  request: IncomingRequest,
  gateway: Gateway,
  connections: Connections,
): TakeOver | undefined =>
  request.path === PATH && request.method === 'GET' && CLAIM.test(request.query)
    ? (socket) => void takeOver(request, socket, gateway, connections)
    : undefined;

async function takeOver(
  request: IncomingRequest,
  socket: Duplex,
  gateway: Gateway,
  connections: Connections,
): Promise<void> {
  const { cloud, metrics } = gateway;
  const started = cloud.clock.monotonic();
  const requestId = newRequestId();
  const trace = { requestId, started, service: SERVICE, operation: OPERATION, principal: '', error: '', labels: {} };
  const finish = (status: number): void => {
    const microseconds = Math.round((cloud.clock.monotonic() - started) * 1000);
    metrics.answered(SERVICE, OPERATION, status, microseconds);
    cloud.log.request(trace, status, microseconds, request.remoteAddress);
  };
  socket.pause();
  socket.on('error', () => socket.destroy());
  try {
    const open = await granted(request, requestId, gateway, connections, (name) => {
      trace.principal = name;
    });
    const other = (await reached(open, gateway)) ?? fail('ServiceUnavailable', MOVED, { status: 503 });
    // Who asked may be gone.
    socket.once('close', () => other.destroy());
    if (socket.destroyed) return void other.destroy();
    carry(await toWebSocket(request, socket), other);
    finish(101);
  } catch (error) {
    const refusal = refusalOf(serviceErrorOf(error, cloud));
    trace.error = refusal.code;
    finish(refusal.status);
    refuse(socket, refusal, requestId);
  }
}

/** The way that the call is granted: it begins here, or in the process that holds the caller's account, which has run the call. */
async function granted(
  request: IncomingRequest,
  requestId: string,
  gateway: Gateway,
  connections: Connections,
  onCaller: (name: string) => void,
): Promise<() => Promise<Duplex | undefined>> {
  const { cloud } = gateway;
  const service = present(cloud.registry.service(SERVICE), `${SERVICE} is a service`);
  await service.load();
  const operation = present(service.internal(OPERATION), `${SERVICE} opens tunnels`);
  const called = callerOf(request, gateway, service);
  onCaller(nameOf(called.caller.principal));
  await dispatch(cloud, { ...called, operation, input: inputOf(request), requestId, client: request });
  const { principal } = called.caller;
  const elsewhere = async () =>
    'account' in principal ? cloud.placement?.connect(principal.account, requestId) : undefined;
  return connections.taken(requestId) ?? elsewhere;
}

function inputOf({ query }: IncomingRequest): Input {
  const given = new URLSearchParams(query);
  const whole = (name: string): number | undefined => {
    const text = given.get(name);
    if (text === null) return undefined;
    return /^\d{1,9}$/.test(text) ? Number(text) : fail('InvalidParameter', `The specified ${name} is not valid.`);
  };
  return {
    InstanceConnectEndpointId: given.get('instanceConnectEndpointId') ?? undefined,
    PrivateIpAddress: given.get('privateIpAddress') ?? undefined,
    RemotePort: whole('remotePort'),
    MaxTunnelDuration: whole('maxTunnelDuration'),
  };
}

/** That nobody answers there is no fault of ours. */
async function reached<Way>(open: () => Promise<Way>, { cloud }: Gateway): Promise<Way> {
  try {
    return await open();
  } catch (error) {
    cloud.log.log('info', 'a tunnel leads nowhere', { reason: String(error) });
    return fail('ConnectionFailure', UNREACHED);
  }
}

/** The account has another holder since. */
const MOVED = 'The tunnel could not be opened at this moment. Try again.';

const UNREACHED =
  'The instance can not be reached at this port. Its security groups must allow what comes from the EC2 Instance Connect Endpoint, ' +
  "and the endpoint's own what goes to the instance.";

interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

/** In the words of Query, where services share them. */
function refusalOf({ code, message, status = 400 }: ServiceError): Refusal {
  const common = commonError(code, 'query');
  return { code: common?.code ?? code, status: common?.status ?? status, message };
}

function refuse(socket: Duplex, { code, message, status }: Refusal, requestId: string): void {
  const FaultCode = status < 500 ? 'Sender' : 'Receiver';
  const body = JSON.stringify({ ErrorCode: code, Message: message, FaultCode, RequestId: requestId });
  const headers = ['Content-Type: application/json', `x-amzn-RequestId: ${requestId}`];
  refuseUpgrade(socket, `${status} ${REASONS[status] ?? ''}`, headers, body);
}
