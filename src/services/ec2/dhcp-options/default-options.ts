/** The set that new VPCs get: Amazon's resolver, and the region's domain. One of an account in a region, as long as it is not deleted. */
import type { Transaction } from '#platform/store/store.ts';
import { type DhcpOptionsRow, dhcpOptions } from '#services/ec2/dhcp-options/state.ts';
import { privateDomain } from '#services/ec2/network-interfaces/dns-names.ts';
import { newId } from '#services/ec2/resources.ts';

export const AMAZON_DNS = 'AmazonProvidedDNS';

export function defaultDhcpOptions(tx: Transaction, region: string): string {
  const options: DhcpOptionsRow['options'] = {
    'domain-name': [privateDomain(region)],
    'domain-name-servers': [AMAZON_DNS],
  };
  const text = JSON.stringify(options);
  const present = dhcpOptions.all(tx).find((row) => JSON.stringify(row.options) === text);
  if (present !== undefined) return present.id;
  const row = { id: newId('dopt'), options };
  dhcpOptions.put(tx, row);
  return row.id;
}
