/**
 * A form body as the tree that its dotted names spell: `Tag.1.Key=a&Tag.1.Value=b`. List indexes are only names here, so
 * an index of a thousand million costs as much as 1. Names and values are bounded by the body, their depth by the limit.
 *
 * Requests of an operation have much the same names in much the same order. So the tree of names is kept from request to request,
 * each name with the one that came behind it; a request marks what it has with its turn, and its values are its own.
 */
import { DEPTH_LIMIT, malformed, tooDeep } from '#gateway/wire/shapes.ts';
import { ServiceError } from '#platform/error.ts';

/** A name, or the beginning of some. */
export interface FormNode {
  readonly name: string;
  readonly parent: FormNode | undefined;
  parts: Map<string, FormNode> | undefined;
  /** The turn that last had a value of this name, and which of its values that is. */
  valueTurn: number;
  valueAt: number;
  /** The turn that last had names which begin with this one. */
  partsTurn: number;
  /** As it is sent, with the equals sign, and the name that followed it. */
  sent: string;
  next: FormNode | undefined;
  /** The address that was its last value, as sent and decoded. */
  address: string;
  addressText: string;
  /** The parts of these names, one for each; found again when there are new ones. */
  wanted: readonly string[] | undefined;
  found: readonly (FormNode | undefined)[];
  /** The parts that are numbers in their order, and the others. */
  items: readonly FormNode[] | undefined;
  strays: readonly FormNode[];
}

/** A batch of SQS with attributes has about 500; EC2 allows 1,000 ids in one filter list. */
const PARAMETER_LIMIT = 20_000;

/** Of all operations' names, some 5,000 of them. Then all are forgotten, whoever made them up. */
const KEPT_CHARACTERS = 1_000_000;
const NODE_CHARACTERS = 200;
let kept = 0;
let age = 0;

/** The forms of one operation, one at a time. */
export class Form {
  readonly values: string[] = [];
  turn = 0;
  #root = newNode('', undefined);
  #age = age;

  /** The parameters of a body and of a URL; they hold until `end`. */
  begin(body: string, query: string): FormNode {
    if (kept > KEPT_CHARACTERS) {
      kept = 0;
      age++;
    }
    if (this.#age !== age) {
      this.#root = newNode('', undefined);
      this.#age = age;
    }
    this.values.length = 0;
    this.turn++;
    this.#root.partsTurn = this.turn;
    this.#parse(body);
    if (query !== '') this.#parse(query);
    return this.#root;
  }

  end(): void {
    this.values.length = 0;
  }

  #parse(text: string): void {
    let last = this.#root;
    // Each is looked for from where it was found last: a body that has none of the one must not be searched for each of the other.
    let percent = placeOf('%', text, 0);
    let plus = placeOf('+', text, 0);
    for (let start = 0; start < text.length; ) {
      const expected = last.next;
      const isExpected = expected !== undefined && text.startsWith(expected.sent, start);
      const end = placeOf('&', text, isExpected ? start + expected.sent.length : start);
      if (end > start) {
        let node = expected;
        let valueStart: number;
        if (node !== undefined && isExpected) valueStart = start + node.sent.length;
        else {
          // Searched for within the part: parts without one must not each search to the end of the body.
          const part = text.slice(start, end);
          valueStart = start + placeOf('=', part, 0) + 1;
          node = this.#named(part.slice(0, valueStart - start), last);
        }
        if (percent < valueStart) percent = placeOf('%', text, valueStart);
        if (plus < valueStart) plus = placeOf('+', text, valueStart);
        const value = text.slice(valueStart, end);
        this.#set(node, percent < end || plus < end ? decodedValue(node, value) : value);
        last = node;
      }
      start = end + 1;
    }
  }

  /** `sent` ends with an equals sign, unless there is none. */
  #named(sent: string, last: FormNode): FormNode {
    const hasValue = sent.endsWith('=');
    const node = nodeOf(this.#root, decodeFormText(hasValue ? sent.slice(0, -1) : sent));
    if (!hasValue) return node;
    if (node.sent !== sent) {
      node.sent = ownText(sent);
      kept += sent.length;
    }
    last.next = node;
    return node;
  }

  #set(node: FormNode, value: string): void {
    const { turn, values } = this;
    if (node.valueTurn === turn) {
      throw new ServiceError('MalformedQueryString', `The parameter ${nameOf(node)} is given more than once`);
    }
    node.valueTurn = turn;
    node.valueAt = values.length;
    if (values.push(value) > PARAMETER_LIMIT) malformed(`There are more than ${PARAMETER_LIMIT} parameters`);
    for (let above = node.parent; above !== undefined && above.partsTurn !== turn; above = above.parent) {
      above.partsTurn = turn;
    }
  }
}

/** Beyond the end if there is none. */
function placeOf(character: string, text: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}

const ADDRESS = 'http%3A%2F%2F';
const LONGEST_ADDRESS = 256;

/** A client names the same queue over and over: what its address says is kept, and is the same text each time. */
function decodedValue(node: FormNode, value: string): string {
  if (value === node.address) return node.addressText;
  const decoded = decodeFormText(value);
  if (value.startsWith(ADDRESS) && value.length <= LONGEST_ADDRESS) {
    node.address = ownText(value);
    node.addressText = ownText(decoded);
  }
  return decoded;
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

/** What stands behind the whole name. */
export const textAt = (node: FormNode, form: Form): string | undefined =>
  node.valueTurn === form.turn ? form.values[node.valueAt] : undefined;

/** Whether this request has names that begin with it. */
export const hasParts = (node: FormNode, form: Form): boolean => node.partsTurn === form.turn;

/** Whether this request has it, with or without parts. */
export const isThere = (node: FormNode | undefined, form: Form): node is FormNode =>
  node !== undefined && (node.valueTurn === form.turn || node.partsTurn === form.turn);

/** The parts of these names, in their order; of a request that has them or of another. Give the same list each time. */
export function partsOf(node: FormNode, names: readonly string[]): readonly (FormNode | undefined)[] {
  if (node.wanted !== names) {
    node.wanted = names;
    node.found = names.map((name) => node.parts?.get(name));
  }
  return node.found;
}

const INDEX = /^\d{1,10}$/;

/** The items of a list or map in the order of their indexes; gaps are passed over, as AWS does. */
export function itemsOf(node: FormNode, form: Form): FormNode[] {
  if (node.items === undefined) sortParts(node);
  for (const stray of node.strays) if (isThere(stray, form)) malformed('Unexpected list element termination');
  return (node.items ?? NONE).filter((item) => isThere(item, form));
}

function sortParts(node: FormNode): void {
  const items: [number, FormNode][] = [];
  const strays: FormNode[] = [];
  for (const [name, part] of node.parts ?? []) {
    if (INDEX.test(name)) items.push([Number(name), part]);
    else strays.push(part);
  }
  node.items = items.sort(([a], [b]) => a - b).map(([, part]) => part);
  node.strays = strays;
}

function nodeOf(root: FormNode, name: string): FormNode {
  let node = root;
  let depth = 0;
  for (let start = 0; start <= name.length; ) {
    let end = name.indexOf('.', start);
    if (end < 0) end = name.length;
    if (++depth > DEPTH_LIMIT) tooDeep();
    node = partOf(node, name.slice(start, end));
    start = end + 1;
  }
  return node;
}

function partOf(node: FormNode, name: string): FormNode {
  node.parts ??= new Map();
  const known = node.parts.get(name);
  if (known !== undefined) return known;
  const part = newNode(ownText(name), node);
  node.parts.set(part.name, part);
  node.wanted = undefined;
  node.items = undefined;
  kept += NODE_CHARACTERS + name.length;
  return part;
}

const NONE: readonly FormNode[] = [];

const newNode = (name: string, parent: FormNode | undefined): FormNode => ({
  name,
  parent,
  parts: undefined,
  valueTurn: 0,
  valueAt: 0,
  partsTurn: 0,
  sent: '',
  next: undefined,
  address: '',
  addressText: '',
  wanted: undefined,
  found: NONE,
  items: undefined,
  strays: NONE,
});

/** V8 copies a shorter part of a text, and of a longer one keeps the whole text in memory. */
const SHORTEST_SLICE = 13;

const ownText = (text: string): string => (text.length < SHORTEST_SLICE ? text : Buffer.from(text).toString());

const LONGEST_NAME = 128;

function nameOf(node: FormNode): string {
  let name = node.name;
  for (let above = node.parent; above?.parent !== undefined; above = above.parent) name = `${above.name}.${name}`;
  return name.slice(0, LONGEST_NAME);
}
