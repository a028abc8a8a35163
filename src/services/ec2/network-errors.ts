/** Errors of networks' operations ("Error codes for the Amazon EC2 API"). */
import type { Worded } from '#services/ec2/errors.ts';

/** Of a noun whose id is not there, in the words that most of them share. */
const absent =
  (code: string, noun: string) =>
  (id: string): Worded => ({ code, message: `The ${noun} ID '${id}' does not exist` });

/** AWS does not say how many that are. */
const limit = (code: string, what: string) => (): Worded => ({
  code,
  message: `The maximum number of ${what} has been reached.`,
});

const plain =
  (code: string) =>
  (message: string): Worded => ({ code, message });

export const NETWORK_ERRORS = {
  NoSuchVpc: absent('InvalidVpcID.NotFound', 'vpc'),
  NoSuchSubnet: absent('InvalidSubnetID.NotFound', 'subnet'),
  NoSuchRouteTable: absent('InvalidRouteTableID.NotFound', 'routeTable'),
  NoSuchInternetGateway: absent('InvalidInternetGatewayID.NotFound', 'internetGateway'),
  NoSuchGateway: absent('InvalidGatewayID.NotFound', 'gateway'),
  NoSuchInterface: absent('InvalidNetworkInterfaceID.NotFound', 'networkInterface'),
  NoSuchAttachment: absent('InvalidAttachmentID.NotFound', 'attachment'),
  NoSuchAllocation: absent('InvalidAllocationID.NotFound', 'allocation'),
  NoSuchNetworkAssociation: absent('InvalidAssociationID.NotFound', 'association'),
  NoSuchDhcpOptions: absent('InvalidDhcpOptionID.NotFound', 'dhcpOption'),
  NoSuchPrefixList: absent('InvalidPrefixListID.NotFound', 'prefix list'),
  NoSuchNetworkAcl: absent('InvalidNetworkAclID.NotFound', 'networkAcl'),
  NoSuchConnectEndpoint: absent('InvalidInstanceConnectEndpointId.NotFound', 'instanceConnectEndpoint'),
  NoSuchRule: absent('InvalidSecurityGroupRuleId.NotFound', 'security group rule'),
  NoSuchCidrAssociation: absent('InvalidVpcCidrBlockAssociationID.NotFound', 'vpc CIDR block association'),
  NoSuchGroup: (id: string): Worded => ({
    code: 'InvalidGroup.NotFound',
    message: `The security group '${id}' does not exist`,
  }),
  NoSuchAddress: (ip: string): Worded => ({ code: 'InvalidAddress.NotFound', message: `Address '${ip}' not found.` }),
  NoSuchRoute: (destination: string, table: string): Worded => ({
    code: 'InvalidRoute.NotFound',
    message: `no route with destination-cidr-block ${destination} in route table ${table}`,
  }),
  NoSuchPermission: plain('InvalidPermission.NotFound'),

  VpcRange: (cidr: string): Worded => ({ code: 'InvalidVpc.Range', message: `The CIDR '${cidr}' is invalid.` }),
  SubnetRange: (cidr: string): Worded => ({ code: 'InvalidSubnet.Range', message: `The CIDR '${cidr}' is invalid.` }),
  SubnetConflict: (cidr: string): Worded => ({
    code: 'InvalidSubnet.Conflict',
    message: `The CIDR '${cidr}' conflicts with another subnet`,
  }),
  NoSuchReservation: absent('InvalidSubnetCidrReservationId.NotFound', 'subnet CIDR reservation'),
  ReservationOutside: (cidr: string, subnet: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `The CIDR '${cidr}' is not within the CIDR block of the subnet ${subnet}.`,
  }),
  ReservationConflict: (cidr: string): Worded => ({
    code: 'InvalidSubnetCidrReservation.Conflict',
    message: `The CIDR '${cidr}' conflicts with another reservation of the subnet`,
  }),
  CidrConflict: (cidr: string): Worded => ({
    code: 'CidrConflict',
    message: `The CIDR '${cidr}' conflicts with another CIDR block of the VPC`,
  }),
  NoCidr: (cidr: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `Value (${cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`,
  }),
  DefaultVpcExists: (): Worded => ({
    code: 'DefaultVpcAlreadyExists',
    message: 'A Default VPC already exists for this account in this region.',
  }),
  NoDefaultVpc: (): Worded => ({
    code: 'DefaultVpcDoesNotExist',
    message: 'A Default VPC does not exist for this account in this region.',
  }),
  VpcNotSpecified: (): Worded => ({
    code: 'VPCIdNotSpecified',
    message: 'No default VPC for this user',
  }),
  DefaultSubnetExists: (id: string, zone: string): Worded => ({
    code: 'DefaultSubnetAlreadyExistsInAvailabilityZone',
    message: `'${id}' is already the default subnet in ${zone}.`,
  }),

  DependencyViolation: plain('DependencyViolation'),
  HasDependencies: (noun: string, id: string): Worded => ({
    code: 'DependencyViolation',
    message: `The ${noun} '${id}' has dependencies and cannot be deleted.`,
  }),
  CannotDelete: plain('CannotDelete'),
  OperationNotPermitted: plain('OperationNotPermitted'),
  IncorrectState: plain('IncorrectState'),
  AlreadyAssociated: plain('Resource.AlreadyAssociated'),
  NoGateway: (vpc: string): Worded => ({
    code: 'Gateway.NotAttached',
    message: `Network ${vpc} is not attached to any internet gateway`,
  }),
  ManyInterfaces: (instance: string): Worded => ({
    code: 'InvalidInstanceID',
    message: `There are multiple interfaces attached to instance '${instance}'. Please specify an interface ID for the operation instead.`,
  }),
  NoInterfaces: (instance: string): Worded => ({
    code: 'InvalidInstanceID',
    message: `There are no interfaces attached to instance '${instance}'.`,
  }),
  NotAttached: (gateway: string, vpc: string): Worded => ({
    code: 'Gateway.NotAttached',
    message: `resource ${gateway} is not attached to network ${vpc}`,
  }),
  RouteExists: (destination: string): Worded => ({
    code: 'RouteAlreadyExists',
    message: `The route identified by ${destination} already exists.`,
  }),
  GroupExists: (name: string, vpc: string): Worded => ({
    code: 'InvalidGroup.Duplicate',
    message: `The security group '${name}' already exists for VPC '${vpc}'`,
  }),
  GroupReserved: (name: string): Worded => ({
    code: 'InvalidGroup.Reserved',
    message: `Cannot use reserved security group name: ${name}`,
  }),
  PermissionExists: (rule: string): Worded => ({
    code: 'InvalidPermission.Duplicate',
    message: `the specified rule "${rule}" already exists`,
  }),
  GroupInOtherNetwork: (): Worded => ({
    code: 'InvalidGroup.NotFound',
    message: 'You have specified two resources that belong to different networks.',
  }),
  GroupElsewhere: (group: string, subnet: string): Worded => ({
    code: 'InvalidParameter',
    message: `Security group ${group} and subnet ${subnet} belong to different networks.`,
  }),
  InterfaceInUse: (id: string): Worded => ({
    code: 'InvalidNetworkInterface.InUse',
    message: `Network interface '${id}' is currently in use.`,
  }),
  AddressInUse: (ip: string): Worded => ({ code: 'InvalidIPAddress.InUse', message: `Address ${ip} is in use.` }),
  AddressOutside: (ip: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `Address ${ip} does not fall within the subnet's address range`,
  }),
  AddressReserved: (ip: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `Address ${ip} is in subnet's reserved address range`,
  }),
  NoFreeAddresses: (subnet: string): Worded => ({
    code: 'InsufficientFreeAddressesInSubnet',
    message: `The specified subnet ${subnet} does not have enough free addresses to satisfy the request.`,
  }),
  NoPublicAddresses: (): Worded => ({
    code: 'InsufficientAddressCapacity',
    message: 'Not enough Elastic IP addresses are available to satisfy the request.',
    status: 500,
  }),

  ConnectEndpointLimit: (most: number, of: string): Worded => ({
    code: 'InstanceConnectEndpointLimitExceeded',
    message: `The maximum number of EC2 Instance Connect Endpoints (${most}) for this ${of} has been reached.`,
  }),
  PrefixListVersion: (): Worded => ({
    code: 'PrefixListVersionMismatch',
    message: 'The prefix list has the incorrect version number.',
  }),
  NoSuchPrefixListVersion: (version: number): Worded => ({
    code: 'InvalidPrefixListVersion.NotFound',
    message: `The prefix list version '${version}' does not exist`,
  }),
  PrefixListLimit: limit('PrefixListMaxEntriesExceeded', 'entries of the prefix list'),
  VpcLimit: limit('VpcLimitExceeded', 'VPCs'),
  SubnetLimit: limit('SubnetLimitExceeded', 'subnets'),
  CidrLimit: limit('CidrLimitExceeded', 'CIDR blocks of a VPC'),
  RouteTableLimit: limit('RouteTableLimitExceeded', 'route tables'),
  RouteLimit: limit('RouteLimitExceeded', 'routes of a route table'),
  InternetGatewayLimit: limit('InternetGatewayLimitExceeded', 'internet gateways'),
  GroupLimit: limit('SecurityGroupLimitExceeded', 'security groups'),
  RuleLimit: limit('RulesPerSecurityGroupLimitExceeded', 'rules per security group'),
  GroupsPerInterfaceLimit: limit('SecurityGroupsPerInterfaceLimitExceeded', 'security groups per interface'),
  InterfaceLimit: limit('NetworkInterfaceLimitExceeded', 'network interfaces'),
  PrivateAddressLimit: limit('PrivateIpAddressLimitExceeded', 'private IP addresses of a network interface'),
  AddressLimit: limit('AddressLimitExceeded', 'addresses'),
  DhcpOptionsLimit: limit('DhcpOptionsLimitExceeded', 'DHCP options sets'),
  AttachmentLimit: (instance: string, most: number): Worded => ({
    code: 'AttachmentLimitExceeded',
    message: `Interface count exceeds the limit of ${most} for ${instance}`,
  }),
} as const;
