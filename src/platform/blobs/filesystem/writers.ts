/**
 * Who wrote what. Processes that share a folder write under numbers that are never used again (BlobSharing), and the name of what one
 * writes bears its number: so all others know whose it is, whatever has become of it, and nothing has to be written when it is gone.
 */
import { randomBytes } from '#platform/base/ids.ts';

/** Who has the folder for itself. */
export const ALONE = 0;

const SEGMENTS_OF_ONE = 1_000_000_000;

export const firstSegmentOf = (writer: number): number => writer * SEGMENTS_OF_ONE + 1;

export const writerOfSegment = (segment: number): number => Math.floor(segment / SEGMENTS_OF_ONE);

const WRITER_DIGITS = 12;

export const newFileId = (writer: number): string =>
  `${randomBytes(10).toString('hex')}${writer.toString(16).padStart(WRITER_DIGITS, '0')}`;

export const writerOfFile = (id: string): number => Number.parseInt(id.slice(-WRITER_DIGITS), 16);
