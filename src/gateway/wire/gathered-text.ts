/**
 * A long text that is put together of many pieces. As one text it would be a tree of thousands of nodes, which is first made flat and then copied into
 * bytes; so pieces become bytes as they come, some kilobytes at a time. What stays short stays a text.
 */
export type Push = (piece: string) => void;

/** Pieces are joined up to this length before they are made bytes. */
const JOINED = 8192;
/** UTF-8 of a character of JavaScript's. */
const MOST_BYTES = 3;

/** `write` gives the pieces. Answers mostly are as long as the last one was: keep this for each kind. */
export function gatheredText(): (write: (push: Push) => void) => string | Uint8Array {
  let likely = 0;
  return (write) => {
    let text = '';
    let bytes: Buffer | undefined;
    let length = 0;
    const flush = (): void => {
      const needed = length + text.length * MOST_BYTES;
      if (bytes === undefined) bytes = Buffer.allocUnsafeSlow(Math.max(likely, 2 * needed));
      else if (needed > bytes.length) bytes = grown(bytes, length, needed);
      length += bytes.write(text, length);
      text = '';
    };
    write((piece) => {
      text += piece;
      if (text.length >= JOINED) flush();
    });
    if (bytes === undefined) return text;
    flush();
    likely = length + JOINED * MOST_BYTES;
    return bytes.subarray(0, length);
  };
}

function grown(bytes: Buffer, length: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(2 * needed);
  bytes.copy(larger, 0, 0, length);
  return larger;
}
