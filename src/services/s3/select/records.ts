/** What readers of formats have in common. */
import type { Row } from '#services/s3/select/evaluate.ts';

/** "greater than maxCharsPerRecord of 1 MB" */
export const MOST_RECORD_CHARACTERS = 1024 * 1024;

export interface ReadRecord {
  /** Undefined: a comment, an empty line, a header. */
  readonly row: Row | undefined;
  /** As they were read, with the delimiter: where the next record begins follows from them. */
  readonly characters: string;
}

export interface RecordReader {
  read(text: string, isLast: boolean): Iterable<ReadRecord>;
}
