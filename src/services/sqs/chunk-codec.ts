/** How the messages of a chunk, and what became of each, are written (state.ts says why). */
import { jsonText } from '#platform/base/json-text.ts';
import type { RowCodec } from '#platform/store/keys.ts';
import type { MessageRow, MessageState } from './state.ts';

/**
 * A JSON array: send time and sender, which the messages of a chunk have in common, then four values of each message, and what
 * all of them are sealed under, if they are; a line feed (JSON text has none of its own); the bodies, since text that is JSON
 * itself would double within JSON.
 */
export const chunkCodec: RowCodec<readonly MessageRow[]> = {
  encode(rows) {
    const [first] = rows;
    let head = `[${first?.sentAt},${jsonText(first?.sender ?? '')}`;
    let inline = '';
    for (const row of rows) {
      // Ids and hashes are our own: nothing in them is escaped.
      head += `,"${row.id}","${row.md5}",${row.isBodyApart ? -1 : row.body.length},`;
      const more = moreOf(row);
      head += more === 0 ? '0' : JSON.stringify(more);
      if (!row.isBodyApart) inline += row.body;
    }
    if (first?.encryption !== undefined) head += `,${JSON.stringify(first.encryption)}`;
    return `${head}]\n${inline}`;
  },
  decode(bytes) {
    const content = bytes.toString('utf8');
    const end = content.indexOf('\n');
    const [sentAt, sender, ...heads] = JSON.parse(content.slice(0, end));
    const encryption = heads.length % 4 === 1 ? heads.pop() : undefined;
    const rows: MessageRow[] = [];
    for (let i = 0, at = end + 1; i < heads.length; i += 4) {
      const [id, md5, length, more] = heads.slice(i, i + 4);
      const body = content.slice(at, at + Math.max(0, length));
      at += body.length;
      rows.push({
        id,
        sentAt,
        sender,
        md5,
        body,
        isBodyApart: length < 0,
        encryption,
        ...NOTHING_MORE,
        ...(more || {}),
      });
    }
    return rows;
  },
};

/** What few messages have. */
type More = Omit<MessageRow, 'id' | 'sentAt' | 'sender' | 'md5' | 'body' | 'isBodyApart' | 'encryption'>;

export const NOTHING_MORE: More = {
  group: undefined,
  deduplicationId: undefined,
  attributes: undefined,
  traceHeader: undefined,
  deadLetterSource: undefined,
  receivedBefore: 0,
  firstReceivedBefore: 0,
};

/** 0 for most. */
function moreOf(row: MessageRow): More | 0 {
  const { group, deduplicationId, attributes, traceHeader, deadLetterSource, receivedBefore, firstReceivedBefore } =
    row;
  const hasMore =
    group ?? deduplicationId ?? attributes ?? traceHeader ?? deadLetterSource ?? (receivedBefore || undefined);
  if (hasMore === undefined) return 0;
  return { group, deduplicationId, attributes, traceHeader, deadLetterSource, receivedBefore, firstReceivedBefore };
}

/** A line a message; an empty one says the same as the line before: messages are mostly received together. */
export const stateCodec: RowCodec<readonly MessageState[]> = {
  encode(states) {
    let content = '';
    let last: MessageState | undefined;
    for (const state of states) {
      if (last !== undefined) content += '\n';
      if (last === undefined || !isSame(state, last)) content += lineOf(state);
      last = state;
    }
    return content;
  },
  decode(bytes) {
    let last = '';
    return bytes
      .toString('utf8')
      .split('\n')
      .map((line) => {
        last = line || last;
        return stateOf(last);
      });
  },
};

function isSame(a: MessageState, b: MessageState): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return (
    a.visibleAt === b.visibleAt &&
    a.receives === b.receives &&
    a.receivedAt === b.receivedAt &&
    a.firstReceivedAt === b.firstReceivedAt &&
    a.isBodyApart === b.isBodyApart &&
    a.group === b.group
  );
}

const UNTOUCHED = '-';
const DELETED = 'x';

function lineOf(state: MessageState): string {
  if (state === 'untouched') return UNTOUCHED;
  if (state === 'deleted') return DELETED;
  const { visibleAt, receives, firstReceivedAt, receivedAt, isBodyApart, group = '' } = state;
  return `${visibleAt},${receives},${firstReceivedAt},${receivedAt},${isBodyApart ? 1 : 0},${group}`;
}

function stateOf(line: string): MessageState {
  if (line === UNTOUCHED) return 'untouched';
  if (line === DELETED) return 'deleted';
  const fields = line.split(',');
  return {
    visibleAt: Number(fields[0]),
    receives: Number(fields[1]),
    firstReceivedAt: Number(fields[2]),
    receivedAt: Number(fields[3]),
    isBodyApart: fields[4] === '1',
    group: fields.slice(5).join(',') || undefined,
  };
}
