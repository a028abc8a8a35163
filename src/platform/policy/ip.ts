/** IP addresses and CIDR ranges for conditions. An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) counts as IPv4. */
export interface AddressRange {
  readonly bytes: readonly number[];
  readonly bits: number;
}

export function parseRange(text: string): AddressRange | undefined {
  const [address = '', prefix, more] = text.split('/');
  const bytes = parseAddress(address);
  if (bytes === undefined || more !== undefined) return undefined;
  if (prefix === undefined) return { bytes, bits: bytes.length * 8 };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bytes.length * 8) return undefined;
  return { bytes, bits: Number(prefix) };
}

export function contains(range: AddressRange, address: readonly number[]): boolean {
  if (range.bytes.length !== address.length) return false;
  const whole = range.bits >>> 3;
  for (let at = 0; at < whole; at++) if (range.bytes[at] !== address[at]) return false;
  const mask = 0xff & (0xff00 >>> (range.bits & 7));
  return mask === 0 || (((range.bytes[whole] ?? 0) ^ (address[whole] ?? 0)) & mask) === 0;
}

/** Four bytes, or sixteen; undefined for anything else. */
export function parseAddress(text: string): readonly number[] | undefined {
  if (text.length > 45) return undefined;
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return;
  return parts.map(Number);
}

function parseV6(text: string): readonly number[] | undefined {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  if (left === undefined || right === undefined) return undefined;
  const missing = 16 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  const bytes = [...left, ...new Array<number>(missing).fill(0), ...right];
  const isMapped = bytes[10] === 255 && bytes[11] === 255 && bytes.slice(0, 10).every((byte) => byte === 0);
  return isMapped ? bytes.slice(12) : bytes;
}

function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      bytes.push(...v4);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      const group = Number.parseInt(part, 16);
      bytes.push(group >>> 8, group & 255);
    }
  }
  return bytes;
}
