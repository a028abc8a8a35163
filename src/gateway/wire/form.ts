/**
 * A form body as the tree that its dotted names spell: `Tag.1.Key=a&Tag.1.Value=b`. List indexes are only names here, so
 * an index of a thousand million costs as much as 1. Names and values are bounded by the body, their depth by the limit.
 */
import { DEPTH_LIMIT, malformed, tooDeep } from '#gateway/wire/shapes.ts';
import { ServiceError } from '#platform/error.ts';

export interface FormNode {
  value: string | undefined;
  children: Map<string, FormNode> | undefined;
}

/** A batch of SQS with attributes has about 500; EC2 allows 1,000 ids in one filter list. */
const PARAMETER_LIMIT = 20_000;

export function parseForm(text: string, root: FormNode = { value: undefined, children: new Map() }): FormNode {
  let count = 0;
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf('&', start);
    if (end < 0) end = text.length;
    if (end > start) {
      if (++count > PARAMETER_LIMIT) malformed(`There are more than ${PARAMETER_LIMIT} parameters`);
      // Searched for within the part: parts without one must not each search to the end of the body.
      const part = text.slice(start, end);
      const equals = part.indexOf('=');
      const name = equals < 0 ? part : part.slice(0, equals);
      insert(root, decodeFormText(name), equals < 0 ? '' : decodeFormText(part.slice(equals + 1)));
    }
    start = end + 1;
  }
  return root;
}

/** A plus is a space, in forms and in query strings alike. */
export function decodeFormText(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new ServiceError('MalformedQueryString', 'The query string contains an invalid percent-encoding');
  }
}

function insert(root: FormNode, name: string, value: string): void {
  let node = root;
  let depth = 0;
  for (let start = 0; start <= name.length; ) {
    let end = name.indexOf('.', start);
    if (end < 0) end = name.length;
    if (++depth > DEPTH_LIMIT) tooDeep();
    node = childOf(node, name.slice(start, end));
    start = end + 1;
  }
  if (node.value !== undefined) {
    throw new ServiceError('MalformedQueryString', `The parameter ${name.slice(0, 128)} is given more than once`);
  }
  node.value = value;
}

function childOf(node: FormNode, name: string): FormNode {
  node.children ??= new Map();
  let child = node.children.get(name);
  if (child === undefined) {
    child = { value: undefined, children: undefined };
    node.children.set(name, child);
  }
  return child;
}

const INDEX = /^\d{1,10}$/;

/** The items of a list or map in the order of their indexes; gaps are passed over, as AWS does. */
export function indexedChildren(node: FormNode): FormNode[] {
  const items: [number, FormNode][] = [];
  for (const [name, child] of node.children ?? []) {
    if (!INDEX.test(name)) malformed('Unexpected list element termination');
    items.push([Number(name), child]);
  }
  if (items.some(([index], i) => i > 0 && index < (items[i - 1] as [number, FormNode])[0])) {
    items.sort(([a], [b]) => a - b);
  }
  return items.map(([, child]) => child);
}
