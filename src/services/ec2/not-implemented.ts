/**
 * Operations that are not there yet, by what they wait for. The first part of EC2 is instances, volumes, images and networks;
 * what stands above them follows.
 */
const because = <const Names extends readonly string[]>(reason: string, names: Names): Record<Names[number], string> =>
  // A record of just these names.
  Object.fromEntries(names.map((name) => [name, reason])) as Record<Names[number], string>;

// biome-ignore format: a list of names, filled
const TRANSIT = because('transit gateways join networks of several hosts, which come with farms', [
  'AcceptTransitGatewayClientVpnAttachment', 'AcceptTransitGatewayMulticastDomainAssociations',
  'AcceptTransitGatewayPeeringAttachment', 'AcceptTransitGatewayVpcAttachment',
  'AssociateTransitGatewayMulticastDomain', 'AssociateTransitGatewayPolicyTable', 'AssociateTransitGatewayRouteTable',
  'CreateTransitGateway', 'CreateTransitGatewayConnect', 'CreateTransitGatewayConnectPeer',
  'CreateTransitGatewayMeteringPolicy', 'CreateTransitGatewayMeteringPolicyEntry',
  'CreateTransitGatewayMulticastDomain', 'CreateTransitGatewayNetworkFunctionAttachment',
  'CreateTransitGatewayPeeringAttachment', 'CreateTransitGatewayPolicyTable', 'CreateTransitGatewayPolicyTableEntry',
  'CreateTransitGatewayPrefixListReference', 'CreateTransitGatewayRoute', 'CreateTransitGatewayRouteTable',
  'CreateTransitGatewayRouteTableAnnouncement', 'CreateTransitGatewayVpcAttachment', 'DeleteTransitGateway',
  'DeleteTransitGatewayClientVpnAttachment', 'DeleteTransitGatewayConnect', 'DeleteTransitGatewayConnectPeer',
  'DeleteTransitGatewayMeteringPolicy', 'DeleteTransitGatewayMeteringPolicyEntry',
  'DeleteTransitGatewayMulticastDomain', 'DeleteTransitGatewayNetworkFunctionAttachment',
  'DeleteTransitGatewayPeeringAttachment', 'DeleteTransitGatewayPolicyTable', 'DeleteTransitGatewayPolicyTableEntry',
  'DeleteTransitGatewayPrefixListReference', 'DeleteTransitGatewayRoute', 'DeleteTransitGatewayRouteTable',
  'DeleteTransitGatewayRouteTableAnnouncement', 'DeleteTransitGatewayVpcAttachment',
  'DeregisterTransitGatewayMulticastGroupMembers', 'DeregisterTransitGatewayMulticastGroupSources',
  'DescribeTransitGatewayAttachments', 'DescribeTransitGatewayConnectPeers', 'DescribeTransitGatewayConnects',
  'DescribeTransitGatewayMeteringPolicies', 'DescribeTransitGatewayMulticastDomains',
  'DescribeTransitGatewayNetworkFunctionAttachments', 'DescribeTransitGatewayPeeringAttachments',
  'DescribeTransitGatewayPolicyTables', 'DescribeTransitGatewayRouteTableAnnouncements',
  'DescribeTransitGatewayRouteTables', 'DescribeTransitGatewayVpcAttachments', 'DescribeTransitGateways',
  'DisableTransitGatewayRouteTablePropagation', 'DisassociateTransitGatewayMulticastDomain',
  'DisassociateTransitGatewayPolicyTable', 'DisassociateTransitGatewayRouteTable',
  'EnableTransitGatewayRouteTablePropagation', 'ExportTransitGatewayRoutes',
  'GetTransitGatewayAttachmentNatConfiguration', 'GetTransitGatewayAttachmentPropagations',
  'GetTransitGatewayMeteringPolicyEntries', 'GetTransitGatewayMulticastDomainAssociations',
  'GetTransitGatewayPolicyTableAssociations', 'GetTransitGatewayPolicyTableEntries',
  'GetTransitGatewayPrefixListReferences', 'GetTransitGatewayRouteTableAssociations',
  'GetTransitGatewayRouteTablePropagations', 'ModifyTransitGateway', 'ModifyTransitGatewayAttachmentNatConfiguration',
  'ModifyTransitGatewayMeteringPolicy', 'ModifyTransitGatewayNetworkFunctionAttachment',
  'ModifyTransitGatewayPeeringAttachment', 'ModifyTransitGatewayPolicyTableEntry',
  'ModifyTransitGatewayPrefixListReference', 'ModifyTransitGatewayVpcAttachment',
  'RegisterTransitGatewayMulticastGroupMembers', 'RegisterTransitGatewayMulticastGroupSources',
  'RejectTransitGatewayClientVpnAttachment', 'RejectTransitGatewayMulticastDomainAssociations',
  'RejectTransitGatewayPeeringAttachment', 'RejectTransitGatewayVpcAttachment', 'ReplaceTransitGatewayRoute',
  'SearchTransitGatewayMulticastGroups', 'SearchTransitGatewayRoutes',
]);

// biome-ignore format: a list of names, filled
const VPN = because('needs a router at the customer’s end', [
  'ApplySecurityGroupsToClientVpnTargetNetwork', 'AssociateClientVpnTargetNetwork', 'AttachVpnGateway',
  'AuthorizeClientVpnIngress', 'CreateCarrierGateway', 'CreateClientVpnEndpoint', 'CreateClientVpnRoute',
  'CreateCustomerGateway', 'CreateVpnConcentrator', 'CreateVpnConnection', 'CreateVpnConnectionRoute',
  'CreateVpnGateway', 'DeleteCarrierGateway', 'DeleteClientVpnEndpoint', 'DeleteClientVpnEndpointAuthorizationPolicy',
  'DeleteClientVpnRoute', 'DeleteCustomerGateway', 'DeleteVpnConcentrator', 'DeleteVpnConnection',
  'DeleteVpnConnectionRoute', 'DeleteVpnGateway', 'DescribeCarrierGateways', 'DescribeClientVpnAuthorizationRules',
  'DescribeClientVpnConnections', 'DescribeClientVpnEndpoints', 'DescribeClientVpnRoutes',
  'DescribeClientVpnTargetNetworks', 'DescribeCustomerGateways', 'DescribeVpnConcentrators', 'DescribeVpnConnections',
  'DescribeVpnGateways', 'DetachVpnGateway', 'DisassociateClientVpnTargetNetwork',
  'ExportClientVpnClientCertificateRevocationList', 'ExportClientVpnClientConfiguration', 'GetActiveVpnTunnelStatus',
  'GetClientVpnEndpointAuthorizationPolicy', 'GetVpnConnectionDeviceSampleConfiguration',
  'GetVpnConnectionDeviceTypes', 'GetVpnTunnelReplacementStatus', 'ImportClientVpnClientCertificateRevocationList',
  'ModifyClientVpnEndpoint', 'ModifyClientVpnEndpointAuthorizationPolicy', 'ModifyVpnConnection',
  'ModifyVpnConnectionOptions', 'ModifyVpnTunnelCertificate', 'ModifyVpnTunnelOptions', 'ReplaceVpnTunnel',
  'RevokeClientVpnIngress', 'TerminateClientVpnConnections',
]);

// biome-ignore format: a list of names, filled
const OUTPOSTS = because('Outposts and local gateways are hardware of AWS’s', [
  'CreateCoipCidr', 'CreateCoipPool', 'CreateLocalGatewayRoute', 'CreateLocalGatewayRouteTable',
  'CreateLocalGatewayRouteTableVirtualInterfaceGroupAssociation', 'CreateLocalGatewayRouteTableVpcAssociation',
  'CreateLocalGatewayVirtualInterface', 'CreateLocalGatewayVirtualInterfaceGroup', 'DeleteCoipCidr', 'DeleteCoipPool',
  'DeleteLocalGatewayRoute', 'DeleteLocalGatewayRouteTable',
  'DeleteLocalGatewayRouteTableVirtualInterfaceGroupAssociation', 'DeleteLocalGatewayRouteTableVpcAssociation',
  'DeleteLocalGatewayVirtualInterface', 'DeleteLocalGatewayVirtualInterfaceGroup', 'DescribeCoipPools',
  'DescribeLocalGatewayRouteTableVirtualInterfaceGroupAssociations', 'DescribeLocalGatewayRouteTableVpcAssociations',
  'DescribeLocalGatewayRouteTables', 'DescribeLocalGatewayVirtualInterfaceGroups',
  'DescribeLocalGatewayVirtualInterfaces', 'DescribeLocalGateways', 'DescribeOutpostLags',
  'DescribeServiceLinkVirtualInterfaces', 'GetCoipPoolUsage', 'ModifyLocalGatewayRoute', 'SearchLocalGatewayRoutes',
]);

// biome-ignore format: a list of names, filled
const IPAM = because('address planning comes after networks', [
  'AdvertiseByoipCidr', 'AllocateIpamPoolCidr', 'AssociateIpamByoasn', 'AssociateIpamResourceDiscovery',
  'BatchModifyIpamRoutingPolicyRegistrations', 'CreateIpam', 'CreateIpamExternalResourceVerificationToken',
  'CreateIpamInternetRegistryAssociation', 'CreateIpamPolicy', 'CreateIpamPool', 'CreateIpamPrefixListResolver',
  'CreateIpamPrefixListResolverTarget', 'CreateIpamResourceDiscovery', 'CreateIpamRoutingPolicyRegistration',
  'CreateIpamScope', 'CreatePublicIpv4Pool', 'DeleteIpam', 'DeleteIpamExternalResourceVerificationToken',
  'DeleteIpamInternetRegistryAssociation', 'DeleteIpamPolicy', 'DeleteIpamPool', 'DeleteIpamPrefixListResolver',
  'DeleteIpamPrefixListResolverTarget', 'DeleteIpamResourceDiscovery', 'DeleteIpamRoutingPolicyRegistration',
  'DeleteIpamScope', 'DeletePublicIpv4Pool', 'DeprovisionByoipCidr', 'DeprovisionIpamByoasn',
  'DeprovisionIpamPoolCidr', 'DeprovisionPublicIpv4PoolCidr', 'DescribeByoipCidrs', 'DescribeIpamByoasn',
  'DescribeIpamExternalResourceVerificationTokens', 'DescribeIpamInternetRegistryAssociations',
  'DescribeIpamPolicies', 'DescribeIpamPoolAllocations', 'DescribeIpamPools', 'DescribeIpamPrefixListResolverTargets',
  'DescribeIpamPrefixListResolvers', 'DescribeIpamResourceDiscoveries', 'DescribeIpamResourceDiscoveryAssociations',
  'DescribeIpamScopes', 'DescribeIpams', 'DescribeIpv6Pools', 'DescribePublicIpv4Pools',
  'DisableIpamOrganizationAdminAccount', 'DisableIpamPolicy', 'DisassociateIpamByoasn',
  'DisassociateIpamResourceDiscovery', 'EnableIpamInternetRegistryAssociation', 'EnableIpamOrganizationAdminAccount',
  'EnableIpamPolicy', 'GetAssociatedIpv6PoolCidrs', 'GetEnabledIpamPolicy', 'GetIpamAddressHistory',
  'GetIpamDiscoveredAccounts', 'GetIpamDiscoveredPublicAddresses', 'GetIpamDiscoveredResourceCidrs',
  'GetIpamDiscoveredRoutes', 'GetIpamInternetRegistryAssociationAsns', 'GetIpamInternetRegistryAssociationCidrs',
  'GetIpamPolicyAllocationRules', 'GetIpamPolicyOrganizationTargets', 'GetIpamPoolAllocations', 'GetIpamPoolCidrs',
  'GetIpamPrefixListResolverRules', 'GetIpamPrefixListResolverVersionEntries', 'GetIpamPrefixListResolverVersions',
  'GetIpamResourceCidrs', 'GetIpamRouteOriginAuthorizations', 'GetIpamRouteProtectionFindings',
  'GetIpamRoutingPolicyRegistrationDeltas', 'GetIpamRoutingPolicyRegistrations', 'ModifyIpam',
  'ModifyIpamPolicyAllocationRules', 'ModifyIpamPool', 'ModifyIpamPoolAllocation', 'ModifyIpamPrefixListResolver',
  'ModifyIpamPrefixListResolverTarget', 'ModifyIpamResourceCidr', 'ModifyIpamResourceDiscovery',
  'ModifyIpamRoutingPolicyRegistration', 'ModifyIpamScope', 'MoveByoipCidrToIpam', 'ProvisionByoipCidr',
  'ProvisionIpamByoasn', 'ProvisionIpamPoolCidr', 'ProvisionPublicIpv4PoolCidr', 'ReleaseIpamPoolAllocation',
  'WithdrawByoipCidr',
]);

// biome-ignore format: a list of names, filled
const VERIFIED = because('Verified Access stands on networks and identity providers', [
  'AttachVerifiedAccessTrustProvider', 'CreateVerifiedAccessEndpoint', 'CreateVerifiedAccessGroup',
  'CreateVerifiedAccessInstance', 'CreateVerifiedAccessTrustProvider', 'DeleteVerifiedAccessEndpoint',
  'DeleteVerifiedAccessGroup', 'DeleteVerifiedAccessInstance', 'DeleteVerifiedAccessTrustProvider',
  'DescribeVerifiedAccessEndpoints', 'DescribeVerifiedAccessGroups',
  'DescribeVerifiedAccessInstanceLoggingConfigurations', 'DescribeVerifiedAccessInstances',
  'DescribeVerifiedAccessTrustProviders', 'DetachVerifiedAccessTrustProvider',
  'ExportVerifiedAccessInstanceClientConfiguration', 'GetVerifiedAccessEndpointPolicy',
  'GetVerifiedAccessEndpointTargets', 'GetVerifiedAccessGroupPolicy', 'ModifyVerifiedAccessEndpoint',
  'ModifyVerifiedAccessEndpointPolicy', 'ModifyVerifiedAccessGroup', 'ModifyVerifiedAccessGroupPolicy',
  'ModifyVerifiedAccessInstance', 'ModifyVerifiedAccessInstanceLoggingConfiguration',
  'ModifyVerifiedAccessTrustProvider',
]);

// biome-ignore format: a list of names, filled
const MIRROR = because('what is seen of traffic comes after networks', [
  'CreateFlowLogs', 'CreateNetworkInsightsAccessScope', 'CreateNetworkInsightsPath', 'CreateTrafficMirrorFilter',
  'CreateTrafficMirrorFilterRule', 'CreateTrafficMirrorSession', 'CreateTrafficMirrorTarget', 'DeleteFlowLogs',
  'DeleteNetworkInsightsAccessScope', 'DeleteNetworkInsightsAccessScopeAnalysis', 'DeleteNetworkInsightsAnalysis',
  'DeleteNetworkInsightsPath', 'DeleteTrafficMirrorFilter', 'DeleteTrafficMirrorFilterRule',
  'DeleteTrafficMirrorSession', 'DeleteTrafficMirrorTarget', 'DescribeAwsNetworkPerformanceMetricSubscriptions',
  'DescribeFlowLogs', 'DescribeNetworkInsightsAccessScopeAnalyses', 'DescribeNetworkInsightsAccessScopes',
  'DescribeNetworkInsightsAnalyses', 'DescribeNetworkInsightsPaths', 'DescribeTrafficMirrorFilterRules',
  'DescribeTrafficMirrorFilters', 'DescribeTrafficMirrorSessions', 'DescribeTrafficMirrorTargets',
  'DisableAwsNetworkPerformanceMetricSubscription', 'EnableAwsNetworkPerformanceMetricSubscription',
  'EnableReachabilityAnalyzerOrganizationSharing', 'GetAwsNetworkPerformanceData', 'GetFlowLogsIntegrationTemplate',
  'GetNetworkInsightsAccessScopeAnalysisFindings', 'GetNetworkInsightsAccessScopeContent',
  'ModifyInstanceNetworkPerformanceOptions', 'ModifyTrafficMirrorFilterNetworkServices',
  'ModifyTrafficMirrorFilterRule', 'ModifyTrafficMirrorSession', 'StartNetworkInsightsAccessScopeAnalysis',
  'StartNetworkInsightsAnalysis',
]);

// biome-ignore format: a list of names, filled
const PURCHASE = because('instances are not sold yet, in whatever form', [
  'AcceptCapacityReservationBillingOwnership', 'AcceptReservedInstancesExchangeQuote', 'AllocateHosts',
  'AssociateCapacityReservationBillingOwner', 'CancelCapacityReservation', 'CancelCapacityReservationFleets',
  'CancelReservedInstancesListing', 'CancelSpotFleetRequests', 'CancelSpotInstanceRequests',
  'CreateCapacityManagerDataExport', 'CreateCapacityReservation', 'CreateCapacityReservationBySplitting',
  'CreateCapacityReservationCancellationQuote', 'CreateCapacityReservationDateChangeQuote',
  'CreateCapacityReservationFleet', 'CreateFleet', 'CreateInterruptibleCapacityReservationAllocation',
  'CreateReservedInstancesListing', 'CreateSpotDatafeedSubscription', 'DeleteCapacityManagerDataExport',
  'DeleteFleets', 'DeleteQueuedReservedInstances', 'DeleteSpotDatafeedSubscription',
  'DescribeCapacityBlockExtensionHistory', 'DescribeCapacityBlockExtensionOfferings',
  'DescribeCapacityBlockOfferings', 'DescribeCapacityBlockStatus', 'DescribeCapacityBlocks',
  'DescribeCapacityManagerDataExports', 'DescribeCapacityReservationBillingRequests',
  'DescribeCapacityReservationCancellationQuotes', 'DescribeCapacityReservationDateChangeQuotes',
  'DescribeCapacityReservationFleets', 'DescribeCapacityReservationTopology', 'DescribeCapacityReservations',
  'DescribeFleetHistory', 'DescribeFleetInstances', 'DescribeFleets', 'DescribeHostReservationOfferings',
  'DescribeHostReservations', 'DescribeHosts', 'DescribeMacHosts', 'DescribeReservedInstances',
  'DescribeReservedInstancesListings', 'DescribeReservedInstancesModifications', 'DescribeReservedInstancesOfferings',
  'DescribeScheduledInstances', 'DescribeSpotDatafeedSubscription', 'DescribeSpotFleetInstances',
  'DescribeSpotFleetRequestHistory', 'DescribeSpotFleetRequests', 'DescribeSpotInstanceRequests',
  'DescribeSpotPriceHistory', 'DisableCapacityManager', 'DisassociateCapacityReservationBillingOwner',
  'EnableCapacityManager', 'GetCapacityManagerAttributes', 'GetCapacityManagerMetricData',
  'GetCapacityManagerMetricDimensions', 'GetCapacityManagerMonitoredTagKeys',
  'GetCapacityManagerSupportabilityScores', 'GetCapacityReservationUsage', 'GetGroupsForCapacityReservation',
  'GetHostReservationPurchasePreview', 'GetReservedInstancesExchangeQuote', 'GetSpotPlacementScores',
  'ModifyCapacityReservation', 'ModifyCapacityReservationFleet', 'ModifyFleet', 'ModifyHosts',
  'ModifyInstanceCapacityReservationAttributes', 'ModifyReservedInstances', 'ModifySpotFleetRequest',
  'MoveCapacityReservationInstances', 'PurchaseCapacityBlock', 'PurchaseCapacityBlockExtension',
  'PurchaseHostReservation', 'PurchaseReservedInstancesOffering', 'PurchaseScheduledInstances',
  'RejectCapacityReservationBillingOwnership', 'ReleaseHosts', 'RequestSpotFleet', 'RequestSpotInstances',
  'RunScheduledInstances', 'UpdateCapacityManagerMonitoredTagKeys', 'UpdateCapacityManagerOrganizationsAccess',
  'UpdateInterruptibleCapacityReservationAllocation',
]);

// biome-ignore format: a list of names, filled
const LINK = because('networks come first', [
  'AcceptVpcEndpointConnections', 'AcceptVpcPeeringConnection', 'AssignPrivateNatGatewayAddress',
  'AssociateNatGatewayAddress', 'AssociateRouteServer', 'AssociateTrunkInterface', 'AttachClassicLinkVpc',
  'CreateEgressOnlyInternetGateway', 'CreateNatGateway',
  'CreateNetworkAcl', 'CreateNetworkAclEntry', 'CreateRouteServer', 'CreateRouteServerEndpoint',
  'CreateRouteServerPeer', 'CreateSecondaryNetwork', 'CreateSecondarySubnet', 'CreateVpcBlockPublicAccessExclusion',
  'CreateVpcEncryptionControl', 'CreateVpcEndpoint', 'CreateVpcEndpointConnectionNotification',
  'CreateVpcEndpointServiceConfiguration', 'CreateVpcPeeringConnection', 'DeleteEgressOnlyInternetGateway',
  'DeleteNatGateway', 'DeleteNetworkAcl',
  'DeleteNetworkAclEntry', 'DeleteRouteServer', 'DeleteRouteServerEndpoint', 'DeleteRouteServerPeer',
  'DeleteSecondaryNetwork', 'DeleteSecondarySubnet', 'DeleteVpcBlockPublicAccessExclusion',
  'DeleteVpcEncryptionControl', 'DeleteVpcEndpointConnectionNotifications', 'DeleteVpcEndpointServiceConfigurations',
  'DeleteVpcEndpoints', 'DeleteVpcPeeringConnection', 'DescribeAccountVpcEncryptionControl',
  'DescribeClassicLinkInstances', 'DescribeEgressOnlyInternetGateways',
  'DescribeNatGateways',
  'DescribeRouteServerEndpoints', 'DescribeRouteServerPeers', 'DescribeRouteServers', 'DescribeSecondaryInterfaces',
  'DescribeSecondaryNetworks', 'DescribeSecondarySubnets', 'DescribeTrunkInterfaceAssociations',
  'DescribeVpcBlockPublicAccessExclusions', 'DescribeVpcBlockPublicAccessOptions', 'DescribeVpcClassicLink',
  'DescribeVpcClassicLinkDnsSupport', 'DescribeVpcEncryptionControls', 'DescribeVpcEndpointAssociations',
  'DescribeVpcEndpointConnectionNotifications', 'DescribeVpcEndpointConnections',
  'DescribeVpcEndpointServiceConfigurations', 'DescribeVpcEndpointServicePermissions', 'DescribeVpcEndpointServices',
  'DescribeVpcEndpoints', 'DescribeVpcPeeringConnections', 'DetachClassicLinkVpc',
  'DisableRouteServerPropagation', 'DisableVpcClassicLink',
  'DisableVpcClassicLinkDnsSupport', 'DisassociateNatGatewayAddress', 'DisassociateRouteServer',
  'DisassociateTrunkInterface', 'EnableRouteServerPropagation',
  'EnableVpcClassicLink', 'EnableVpcClassicLinkDnsSupport',
  'GetRouteServerAssociations', 'GetRouteServerPropagations', 'GetRouteServerRoutingDatabase',
  'ModifyAccountVpcEncryptionControl',
  'ModifyRouteServer', 'ModifyVpcBlockPublicAccessExclusion',
  'ModifyVpcBlockPublicAccessOptions', 'ModifyVpcEncryptionControl', 'ModifyVpcEndpoint',
  'ModifyVpcEndpointConnectionNotification', 'ModifyVpcEndpointPayerResponsibility',
  'ModifyVpcEndpointServiceConfiguration', 'ModifyVpcEndpointServicePayerResponsibility',
  'ModifyVpcEndpointServicePermissions', 'ModifyVpcPeeringConnectionOptions', 'RejectVpcEndpointConnections',
  'RejectVpcPeeringConnection', 'ReplaceNetworkAclAssociation', 'ReplaceNetworkAclEntry',
  'StartVpcEndpointServicePrivateDnsVerification',
  'UnassignPrivateNatGatewayAddress',
]);

// biome-ignore format: a list of names, filled
const VOLUMES = because('imports, archives, locks and recycle bins of volumes come later', [
  'CopyVolumes', 'CreateDelegateMacVolumeOwnershipTask',
  'CreateReplaceRootVolumeTask',
  'DescribeFastLaunchImages', 'DescribeFastSnapshotRestores', 'DescribeImportSnapshotTasks',
  'DescribeLockedSnapshots', 'DescribeReplaceRootVolumeTasks',
  'DescribeSnapshotTierStatus',
  'DisableFastLaunch', 'DisableFastSnapshotRestores', 'EnableFastLaunch',
  'EnableFastSnapshotRestores',
  'ImportSnapshot', 'ImportVolume', 'ListSnapshotsInRecycleBin', 'ListVolumesInRecycleBin', 'LockSnapshot',
  'ModifySnapshotTier',
  'RestoreSnapshotFromRecycleBin',
  'RestoreSnapshotTier', 'RestoreVolumeFromRecycleBin', 'UnlockSnapshot',
]);

// biome-ignore format: a list of names, filled
const IMAGES = because('imports, exports and findings of images come later', [
  'AttachImageWatermark', 'BundleInstance', 'CancelBundleTask', 'CancelConversionTask', 'CancelExportTask',
  'ConfirmProductInstance', 'CopyFpgaImage', 'CreateFpgaImage',
  'CreateImageUsageReport', 'CreateInstanceExportTask', 'CreateRestoreImageTask',
  'CreateStoreImageTask', 'DeleteFpgaImage', 'DeleteImageUsageReport', 'DescribeBundleTasks',
  'DescribeConversionTasks', 'DescribeExportImageTasks', 'DescribeExportTasks', 'DescribeFpgaImageAttribute',
  'DescribeFpgaImages', 'DescribeImageReferences', 'DescribeImageUsageReportEntries',
  'DescribeImageUsageReports', 'DescribeImportImageTasks', 'DescribeInstanceImageMetadata',
  'DescribeStoreImageTasks', 'DetachImageWatermark', 'DisableAllowedImagesSettings',
  'EnableAllowedImagesSettings',
  'ExportImage', 'GetAllowedImagesSettings',
  'GetImageAncestry', 'GetImageFindings', 'ImportImage', 'ImportInstance', 'ListImagesInRecycleBin',
  'ModifyFpgaImageAttribute', 'ReplaceImageCriteriaInAllowedImagesSettings',
  'ReplaceImageInstanceTypeSpecification', 'ResetFpgaImageAttribute',
  'RestoreImageFromRecycleBin',
]);

// biome-ignore format: a list of names, filled
const IPV6 = because('there is no IPv6 yet', [
  'AssignIpv6Addresses', 'AssociateSubnetCidrBlock', 'DisassociateSubnetCidrBlock', 'UnassignIpv6Addresses',
]);

// biome-ignore format: a list of names, filled
const REVERSE = because('nobody answers for reverse names here', ['ModifyAddressAttribute', 'ResetAddressAttribute']);

// biome-ignore format: a list of names, filled
const CLASSIC = because('EC2-Classic was retired', [
  'DescribeMovingAddresses', 'MoveAddressToVpc', 'RestoreAddressToClassic',
]);

// biome-ignore format: a list of names, filled
const NETWORKS = because('the second part of networks', [
  'AcceptAddressTransfer', 'AssociateSecurityGroupVpc', 'CreateNetworkInterfacePermission',
  'DeleteNetworkInterfacePermission',
  'DescribeAddressTransfers', 'DescribeNetworkInterfacePermissions', 'DescribeSecurityGroupVpcAssociations',
  'DisableAddressTransfer', 'DisableVgwRoutePropagation', 'DisassociateSecurityGroupVpc', 'EnableAddressTransfer',
  'EnableVgwRoutePropagation', 'GetVpcResourcesBlockingEncryptionEnforcement',
  'ValidateSecurityGroupQuotasForInterface',
]);

// biome-ignore format: a list of names, filled
const ACCOUNT = because('settings of an account, of things that are not there yet', [
  'AssociateEnclaveCertificateIamRole', 'CancelDeclarativePoliciesReport', 'DescribeAccountAttributes',
  'DescribeAggregateIdFormat', 'DescribeDeclarativePoliciesReports', 'DescribeIdFormat', 'DescribeIdentityIdFormat',
  'DescribePrincipalIdFormat', 'DisassociateEnclaveCertificateIamRole',
  'GetAssociatedEnclaveCertificateIamRoles', 'GetDeclarativePoliciesReportSummary',
  'GetManagedResourceVisibility', 'ModifyAvailabilityZoneGroup', 'ModifyIdFormat',
  'ModifyIdentityIdFormat', 'ModifyManagedResourceVisibility', 'StartDeclarativePoliciesReport',
]);

// biome-ignore format: a list of names, filled
const STATUS = because('application status checks, metric categories and event windows come with CloudWatch and maintenance', [
  'AssociateApplicationStatusCheck', 'AssociateInstanceEventWindow', 'CreateApplicationStatusCheck',
  'CreateInstanceEventWindow', 'CreateMetricCategory', 'DeleteApplicationStatusCheck', 'DeleteInstanceEventWindow',
  'DeleteMetricCategory', 'DeregisterInstanceEventNotificationAttributes', 'DescribeApplicationStatus',
  'DescribeApplicationStatusCheckAssociations', 'DescribeApplicationStatusChecks',
  'DescribeInstanceEventNotificationAttributes', 'DescribeInstanceEventWindows', 'DescribeMetricCategories',
  'DisableApplicationStatusCheckSuppression', 'DisassociateApplicationStatusCheck', 'DisassociateInstanceEventWindow',
  'EnableApplicationStatusCheckSuppression', 'ModifyApplicationStatusCheck', 'ModifyInstanceEventStartTime',
  'ModifyInstanceEventWindow', 'ModifyMetricCategory', 'RegisterInstanceEventNotificationAttributes',
  'ReportInstanceStatus',
]);

// biome-ignore format: a list of names, filled
const PLACEMENT = because('placement groups and topology need several hosts', [
  'CreatePlacementGroup', 'DeletePlacementGroup', 'DescribeInstanceTopology', 'DescribePlacementGroups',
]);

// biome-ignore format: a list of names, filled
const HARDWARE = because('needs hardware or firmware that guests here do not have', [
  'CreateMacSystemIntegrityProtectionModificationTask', 'DescribeElasticGpus', 'DescribeMacModificationTasks',
  'GetInstanceTpmEkPub', 'GetInstanceUefiData', 'SendDiagnosticInterrupt',
]);

// biome-ignore format: a list of names, filled
const INSTANCES = because('the second part of instances', [
  'AssociateKmsKeyId', 'AssociateNetworkingFlexCostAllocationPolicy', 'CancelImportTask',
  'CreateNetworkingFlexCostAllocationPolicy', 'DeleteNetworkingFlexCostAllocationPolicies',
  'DescribeInstanceSqlHaHistoryStates', 'DescribeInstanceSqlHaStates', 'DescribeNetworkingFlexCostAllocationPolicies',
  'DescribeNetworkingFlexCostAllocationPolicyAssociations', 'DescribeScheduledInstanceAvailability',
  'DisableInstanceSqlHaStandbyDetections', 'DisassociateKmsKeyId', 'DisassociateNetworkingFlexCostAllocationPolicy',
  'EnableInstanceSqlHaStandbyDetections', 'GetNetworkingFlexCostAllocationPolicyVersions',
  'ModifyNetworkingFlexCostAllocationPolicy', 'ModifyPublicIpDnsNameOptions',
]);

export const notImplemented = {
  ...TRANSIT,
  ...VPN,
  ...OUTPOSTS,
  ...IPAM,
  ...VERIFIED,
  ...MIRROR,
  ...PURCHASE,
  ...LINK,
  ...VOLUMES,
  ...IMAGES,
  ...NETWORKS,
  ...IPV6,
  ...REVERSE,
  ...CLASSIC,
  ...ACCOUNT,
  ...STATUS,
  ...PLACEMENT,
  ...HARDWARE,
  ...INSTANCES,
} as const;
