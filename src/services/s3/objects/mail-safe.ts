/**
 * User metadata beyond US-ASCII (User Guide, "Working with object metadata"): "Values of such headers are character decoded as per RFC 2047
 * before storing and encoded as per RFC 2047 to make them mail-safe before returning." It is kept as text.
 */
const WORD = /=\?([^?\s]+)\?([bq])\?([^?\s]*)\?=/gi;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not ASCII
const BEYOND_ASCII = /[^\u0000-\u007f]/;
/** A mail's encoded word has at most 75 characters; this leaves room for its frame, in whole characters of UTF-8. */
const WORD_BYTES = 45;

export function decodeMailSafe(value: string): string {
  // White space between two encoded words is not part of the text (RFC 2047, 6.2).
  return value.replace(/(\?=)\s+(?==\?)/g, '$1').replace(WORD, (word, charset: string, form: string, text: string) => {
    const bytes = form.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : bytesOfQ(text);
    switch (charset.toLowerCase()) {
      case 'utf-8':
      case 'us-ascii':
        return bytes.toString('utf8');
      case 'iso-8859-1':
        return bytes.toString('latin1');
      default:
        return word;
    }
  });
}

const bytesOfQ = (text: string): Buffer =>
  Buffer.from(
    text
      .replaceAll('_', ' ')
      .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );

export function encodeMailSafe(value: string): string {
  if (!BEYOND_ASCII.test(value)) return value;
  const words: string[] = [];
  let word = '';
  for (const character of value) {
    if (Buffer.byteLength(word + character) > WORD_BYTES) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  words.push(word);
  return words.map((each) => `=?UTF-8?B?${Buffer.from(each).toString('base64')}?=`).join(' ');
}
