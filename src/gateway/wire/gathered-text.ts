/**
 * A long text that is put together of many pieces. As one text it would be a tree of thousands of nodes, which is made flat and then copied into
 * bytes; so pieces are joined to some kilobytes each, and those are copied. What stays short stays a text.
 */
export type Push = (piece: string) => void;

const JOINED = 8192;

/** `write` gives the pieces. Bytes are as long as their memory, which nobody else has. */
export function gatheredText(write: (push: Push) => void): string | Uint8Array {
  const joined: string[] = [];
  let text = '';
  let length = 0;
  let bytes = 0;
  const keep = (): void => {
    joined.push(text);
    length += text.length;
    bytes += Buffer.byteLength(text);
    text = '';
  };
  write((piece) => {
    text += piece;
    if (text.length >= JOINED) keep();
  });
  if (joined.length === 0) return text;
  keep();
  return written(joined, bytes, bytes === length ? 'latin1' : 'utf8');
}

/** Where all is ASCII, both encodings are the same. */
function written(texts: readonly string[], length: number, encoding: 'latin1' | 'utf8'): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const text of texts) at += bytes.write(text, at, encoding);
  return bytes;
}
