/** The regions of the `aws` partition, each with the name that people use. */
import { packagedModelFile, type ReadModelFile } from '#platform/model/load.ts';

export interface PartitionModel {
  readonly dnsSuffix: string;
  readonly dualStackDnsSuffix: string;
  readonly implicitGlobalRegion: string;
  /** Which names are regions of the partition, also those that came after this file. */
  readonly regionRegex: string;
  /** `us-east-1` -> `US East (N. Virginia)` */
  readonly regions: Readonly<Record<string, string>>;
}

export function loadPartition(read: ReadModelFile = packagedModelFile): PartitionModel {
  return (JSON.parse(read('partitions')) as { readonly aws: PartitionModel }).aws;
}
