/** Text within XML. */

/** What to write for the characters below U+003F that are not written as they are. */
const ESCAPES: readonly (string | undefined)[] = Array.from({ length: 0x3f }, (_, code) => {
  const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  if (code < 0x20 && code !== 0x9 && code !== 0xa) return reference(code);
  return named[String.fromCharCode(code)];
});
/**
 * All others (and not DEL, which is rare). As many ranges as this are looked up in a table by V8's regular expressions; with fewer it compares
 * with their bounds, and digits and letters in turns (ids, hashes) mislead the processor, which costs twice as much.
 */
export const PLAIN = /^[\t\n !#-%'-;=?-~\x80-\ufffd]*$/;

/**
 * A carriage return would come back as a line feed (XML 1.0, 2.11), so it is written as a reference, as AWS does. So are
 * control characters, which no reference makes legal: a key that holds one is then at least not silently another key.
 * Character by character: a message body of JSON is full of quotes, and a replacer function is called for each.
 */
export function escapeXml(text: string): string {
  if (PLAIN.test(text)) return text;
  let escaped = '';
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const written = code < ESCAPES.length ? ESCAPES[code] : code >= 0xfffe ? reference(code) : undefined;
    if (written === undefined) continue;
    escaped += text.slice(start, i) + written;
    start = i + 1;
  }
  return escaped + text.slice(start);
}

function reference(code: number): string {
  return `&#x${code.toString(16).toUpperCase()};`;
}
