/**
 * XML as AWS's requests have it, and nothing more: elements, attributes, text, CDATA; comments and processing
 * instructions are passed over. No document type, so no entities but the five and characters by number; bounded depth
 * and attributes; one pass without recursion or backtracking. Written here because the parsers at hand either repair what
 * is not well-formed or carry document types and namespaces, each of which would have to be fenced off.
 */
import { textOf } from '#gateway/wire/json-decode.ts';
import { DEPTH_LIMIT, malformed } from '#gateway/wire/shapes.ts';

export interface XmlNode {
  /** Without its prefix: AWS's clients choose their own. */
  readonly name: string;
  /** With their prefixes (`xsi:type`). */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlNode[];
  text: string;
}

const ATTRIBUTE_LIMIT = 64;
const DECLARATION_LIMIT = 200;
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

const NAME = '[A-Za-z_\\u0080-\\uffff][A-Za-z0-9_.\\-\\u0080-\\uffff]*';
const QUALIFIED = `${NAME}(?::${NAME})?`;
const START_TAG = new RegExp(`(${QUALIFIED})`, 'y');
const ATTRIBUTE = new RegExp(`[ \\t\\r\\n]+(${QUALIFIED})[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"([^"<]*)"|'([^'<]*)')`, 'y');
const TAG_END = /[ \t\r\n]*(\/?)>/y;
const END_TAG = new RegExp(`(${QUALIFIED})[ \\t\\r\\n]*>`, 'y');
const DECLARATION = /^<\?xml[ \t\r\n]+version[^?]*?(?:encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["'][^?]*)?\?>/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what XML 1.0 forbids
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const SPACE = /^[ \t\r\n]*$/;

const notWellFormed = (): never => malformed('The XML you provided was not well-formed');

/** The root element. */
export function parseXml(body: Buffer): XmlNode {
  let text = textOf(body);
  if (text.startsWith('\ufeff')) text = text.slice(1);
  if (FORBIDDEN.test(text)) notWellFormed();
  return new XmlReader(text).root();
}

class XmlReader {
  readonly #text: string;
  #offset = 0;
  readonly #open: { node: XmlNode; qualified: string }[] = [];
  #root: XmlNode | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  root(): XmlNode {
    this.#declaration();
    while (this.#offset < this.#text.length) {
      const start = this.#text.indexOf('<', this.#offset);
      this.#characters(this.#text.slice(this.#offset, start < 0 ? undefined : start));
      if (start < 0) break;
      this.#offset = start + 1;
      this.#markup();
    }
    if (this.#open.length > 0 || this.#root === undefined) return notWellFormed();
    return this.#root;
  }

  #declaration(): void {
    if (!/^<\?xml[ \t\r\n]/.test(this.#text)) return;
    // The pattern may look again at what it has seen, so it sees no more than a declaration can be.
    const match = DECLARATION.exec(this.#text.slice(0, DECLARATION_LIMIT)) ?? notWellFormed();
    if (!/^(utf-?8|us-ascii|iso-8859-1)$/i.test(match[1] ?? 'utf-8')) malformed('The XML is not encoded in UTF-8');
    this.#offset = match[0].length;
  }

  #markup(): void {
    const next = this.#text[this.#offset];
    if (next === '/') this.#endTag();
    else if (next === '!') this.#declarationOrSection();
    else if (next === '?') this.#skipPast('?>');
    else this.#startTag();
  }

  #declarationOrSection(): void {
    if (this.#text.startsWith('!--', this.#offset)) {
      this.#offset += 3;
      this.#skipPast('-->');
    } else if (this.#text.startsWith('![CDATA[', this.#offset)) {
      const start = this.#offset + 8;
      this.#skipPast(']]>');
      const current = this.#open.at(-1) ?? notWellFormed();
      current.node.text += normalised(this.#text.slice(start, this.#offset - 3));
    } else {
      // A document type is the door to entity expansion and files.
      notWellFormed();
    }
  }

  #skipPast(end: string): void {
    const found = this.#text.indexOf(end, this.#offset);
    if (found < 0) notWellFormed();
    this.#offset = found + end.length;
  }

  #characters(raw: string): void {
    const current = this.#open.at(-1);
    if (current === undefined) {
      if (!SPACE.test(raw)) notWellFormed();
      return;
    }
    if (raw !== '') current.node.text += unescapeXml(normalised(raw));
  }

  #startTag(): void {
    const qualified = this.#match(START_TAG)?.[1] ?? notWellFormed();
    const attributes = this.#attributes();
    const end = this.#match(TAG_END) ?? notWellFormed();
    const node: XmlNode = { name: localName(qualified), attributes, children: [], text: '' };
    const parent = this.#open.at(-1);
    if (parent) parent.node.children.push(node);
    else if (this.#root === undefined) this.#root = node;
    else notWellFormed();
    if (end[1] === '/') return;
    if (this.#open.length >= DEPTH_LIMIT) malformed(`Elements are nested more than ${DEPTH_LIMIT} levels deep`);
    this.#open.push({ node, qualified });
  }

  #attributes(): Readonly<Record<string, string>> {
    let attributes: Record<string, string> | undefined;
    for (let count = 0; ; count++) {
      const match = this.#match(ATTRIBUTE);
      if (!match) return attributes ?? NO_ATTRIBUTES;
      if (count === ATTRIBUTE_LIMIT) malformed(`An element has more than ${ATTRIBUTE_LIMIT} attributes`);
      attributes ??= Object.create(null) as Record<string, string>;
      const name = match[1] as string;
      if (name in attributes) notWellFormed();
      attributes[name] = unescapeXml((match[2] ?? match[3] ?? '').replace(/[\t\r\n]/g, ' '));
    }
  }

  #endTag(): void {
    this.#offset += 1;
    const match = this.#match(END_TAG);
    const current = this.#open.pop();
    if (!match || match[1] !== current?.qualified) notWellFormed();
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text);
    if (match) this.#offset = pattern.lastIndex;
    return match;
  }
}

const localName = (qualified: string): string => qualified.slice(qualified.indexOf(':') + 1);

/** XML 1.0, 2.11: line ends are line feeds. */
const normalised = (text: string): string => (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:(#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|[a-z]{2,4});)?/g, (_whole, reference?: string) => {
    if (reference === undefined) return notWellFormed();
    if (!reference.startsWith('#')) return ENTITIES[reference] ?? notWellFormed();
    const code = reference.startsWith('#x') ? Number.parseInt(reference.slice(2), 16) : Number(reference.slice(1));
    return characterOf(code);
  });
}

/** XML 1.0, 2.2: what a character is. */
function characterOf(code: number): string {
  const isCharacter =
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd);
  if (!isCharacter && (code < 0x10000 || code > 0x10ffff)) notWellFormed();
  return String.fromCodePoint(code);
}
