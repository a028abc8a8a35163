/** The `aws` partition: its domain names and regions, each with the name that people use. */

interface Source {
  readonly partitions: readonly {
    readonly id: string;
    readonly outputs: Readonly<Record<string, unknown>>;
    readonly regionRegex: string;
    readonly regions: Readonly<Record<string, { readonly description?: string }>>;
  }[];
}

export function partitionModel(source: unknown): object {
  const aws = (source as Source).partitions.find(({ id }) => id === 'aws');
  if (!aws) throw new Error('no partition aws');
  const { dnsSuffix, dualStackDnsSuffix, implicitGlobalRegion } = aws.outputs;
  const regions = Object.entries(aws.regions)
    .filter(([region]) => region !== 'aws-global')
    .map(([region, { description }]) => [region, description ?? region]);
  return {
    aws: {
      dnsSuffix,
      dualStackDnsSuffix,
      implicitGlobalRegion,
      regionRegex: aws.regionRegex,
      regions: Object.fromEntries(regions),
    },
  };
}
