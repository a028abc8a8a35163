/**
 * Amazon Resource Names: `arn:aws:service:region:account:resource`. A cloud is one partition. An ARN of another one names nothing
 * here: were its first parts passed over, one thing would have several names, and a policy that denies it by one of them would let
 * it be called by the others.
 */
export interface Arn {
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

const PARTITION = 'aws';

/** Undefined unless `text` has the six parts of an ARN of this partition. The resource keeps its own colons and slashes. */
export function parseArn(text: string): Arn | undefined {
  const parts = text.split(':');
  const [scheme, partition, service, region, account] = parts;
  if (parts.length < 6 || scheme !== 'arn' || partition !== PARTITION || !service) return undefined;
  return { service, region: region ?? '', account: account ?? '', resource: parts.slice(5).join(':') };
}

export const formatArn = (service: string, region: string, account: string, resource: string): string =>
  `arn:${PARTITION}:${service}:${region}:${account}:${resource}`;
