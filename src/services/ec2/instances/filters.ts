/** The filters of DescribeInstances. What the row alone can tell is asked there, as most instances of many pass by such a filter. */
import type { Fields } from '#services/ec2/filters.ts';
import { STATE_CODES } from '#services/ec2/instances/lifecycle.ts';
import type { Sight } from '#services/ec2/instances/view.ts';
import type { NetworkInterfaceRow, PrivateAddress } from '#services/ec2/network-interfaces/state.ts';
import { shownFields } from '#services/ec2/shown-fields.ts';

const time = (at: number): string => new Date(at).toISOString();
const absent = (): undefined => undefined;
/** Of a filter about something that nothing here has. */
const none = (...names: readonly string[]): Fields<Sight> => Object.fromEntries(names.map((name) => [name, absent]));
const always = (value: string) => (): string => value;

const ofRow: Fields<Sight> = {
  'availability-zone': ({ row }) => row.zone,
  'client-token': ({ row }) => row.clientToken,
  'ebs-optimized': ({ row }) => String(row.isEbsOptimized),
  'iam-instance-profile.arn': ({ row }) => row.profile?.arn,
  'iam-instance-profile.id': ({ row }) => row.profile?.id,
  'image-id': ({ row }) => row.image,
  'instance-id': ({ row }) => row.id,
  'instance-state-code': ({ row }) => String(STATE_CODES[row.state]),
  'instance-state-name': ({ row }) => row.state,
  'instance-type': ({ row }) => row.type,
  'key-name': ({ row }) => row.keyName,
  'launch-index': ({ row }) => String(row.launchIndex),
  'launch-time': ({ row }) => time(row.launchedAt),
  'monitoring-state': ({ row }) => (row.isMonitored ? 'enabled' : 'disabled'),
  reason: ({ row }) => row.transitionReason,
  'requester-id': ({ row }) => row.requester,
  'reservation-id': ({ row }) => row.reservation,
  'root-device-name': ({ row }) => row.rootDevice,
  'state-reason-code': ({ row }) => row.stateReason?.code,
  'metadata-options.http-protocol-ipv4': ({ row }) => (row.metadata.isEnabled ? 'enabled' : 'disabled'),
  'usage-operation-update-time': ({ row }) => time(row.createdAt),
  affinity: always('default'),
  'root-device-type': always('ebs'),
  tenancy: always('default'),
};

const ofShown = shownFields(({ shown }: Sight) => shown, {
  architecture: 'Architecture',
  'availability-zone-id': 'Placement.AvailabilityZoneId',
  'block-device-mapping.delete-on-termination': 'BlockDeviceMappings.Ebs.DeleteOnTermination',
  'block-device-mapping.device-name': 'BlockDeviceMappings.DeviceName',
  'block-device-mapping.status': 'BlockDeviceMappings.Ebs.Status',
  'block-device-mapping.volume-id': 'BlockDeviceMappings.Ebs.VolumeId',
  'boot-mode': 'BootMode',
  'capacity-reservation-specification.capacity-reservation-preference':
    'CapacityReservationSpecification.CapacityReservationPreference',
  'current-instance-boot-mode': 'CurrentInstanceBootMode',
  'dns-name': 'PublicDnsName',
  'ena-support': 'EnaSupport',
  'enclave-options.enabled': 'EnclaveOptions.Enabled',
  'hibernation-options.configured': 'HibernationOptions.Configured',
  hypervisor: 'Hypervisor',
  'instance.group-id': 'SecurityGroups.GroupId',
  'instance.group-name': 'SecurityGroups.GroupName',
  'ip-address': 'PublicIpAddress',
  'maintenance-options.auto-recovery': 'MaintenanceOptions.AutoRecovery',
  'metadata-options.http-endpoint': 'MetadataOptions.HttpEndpoint',
  'metadata-options.http-protocol-ipv6': 'MetadataOptions.HttpProtocolIpv6',
  'metadata-options.http-put-response-hop-limit': 'MetadataOptions.HttpPutResponseHopLimit',
  'metadata-options.http-tokens': 'MetadataOptions.HttpTokens',
  'metadata-options.instance-metadata-tags': 'MetadataOptions.InstanceMetadataTags',
  'metadata-options.state': 'MetadataOptions.State',
  'network-interface.addresses.association.ip-owner-id': 'NetworkInterfaces.PrivateIpAddresses.Association.IpOwnerId',
  'network-interface.addresses.association.public-dns-name':
    'NetworkInterfaces.PrivateIpAddresses.Association.PublicDnsName',
  'network-interface.addresses.association.public-ip': 'NetworkInterfaces.PrivateIpAddresses.Association.PublicIp',
  'network-interface.addresses.primary': 'NetworkInterfaces.PrivateIpAddresses.Primary',
  'network-interface.addresses.private-dns-name': 'NetworkInterfaces.PrivateIpAddresses.PrivateDnsName',
  'network-interface.addresses.private-ip-address': 'NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress',
  'network-interface.association.ip-owner-id': 'NetworkInterfaces.Association.IpOwnerId',
  'network-interface.association.public-dns-name': 'NetworkInterfaces.Association.PublicDnsName',
  'network-interface.association.public-ip': 'NetworkInterfaces.Association.PublicIp',
  'network-interface.attachment.attachment-id': 'NetworkInterfaces.Attachment.AttachmentId',
  'network-interface.attachment.delete-on-termination': 'NetworkInterfaces.Attachment.DeleteOnTermination',
  'network-interface.attachment.device-index': 'NetworkInterfaces.Attachment.DeviceIndex',
  'network-interface.attachment.network-card-index': 'NetworkInterfaces.Attachment.NetworkCardIndex',
  'network-interface.attachment.status': 'NetworkInterfaces.Attachment.Status',
  'network-interface.availability-zone': 'Placement.AvailabilityZone',
  'network-interface.description': 'NetworkInterfaces.Description',
  'network-interface.group-id': 'NetworkInterfaces.Groups.GroupId',
  'network-interface.group-name': 'NetworkInterfaces.Groups.GroupName',
  'network-interface.mac-address': 'NetworkInterfaces.MacAddress',
  'network-interface.network-interface-id': 'NetworkInterfaces.NetworkInterfaceId',
  'network-interface.owner-id': 'NetworkInterfaces.OwnerId',
  'network-interface.private-dns-name': 'NetworkInterfaces.PrivateDnsName',
  'network-interface.private-ip-address': 'NetworkInterfaces.PrivateIpAddress',
  'network-interface.public-dns-name': 'NetworkInterfaces.Association.PublicDnsName',
  'network-interface.source-dest-check': 'NetworkInterfaces.SourceDestCheck',
  'network-interface.status': 'NetworkInterfaces.Status',
  'network-interface.subnet-id': 'NetworkInterfaces.SubnetId',
  'network-interface.vpc-id': 'NetworkInterfaces.VpcId',
  'network-performance-options.bandwidth-weighting': 'NetworkPerformanceOptions.BandwidthWeighting',
  'platform-details': 'PlatformDetails',
  'private-dns-name': 'PrivateDnsName',
  'private-dns-name-options.enable-resource-name-dns-a-record': 'PrivateDnsNameOptions.EnableResourceNameDnsARecord',
  'private-dns-name-options.enable-resource-name-dns-aaaa-record':
    'PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord',
  'private-dns-name-options.hostname-type': 'PrivateDnsNameOptions.HostnameType',
  'private-ip-address': 'PrivateIpAddress',
  'product-code': 'ProductCodes.ProductCodeId',
  'product-code.type': 'ProductCodes.ProductCodeType',
  'source-dest-check': 'SourceDestCheck',
  'state-reason-message': 'StateReason.Message',
  'subnet-id': 'SubnetId',
  'usage-operation': 'UsageOperation',
  'virtualization-type': 'VirtualizationType',
  'vpc-id': 'VpcId',
});

const ofInterfaces =
  (read: (one: NetworkInterfaceRow) => string | undefined) =>
  ({ attached }: Sight): readonly string[] =>
    attached.interfaces.flatMap((one) => read(one) ?? []);

const ofAddresses =
  (read: (address: PrivateAddress) => string | undefined) =>
  ({ attached }: Sight): readonly string[] =>
    attached.interfaces.flatMap(({ addresses }) => addresses.flatMap((address) => read(address) ?? []));

const ofAttached: Fields<Sight> = {
  'block-device-mapping.attach-time': ({ attached }) =>
    attached.volumes.flatMap(({ attachment }) => (attachment === undefined ? [] : time(attachment.attachedAt))),
  'network-interface.addresses.association.allocation-id': ofAddresses(({ allocation }) => allocation),
  'network-interface.addresses.association.association-id': ofAddresses(({ association }) => association),
  'network-interface.association.allocation-id': ofInterfaces(({ addresses }) => addresses[0]?.allocation),
  'network-interface.association.association-id': ofInterfaces(({ addresses }) => addresses[0]?.association),
  'network-interface.attachment.attach-time': ofInterfaces(
    ({ attachment }) => attachment && time(attachment.attachedAt),
  ),
  'network-interface.attachment.instance-id': ofInterfaces(({ attachment }) => attachment?.instance),
  'network-interface.requester-id': ofInterfaces(({ requester }) => requester),
  'network-interface.requester-managed': ofInterfaces(() => 'false'),
  'network-interface.tag-key': ({ interfaceTags }) => interfaceTags.flatMap((tags) => Object.keys(tags)),
  'network-interface.tag-value': ({ interfaceTags }) => interfaceTags.flatMap((tags) => Object.values(tags)),
  'network-interface.ipv6-native': ofInterfaces(() => 'false'),
  'network-interface.operator.managed': ofInterfaces(() => 'false'),
  'operator.managed': always('false'),
};

/** `account` is the owner's, whose all instances of an answer are. */
export const instanceFields = (account: string): Fields<Sight> => ({
  ...ofRow,
  ...ofShown,
  ...ofAttached,
  'owner-id': () => account,
  'network-interface.attachment.instance-owner-id': ofInterfaces(() => account),
  ...none(
    'capacity-reservation-id',
    'capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id',
    'capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn',
    'host-id',
    'instance-lifecycle',
    'ipv6-address',
    'kernel-id',
    'network-interface.addresses.association.carrier-ip',
    'network-interface.addresses.association.customer-owned-ip',
    'network-interface.association.carrier-ip',
    'network-interface.association.customer-owned-ip',
    'network-interface.deny-all-igw-traffic',
    'network-interface.ipv4-prefixes.ipv4-prefix',
    'network-interface.ipv6-address',
    'network-interface.ipv6-addresses.ipv6-address',
    'network-interface.ipv6-addresses.is-primary-ipv6',
    'network-interface.ipv6-prefixes.ipv6-prefix',
    'network-interface.operator.principal',
    'network-interface.outpost-arn',
    'operator.principal',
    'outpost-arn',
    'placement-group-name',
    'placement-partition-number',
    'platform',
    'ramdisk-id',
    'spot-instance-request-id',
    'tpm-support',
  ),
});
