/**
 * A long text that is put together of many pieces. As one text it would be a tree of thousands of nodes, which is made flat and then copied into
 * bytes; so pieces are joined to some kilobytes each, and those are written. What stays short stays a text.
 */
export type Push = (piece: string) => void;

const JOINED = 8192;
/** Of UTF-8, for a unit of UTF-16: how many it will be is not asked, which would cost as much as to write them. */
const MOST_BYTES = 3;

/** Where bytes are written, one text after the other. A longer text has room of its own. */
const room = Buffer.allocUnsafeSlow(512 * 1024);

/** `write` gives the pieces. Bytes are as long as their memory, which nobody else has. */
export function gatheredText(write: (push: Push) => void): string | Uint8Array {
  let into = room;
  let text = '';
  let at = 0;
  const put = (): void => {
    const most = at + text.length * MOST_BYTES;
    if (most > into.length) into = Buffer.concat([into.subarray(0, at)], 2 * most);
    at += into.write(text, at);
    text = '';
  };
  write((piece) => {
    text += piece;
    if (text.length >= JOINED) put();
  });
  if (at === 0) return text;
  put();
  const bytes = Buffer.allocUnsafeSlow(at);
  into.copy(bytes, 0, 0, at);
  return bytes;
}
