/** What a host offers to EC2. One that lacks something (root, KVM) says what that costs. */
import type { Machines } from '#platform/compute/machine.ts';
import type { ImageBuilder, Volumes } from '#platform/compute/volume.ts';
import type { Networks } from '#platform/network/network.ts';

export interface Host {
  readonly machines: Machines;
  readonly volumes: Volumes;
  readonly images: ImageBuilder;
  readonly networks: Networks;
  /** Sentences for users: what is missing here, and how to mend it. */
  readonly lacks: readonly string[];
}
