/** What tests of volumes, snapshots and images do again and again. */
import {
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  type EC2Client,
  type Image,
  type Snapshot,
  type Volume,
} from '@aws-sdk/client-ec2';
import { until } from '#test/until.ts';

/** Asks until it is as it should be. */
async function untilShown<T>(
  look: () => Promise<T | undefined>,
  isSo: (found: T) => boolean,
  what: string,
): Promise<T> {
  let last: T | undefined;
  await until(async () => {
    last = await look();
    return last !== undefined && isSo(last);
  }, what);
  if (last === undefined) throw new Error(what);
  return last;
}

export function volumesOf(ec2: EC2Client) {
  const volume = async (id: string): Promise<Volume | undefined> =>
    (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0];
  return {
    untilVolume: (id: string, state: string): Promise<Volume> =>
      untilShown(
        () => volume(id),
        ({ State }) => State === state,
        `${id} is ${state}`,
      ),
    attachmentIs: (id: string, state: string): Promise<Volume> =>
      untilShown(
        () => volume(id),
        ({ Attachments }) => Attachments?.[0]?.State === state,
        `${id} is ${state}`,
      ),
  };
}

export const untilSnapshot = (ec2: EC2Client, id: string, state: string): Promise<Snapshot> =>
  untilShown(
    async () => (await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }))).Snapshots?.[0],
    ({ State }) => State === state,
    `${id} is ${state}`,
  );

export const untilImage = (ec2: EC2Client, id: string, state: string): Promise<Image> =>
  untilShown(
    async () => (await ec2.send(new DescribeImagesCommand({ ImageIds: [id] }))).Images?.[0],
    ({ State }) => State === state,
    `${id} is ${state}`,
  );
