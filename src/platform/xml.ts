/**
 * XML of strangers as documents, for SAML: metadata and assertions. The parser is the one that xml-crypto verifies signatures with, so
 * both see the same; but it mends what is not well-formed, so here its every complaint is a refusal. No document type, hence no
 * entities and no files; bounded size, depth and attributes; one root element and, around it, nothing but comments.
 */
import { xmldom } from '#platform/packages.ts';

export class XmlRefused extends Error {
  override name = 'XmlRefused';
}

const MOST_DEPTH = 64;
const MOST_ATTRIBUTES = 64;
const ELEMENT = 1;
const TEXT = 3;
const COMMENT = 8;

const refuse = (why: string): never => {
  throw new XmlRefused(why);
};

export async function parseXml(
  text: string,
  mostCharacters: number,
  mostTags = Number.POSITIVE_INFINITY,
): Promise<Element> {
  if (text.length > mostCharacters) refuse('too long');
  if (countOf(text, '<') > mostTags) refuse('too many elements');
  if (/<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/i.test(text)) refuse('a document type');
  const { DOMParser } = await xmldom();
  let document: Document | undefined;
  try {
    const errorHandler = (level: string, message: unknown): never => refuse(`${level}: ${String(message)}`);
    document = new DOMParser({ errorHandler }).parseFromString(text, 'text/xml');
  } catch (error) {
    // Its own errors for what is not XML at all.
    refuse(error instanceof Error ? error.message : 'not well-formed');
  }
  const root = onlyRoot(document);
  checkBounds(root);
  return root;
}

function countOf(text: string, mark: string): number {
  let count = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) count++;
  return count;
}

function onlyRoot(document: Document | undefined): Element {
  const nodes = document === undefined ? [] : Array.from(document.childNodes);
  const isSpace = (node: Node): boolean => node.nodeType === TEXT && (node.nodeValue ?? '').trim() === '';
  const isDeclaration = (node: Node): boolean => node.nodeName === 'xml';
  const rest = nodes.filter((node) => !isSpace(node) && !isDeclaration(node) && node.nodeType !== COMMENT);
  const [root] = rest;
  return rest.length === 1 && root?.nodeType === ELEMENT ? (root as Element) : refuse('not one root element');
}

/** What comes after may walk the document by recursion. */
function checkBounds(root: Element): void {
  let level: Element[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_DEPTH) refuse('nested too deeply');
    if (level.some(({ attributes }) => attributes.length > MOST_ATTRIBUTES)) refuse('too many attributes');
    level = level.flatMap(elementsIn);
  }
}

/** Child elements. */
export function elementsIn(parent: Element): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType === ELEMENT) found.push(node as Element);
  }
  return found;
}

export const isNamed = (element: Element, namespace: string, name: string): boolean =>
  element.namespaceURI === namespace && element.localName === name;

/** Child elements of a name. */
export const childrenNamed = (parent: Element, namespace: string, name: string): Element[] =>
  elementsIn(parent).filter((element) => isNamed(element, namespace, name));

/** The text of an element without elements in it, trimmed; comments are no part of it and do not end it. */
export function textOf(element: Element | undefined): string {
  if (element === undefined || elementsIn(element).length > 0) return '';
  return (element.textContent ?? '').trim();
}

/** Undefined where it is not there, or empty. */
export const attributeOf = (element: Element | undefined, name: string): string | undefined =>
  element?.getAttribute(name) || undefined;

/** `xs:dateTime` in UTC or with an offset, as milliseconds. */
export function dateTimeOf(text: string | undefined): number | undefined {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
  const at = text !== undefined && form.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
