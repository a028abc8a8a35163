/** A way to a machine's screen or serial line: allowed by a signed call, opened by a grant that is good once. */
import { call } from '../../makonis.ts';
import type { Session } from '../../session.ts';

export interface Wanted {
  readonly instance: string;
  readonly region: string;
  readonly target: 'screen' | 'serial';
}

export async function connect(session: Session, { instance, region, target }: Wanted): Promise<WebSocket> {
  const { Secret } = await call<{ readonly Secret: string }>(
    'ConnectToInstance',
    { InstanceId: instance, Region: region, Target: target },
    session.credentials,
  );
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/connect`, [
    'makonis.connection',
    `grant.${Secret}`,
  ]);
  socket.binaryType = 'arraybuffer';
  return socket;
}
