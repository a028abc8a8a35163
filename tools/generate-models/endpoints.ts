/**
 * The host names a service answers to on AWS, from its endpoint rules: a request that was meant for AWS names one of
 * them. Only those of the `aws` partition; a name whose signing region differs from its own (IAM's) says so.
 */
import type { EndpointModel } from '#platform/model/schema.ts';

const DNS_SUFFIXES: Readonly<Record<string, string>> = {
  '{PartitionResult#dnsSuffix}': 'amazonaws.com',
  '{PartitionResult#dualStackDnsSuffix}': 'api.aws',
  '{PartitionResult#implicitGlobalRegion}': 'us-east-1',
};

interface Endpoint {
  readonly url: unknown;
  readonly properties?: {
    readonly authSchemes?: readonly { readonly signingRegion?: string; readonly signingName?: string }[];
  };
}

export function endpointHosts(rules: unknown): EndpointModel[] {
  const found = new Map<string, EndpointModel>();
  for (const { url, properties } of endpointsIn(rules)) {
    if (typeof url !== 'string') continue; // the caller's own endpoint
    const host = url
      .replace(/^https:\/\//, '')
      .replace(/\{PartitionResult#\w+\}/g, (name) => DNS_SUFFIXES[name] ?? name);
    if (!/\.(amazonaws\.com|api\.aws)$/.test(host) || /\.(us-gov|us-iso\w*|cn)[.-]/.test(host)) continue;
    const { signingRegion, signingName } = properties?.authSchemes?.[0] ?? {};
    const ownRegion = signingRegion === undefined || signingRegion === '{Region}';
    found.set(host, {
      host,
      ...(ownRegion ? {} : { signingRegion: DNS_SUFFIXES[signingRegion] ?? signingRegion }),
      ...(signingName === undefined ? {} : { signingName }),
    });
  }
  return [...found.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}

function endpointsIn(rules: unknown): Endpoint[] {
  if (typeof rules !== 'object' || rules === null) return [];
  const own = 'url' in rules ? [rules as Endpoint] : [];
  return [...own, ...Object.values(rules).flatMap(endpointsIn)];
}
