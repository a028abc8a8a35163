/** GetLaunchTemplateData: what would launch another instance like this one. */
import type {
  GetLaunchTemplateDataRequest,
  GetLaunchTemplateDataResult,
  ResponseLaunchTemplateData,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import { userData } from '#services/ec2/instances/state.ts';
import { sightOf, viewerOf } from '#services/ec2/instances/view.ts';
import type { volumes } from '#services/ec2/volumes/state.ts';

export function getLaunchTemplateData(
  { InstanceId: id }: GetLaunchTemplateDataRequest,
  { tx }: Call,
): GetLaunchTemplateDataResult {
  const row = findInstance(tx, id);
  const sight = sightOf(viewerOf(tx), row);
  const { shown, attached, tags } = sight;
  const kept = userData.find(tx, id)?.base64;
  const own = Object.entries(tags).filter(([key]) => !key.startsWith('aws:'));
  const data: ResponseLaunchTemplateData = {
    ImageId: row.image,
    // Of a type that was launched.
    InstanceType: row.type as NonNullable<ResponseLaunchTemplateData['InstanceType']>,
    ...(row.keyName !== undefined && { KeyName: row.keyName }),
    ...(kept !== undefined && { UserData: kept }),
    ...(row.profile && { IamInstanceProfile: { Arn: row.profile.arn } }),
    EbsOptimized: row.isEbsOptimized,
    Monitoring: { Enabled: row.isMonitored },
    Placement: { AvailabilityZone: row.zone, GroupName: '', Tenancy: 'default' },
    DisableApiTermination: row.isTerminationProtected,
    DisableApiStop: row.isStopProtected,
    InstanceInitiatedShutdownBehavior: row.shutdownBehaviour,
    ...(row.credits && { CreditSpecification: { CpuCredits: row.credits } }),
    CpuOptions: { CoreCount: row.cpu.cores, ThreadsPerCore: row.cpu.threadsPerCore },
    MetadataOptions: { ...shown.MetadataOptions },
    PrivateDnsNameOptions: { ...shown.PrivateDnsNameOptions },
    MaintenanceOptions: { AutoRecovery: row.recovers ? 'default' : 'disabled' },
    HibernationOptions: { Configured: false },
    EnclaveOptions: { Enabled: false },
    CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
    BlockDeviceMappings: attached.volumes.map(devices),
    NetworkInterfaces: attached.interfaces.map((one) => ({
      DeviceIndex: one.attachment?.deviceIndex ?? 0,
      DeleteOnTermination: one.attachment?.deletesOnTermination ?? true,
      Description: one.description,
      Groups: [...one.groups],
      InterfaceType: 'interface',
      SubnetId: one.subnet,
      NetworkCardIndex: 0,
      Ipv6Addresses: [],
      PrivateIpAddresses: one.addresses.map(({ ip }, index) => ({ Primary: index === 0, PrivateIpAddress: ip })),
      ...(row.borrowsPublicIp && one.attachment?.deviceIndex === 0 && { AssociatePublicIpAddress: true }),
    })),
    ...(own.length > 0 && {
      TagSpecifications: [{ ResourceType: 'instance', Tags: own.map(([Key, Value]) => ({ Key, Value })) }],
    }),
  };
  return { LaunchTemplateData: data };
}

const devices = (volume: NonNullable<ReturnType<typeof volumes.find>>) => ({
  DeviceName: volume.attachment?.device ?? '',
  Ebs: {
    Encrypted: volume.kmsKey !== undefined,
    DeleteOnTermination: volume.attachment?.deletesOnTermination ?? false,
    ...(volume.snapshot !== undefined && { SnapshotId: volume.snapshot }),
    ...(volume.kmsKey !== undefined && { KmsKeyId: volume.kmsKey }),
    VolumeSize: volume.sizeGiB,
    VolumeType: volume.type,
    Iops: volume.iops,
    ...(volume.throughputMiB !== undefined && { Throughput: volume.throughputMiB }),
  },
});
