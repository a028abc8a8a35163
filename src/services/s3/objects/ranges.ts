/** The Range header (RFC 9110, 14.2) as S3 reads it: one range; what is no range is as if it were not there. */
import { fail } from '#services/s3/errors.ts';

export interface ByteRange {
  readonly start: number;
  /** Not included. */
  readonly end: number;
}

const FORM = /^bytes=(\d*)-(\d*)$/;

/** Undefined: the whole. Throws InvalidRange for one that lies outside. */
export function rangeOf(header: string | undefined, bytes: number): ByteRange | undefined {
  const [, first, last] = FORM.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), bytes);
    return length === 0 ? outside(header, bytes) : { start: bytes - length, end: bytes };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= bytes) return outside(header, bytes);
  return { start, end: last === '' ? bytes : Math.min(Number(last) + 1, bytes) };
}

const outside = (header: string | undefined, bytes: number): never =>
  fail('InvalidRange', { about: header ?? '', fields: { ActualObjectSize: String(bytes) } });

export const contentRange = ({ start, end }: ByteRange, bytes: number): string => `bytes ${start}-${end - 1}/${bytes}`;
