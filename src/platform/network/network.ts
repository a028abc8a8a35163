/**
 * What a host can do with networks. A VPC is given whole, as what it should be: `apply` brings about what is different, in one step as guests see
 * it, and doing so twice changes nothing. So EC2's reconciler only ever says what should be, and a host that restarted is brought
 * back by the same call.
 *
 * Inside a VPC a host answers for the network itself: DHCP, DNS, the metadata address. What guests ask there is handed to `attend`'s
 * handlers, with the interface that it came from: which one is known by the tap and proven by the source address, never by what the guest says.
 */
import type { Duplex } from 'node:stream';
import type { MachineId } from '#platform/compute/machine.ts';

/** `vpc-…`, `eni-…`, `subnet-…` */
export type VpcId = string;
export type InterfaceId = string;

export interface VpcPlan {
  readonly id: VpcId;
  readonly cidrs: readonly string[];
  readonly subnets: readonly SubnetPlan[];
  readonly interfaces: readonly InterfacePlan[];
  /** Each security group and prefix list that rules name, with its addresses now. */
  readonly sets: readonly AddressSet[];
  /** There is a way to the internet for public addresses. */
  readonly hasInternetGateway: boolean;
  /** Answers of DHCP, beside each interface's own. */
  readonly dhcp: DhcpPlan;
}

export interface SubnetPlan {
  readonly id: string;
  readonly cidr: string;
  /** Most specific first. */
  readonly routes: readonly RoutePlan[];
}

export interface RoutePlan {
  readonly destination: string;
  readonly target: 'local' | 'internet' | 'blackhole' | { readonly interface: InterfaceId };
}

export interface InterfacePlan {
  readonly id: InterfaceId;
  readonly subnet: string;
  /** `02:…` */
  readonly mac: string;
  /** The first one is the primary. */
  readonly addresses: readonly AddressPlan[];
  /** Frames that are not from or to its own addresses are dropped: AWS's source/destination check. */
  readonly isSourceChecked: boolean;
  /** Those of all its security groups. */
  readonly ingress: readonly RulePlan[];
  readonly egress: readonly RulePlan[];
  readonly hostName: string;
  /** The machine that has it: who may open its tap. None: it is attached to nothing, and there is no tap. */
  readonly machine?: MachineId;
  /** The host itself opens connections from it (`connect`): it has neither machine nor tap. */
  readonly isTunnelEnd?: true;
  /** The hop limit of what the metadata address answers; undefined: it does not answer this one. */
  readonly metadataHopLimit: number | undefined;
}

/** Those that a machine has: only these have a tap, and answer. */
export const attachedTo = ({ interfaces }: Pick<VpcPlan, 'interfaces'>): readonly InterfacePlan[] =>
  interfaces.filter(({ machine }) => machine !== undefined);

export const tunnelEndsOf = ({ interfaces }: Pick<VpcPlan, 'interfaces'>): readonly InterfacePlan[] =>
  interfaces.filter(({ isTunnelEnd }) => isTunnelEnd === true);

export interface AddressPlan {
  readonly privateIp: string;
  /** Elastic or borrowed: 1:1. */
  readonly publicIp?: string;
}

/** A rule allows; what none allows is dropped. Answers to what was allowed always pass. */
export interface RulePlan {
  readonly protocol: 'all' | 'tcp' | 'udp' | 'icmp' | number;
  /** Of TCP and UDP; of ICMP: type and code, -1 for any. */
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly peer: { readonly cidr: string } | { readonly set: string };
}

export interface AddressSet {
  /** `sg-…`, `pl-…` */
  readonly id: string;
  readonly cidrs: readonly string[];
}

export interface DhcpPlan {
  readonly domainName: string;
  /** `vpc` is its own resolver. Empty: guests are told of none. */
  readonly nameServers: readonly string[];
  readonly ntpServers: readonly string[];
}

export interface MetadataConnection {
  readonly vpc: VpcId;
  readonly interface: InterfaceId;
  readonly source: string;
  readonly stream: Duplex;
}

export interface Attendance {
  /** An HTTP connection to 169.254.169.254:80. */
  readonly metadata: (connection: MetadataConnection) => void;
  /** Addresses of a name inside the VPC; undefined: it is not one of ours, and the host's own resolver is asked. */
  readonly resolve: (vpc: VpcId, name: string) => readonly string[] | undefined;
}

/** From a tunnel's end to an address of its VPC, over TCP. */
export interface TunnelWay {
  readonly vpc: VpcId;
  readonly interface: InterfaceId;
  readonly address: string;
  readonly port: number;
  /** What the other end is to see as its source, and judge by; the interface's own address by default. */
  readonly as?: string;
}

export interface Networks {
  /** What this host can't do, and what that costs: without root, guests share the host's own way out and none reaches another. */
  readonly lacks: readonly string[];
  attend(attendance: Attendance): void;
  apply(plan: VpcPlan): Promise<void>;
  /**
   * Held to the egress rules of the tunnel's end and the ingress rules of who is there. Throws where nobody takes it, in words for the
   * log alone.
   */
  connect(way: TunnelWay): Promise<Duplex>;
  /** With all that is in it. */
  remove(id: VpcId): Promise<void>;
  /** What is there, for whoever looks for what nobody owns any more. */
  list(): Promise<readonly VpcId[]>;
  /** What a crash left beside VPCs goes. */
  tidy(): Promise<void>;
  /** Addresses that this host gives out as public ones. */
  readonly publicCidr: string;
  /** Networks go on when it closes. */
  close(): Promise<void>;
}
