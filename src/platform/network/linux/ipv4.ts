/** IPv4 addresses as numbers: as much as drivers of networks reckon with. */

export function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

const addressOf = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');

export interface Network {
  readonly first: number;
  readonly bits: number;
}

export function networkOf(cidr: string): Network {
  const [address = '', bits = ''] = cidr.split('/');
  return { first: numberOf(address), bits: Number(bits) };
}

/** `addressAt('10.0.1.0/24', 1)` is `10.0.1.1`. */
export const addressAt = (cidr: string, offset: number): string => addressOf(networkOf(cidr).first + offset);

export const maskOf = ({ bits }: Network): string => addressOf(bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0);
