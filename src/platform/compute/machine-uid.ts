/**
 * The user that a machine's process runs as: its own, so that no machine's process reaches what another's has. It follows from the
 * machine's id, so nobody keeps a list; of two machines with the same one (2^28 there are) each could reach the other's files alone.
 */
import { hash } from 'node:crypto';
import type { MachineId } from '#platform/compute/machine.ts';

/** Above all that systems give to people, services and containers. */
export const FIRST_MACHINE_UID = 0x70000000;
const COUNT = 0x10000000;

export const machineUid = (id: MachineId): number =>
  FIRST_MACHINE_UID + (hash('sha256', id, 'buffer').readUInt32BE(0) % COUNT);

export const isMachineUid = (uid: number): boolean => uid >= FIRST_MACHINE_UID && uid < FIRST_MACHINE_UID + COUNT;
