/** What others may ask of EC2 Instance Connect. */
import type { InstancePlace } from '#services/ec2/api.ts';

export interface PushedKeysApi {
  /** What the metadata service tells an instance: users of its guest, each with the keys that may log in as them now. */
  activeKeys(place: InstancePlace, now: number): Promise<ReadonlyMap<string, string>>;
}
