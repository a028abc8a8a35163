/**
 * What stored bytes cost ("Amazon EBS pricing"): gigabytes of a volume's size by type, IOPS and throughput that are bought beyond what comes
 * with it, and what snapshots hold, by the second that they are there. A bill makes months of it. Each row says up to when it was counted.
 */
import { meterIn } from '#platform/metering/usage.ts';
import type { Transaction } from '#platform/store/store.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { type SnapshotRow, snapshots } from '#services/ec2/snapshots/state.ts';
import { type VolumeRow, volumes } from '#services/ec2/volumes/state.ts';
import { sellsIops } from '#services/ec2/volumes/types.ts';

const GP3_IOPS = 3000;
const GP3_THROUGHPUT_MIB = 125;

/** All of the account's, up to now. */
export function meterStorage(tx: Transaction, now: number): void {
  for (const row of volumes.all(tx)) volumes.put(tx, meteredVolume(tx, row, now));
  for (const row of snapshots.all(tx)) if (row.state === 'completed') snapshots.put(tx, meteredSnapshot(tx, row, now));
}

/** The row, counted up to `now`. A volume costs from when it is asked for. */
export function meteredVolume(tx: Transaction, row: VolumeRow, now: number): VolumeRow {
  const { type, sizeGiB, iops, throughputMiB = GP3_THROUGHPUT_MIB } = row;
  const from = row.meteredUntil ?? row.createdAt;
  const seconds = Math.floor((now - from) / 1000);
  if (seconds <= 0) return row;
  const count = counter(tx, 'volume', row.id, 'CreateVolume', now);
  count(`EBS:VolumeUsage.${type}`, sizeGiB * seconds);
  const boughtIops = type === 'gp3' ? iops - GP3_IOPS : sellsIops(type) ? iops : 0;
  if (boughtIops > 0) count(`EBS:VolumeP-IOPS.${type}`, boughtIops * seconds);
  if (type === 'gp3' && throughputMiB > GP3_THROUGHPUT_MIB) {
    count('EBS:VolumeP-Throughput.gp3', (throughputMiB - GP3_THROUGHPUT_MIB) * seconds);
  }
  return { ...row, meteredUntil: from + seconds * 1000 };
}

export function meteredSnapshot(tx: Transaction, row: SnapshotRow, now: number): SnapshotRow {
  const from = row.meteredUntil ?? row.startedAt;
  const seconds = Math.floor((now - from) / 1000);
  if (seconds <= 0) return row;
  // Kibibytes: bytes of a month are more than a number holds.
  const kib = Math.ceil((row.storedBytes ?? 0) / 1024);
  counter(tx, 'snapshot', row.id, 'CreateSnapshot', now)('EBS:SnapshotUsage', kib * seconds);
  return { ...row, meteredUntil: from + seconds * 1000 };
}

const counter = (tx: Transaction, type: 'volume' | 'snapshot', id: string, operation: string, now: number) => {
  const { account, region } = tx.partition.name;
  const resource = resourceArn({ account, region }, type, id);
  return (usageType: string, amount: number): void => meterIn(tx, now, { usageType, operation, resource }, amount);
};
