/**
 * Calls in the name of a role that the owner of a resource has handed to a service: the replication of a bucket, a batch job. The
 * service assumes the role like anybody, so the role's trust policy decides (with aws:SourceArn and aws:SourceAccount) and the audit
 * has it; what follows are the session's calls, through the same authoriser as all others. A session serves for some minutes; what it
 * may do is asked anew for each call.
 */
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type AccountId, newRequestId, type Region } from '#platform/base/ids.ts';
import type { Caller, Cloud } from '#platform/cloud.ts';
import { dispatch } from '#platform/dispatch.ts';
import { ServiceError, ThrottlingError } from '#platform/error.ts';
import type { Input, Output } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';

export interface Assumption {
  readonly role: string;
  readonly sessionName: string;
  /** Whom the role's trust policy must name. */
  readonly servicePrincipal: string;
  readonly sourceArn: string;
  readonly sourceAccount: AccountId;
  readonly region: Region;
}

export interface RoleCall {
  readonly service: string;
  readonly operation: string;
  /** The operation is one of the service's internal ones. */
  readonly isInternal?: true;
  readonly input: Input;
  readonly region: Region;
  /** Services that pass the call on. */
  readonly calledVia?: readonly string[];
}

/** Throws what the call is refused with, or RoleNotAssumed. */
export type CallAsRole = (assumption: Assumption, call: RoleCall) => Promise<Output>;

/** The role is not there, or does not trust the service. */
export class RoleNotAssumed extends ServiceError {}

interface Session {
  readonly accessKeyId: string;
  readonly sessionToken: string;
  readonly until: Milliseconds;
}

const SERVES: Milliseconds = minutes(15);
const sessionsOf = new WeakMap<Cloud, BoundedMap<Session>>();
const SESSIONS = { entries: 1000, characters: 1_000_000 };

export async function callAsRole(cloud: Cloud, assumption: Assumption, call: RoleCall): Promise<Output> {
  const registered = cloud.registry.service(call.service);
  await registered?.load();
  const operation = call.isInternal ? registered?.internal(call.operation) : registered?.operation(call.operation);
  if (operation === undefined) throw new Error(`no operation ${call.service}:${call.operation}`);
  return dispatch(cloud, {
    operation,
    input: call.input,
    region: call.region,
    requestId: newRequestId(),
    origin: ORIGIN,
    client: { signal: cloud.stopping },
    caller: { ...(await sessionCaller(cloud, assumption)), calledVia: call.calledVia ?? [] },
  });
}

/** Connections between services are secure. */
const ORIGIN = 'https://localhost';

async function sessionCaller(cloud: Cloud, assumption: Assumption): Promise<Omit<Caller, 'calledVia'>> {
  const { servicePrincipal, region } = assumption;
  const sessions = getOrInsert(sessionsOf, cloud, () => new BoundedMap<Session>(SESSIONS));
  const id = JSON.stringify(assumption);
  const known = sessions.get(id);
  const now = cloud.clock.now();
  const session = known !== undefined && known.until > now ? known : await assume(cloud, assumption);
  sessions.set(id, session);
  return {
    principal: await again(() => principalOf(cloud, session, region)),
    accessKeyId: session.accessKeyId,
    sourceAddress: servicePrincipal,
    userAgent: servicePrincipal,
    isSecure: true,
  };
}

function principalOf(cloud: Cloud, { accessKeyId, sessionToken }: Session, region: Region) {
  try {
    return cloud.identity.credential(accessKeyId, sessionToken, cloud.clock.now(), region).principal;
  } catch (error) {
    // The role was deleted since.
    if (error instanceof ServiceError) throw new RoleNotAssumed(error.code, error.message, { status: 403 });
    throw error;
  }
}

async function assume(cloud: Cloud, assumption: Assumption): Promise<Session> {
  const { role, sessionName, servicePrincipal, sourceArn, sourceAccount, region } = assumption;
  const sts = cloud.registry.service('sts');
  await sts?.load();
  const operation = sts?.operation('AssumeRole');
  if (operation === undefined) throw new Error('this cloud has no sts:AssumeRole');
  try {
    const { Credentials } = await dispatch(cloud, {
      operation,
      input: { RoleArn: role, RoleSessionName: sessionName },
      region,
      requestId: newRequestId(),
      origin: ORIGIN,
      client: { signal: cloud.stopping },
      caller: {
        principal: { kind: 'service', service: servicePrincipal, sourceArn, sourceAccount },
        accessKeyId: undefined,
        sourceAddress: servicePrincipal,
        userAgent: servicePrincipal,
        isSecure: true,
        calledVia: [],
      },
    });
    // AssumeRole's output.
    const { AccessKeyId, SessionToken } = Credentials as { AccessKeyId: string; SessionToken: string };
    return { accessKeyId: AccessKeyId, sessionToken: SessionToken, until: cloud.clock.now() + SERVES };
  } catch (error) {
    const isRefused = error instanceof ServiceError && !(error instanceof ThrottlingError);
    throw isRefused && (error.status ?? 400) < 500
      ? new RoleNotAssumed(error.code, error.message, { status: 403 })
      : error;
  }
}
