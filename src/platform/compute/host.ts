/** What a host offers to EC2. One that lacks something (root, KVM) says what that costs. */
import type { Machines } from '#platform/compute/machine.ts';
import type { ImageBuilder, Volumes } from '#platform/compute/volume.ts';
import type { Networks } from '#platform/network/network.ts';

export interface Host {
  readonly machines: Machines;
  readonly volumes: Volumes;
  readonly images: ImageBuilder;
  readonly networks: Networks;
  /** Zones that it stands in; undefined: all there are, in all regions. */
  readonly zones?: readonly string[];
  /** How often its processors and its memory are promised. */
  readonly overcommit?: { readonly vcpus: number; readonly memory: number };
  /** Sentences for users: what is missing here, and how to mend it. */
  readonly lacks: readonly string[];
  /** What runs goes on. */
  close?(): Promise<void>;
}
