/**
 * Ways to what runs: its screen, with keyboard and mouse, and its serial line. Who may is decided by who hands them out (makonis,
 * ec2-instance-connect); whether an account has the serial console at all, here. A serial line has one session at a time, whichever
 * way it came ("Only one active serial console connection is supported per instance").
 */
import type { Duplex } from 'node:stream';
import { present } from '#platform/base/assert.ts';
import { type Clock, hours, type Milliseconds } from '#platform/base/clock.ts';
import type { Host } from '#platform/compute/host.ts';
import type { OpenConnection } from '#platform/connections.ts';
import { ServiceError } from '#platform/error.ts';
import type { Store } from '#platform/store/store.ts';
import type { InstancePlace, InstancesApi, NoConnection } from '#services/ec2/api.ts';
import { instanceType } from '#services/ec2/instance-types/types.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import { openSshLine, readPublicKey } from '#services/ec2/key-pairs/public-key.ts';
import { hasSerialConsole } from '#services/ec2/serial-console/access.ts';

/** "The serial console connection typically lasts for 1 hour unless you disconnect." */
const SESSION: Milliseconds = hours(1);
/** "The instance must be in the pending, running, stopping, or shutting-down state." */
const HAS_SERIAL_LINE: ReadonlySet<InstanceRow['state']> = new Set(['pending', 'running', 'stopping', 'shutting-down']);

export interface ConnectionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly host: () => Promise<Host | undefined>;
}

export function instancesApi(parts: ConnectionParts): InstancesApi {
  const sessions = new Set<string>();
  const partitionOf = ({ account, region }: InstancePlace) =>
    parts.store.partition({ service: 'ec2', account, region });
  const open = async (id: string, target: 'screen' | 'serial'): Promise<Duplex> =>
    await present(await parts.host(), 'an instance runs on a host').machines.connect(id, target);
  return {
    async look(place) {
      const partition = partitionOf(place);
      const row = partition.read((tx) => instances.find(tx, place.id));
      await partition.durable();
      return row && { state: row.state, zone: row.zone, hypervisor: instanceType(row.type)?.family.hypervisor };
    },
    connection(place, target) {
      const { id } = place;
      const { state, hasConsole } = partitionOf(place).read((tx) => ({
        state: instances.find(tx, id)?.state,
        hasConsole: hasSerialConsole(tx),
      }));
      if (target === 'screen') return state === 'running' ? () => open(id, target) : 'not-running';
      if (state === undefined || !HAS_SERIAL_LINE.has(state)) return 'not-running';
      if (!hasConsole) return 'serial-console-disabled';
      return sessions.has(id) ? 'serial-console-in-use' : serialSession(parts, sessions, id, () => open(id, target));
    },
    sshKey(text) {
      try {
        const key = readPublicKey(Buffer.from(text));
        return { blob: key.blob, line: openSshLine(key, '').trim() };
      } catch (error) {
        if (error instanceof ServiceError) return undefined;
        throw error;
      }
    },
  };
}

/** Taken when it is opened, not when it is handed out: who was first has it. */
function serialSession(
  { clock }: ConnectionParts,
  sessions: Set<string>,
  id: string,
  open: OpenConnection,
): OpenConnection {
  return async () => {
    const inUse: NoConnection = 'serial-console-in-use';
    if (sessions.has(id)) throw new Error(inUse);
    sessions.add(id);
    try {
      const line = await open();
      const end = clock.after(SESSION, () => line.destroy());
      line.once('close', () => {
        end.cancel();
        sessions.delete(id);
      });
      return line;
    } catch (error) {
      sessions.delete(id);
      throw error;
    }
  };
}
