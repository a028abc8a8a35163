/** Amazon Resource Names: `arn:partition:service:region:account:resource`. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

/** Undefined unless `text` has the six parts of an ARN. The resource keeps its own colons and slashes. */
export function parseArn(text: string): Arn | undefined {
  const parts = text.split(':');
  const [scheme, partition, service, region, account] = parts;
  if (parts.length < 6 || scheme !== 'arn' || !partition || !service) return undefined;
  return { partition, service, region: region ?? '', account: account ?? '', resource: parts.slice(5).join(':') };
}

export const formatArn = (service: string, region: string, account: string, resource: string): string =>
  `arn:aws:${service}:${region}:${account}:${resource}`;
