/**
 * Values to XML text, one compiled writer per shape and element name: tags and namespaces are put together once. Used by
 * the responses of awsQuery, ec2Query and restXml, which differ in what they wrap around it.
 */
import type { Push } from '#gateway/wire/gathered-text.ts';
import { type TextWriter, textWriter } from '#gateway/wire/scalar-text.ts';
import {
  listMember,
  type Member,
  mapKey,
  mapValue,
  membersOf,
  memoized,
  perShape,
  type Resolved,
  resolve,
} from '#gateway/wire/shapes.ts';
import type { TimestampFormat } from '#gateway/wire/timestamps.ts';
import { BY_HAND } from '#gateway/wire/xml-by-hand.ts';
import { escapeXml, PLAIN } from '#gateway/wire/xml-escape.ts';
import { present } from '#platform/base/assert.ts';
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';

export type XmlWriter = (value: unknown) => string;

export interface XmlEncoder {
  /** The value within an element of that name; a flattened collection as several of them. */
  element(ref: ShapeRef, name: string): XmlWriter;
  /** A structure within an element of that name; `keep` says which of its members belong to the body. */
  document(shape: Resolved, name: string, keep: Keep): XmlWriter;
  /** The same by pieces: the items of lists that the structure holds are pieces of their own. */
  pieces(shape: Resolved, name: string, keep: Keep): PieceWriter;
  /** A structure's members without an element around them. */
  content(shape: Resolved): XmlWriter;
}

type PieceWriter = (value: unknown, push: Push) => void;

type Keep = (member: Resolved) => boolean;

/** How the protocol names members: the Query protocol's `queryName` goes before `locationName`. */
export type NameOf = (member: Resolved, name: string) => string;

export function xmlEncoder(model: ServiceModel, nameOf: NameOf): XmlEncoder {
  const element = memoized<XmlWriter>(
    (ref, name) => compile(resolve(model, ref), name),
    (slot) => (value) => slot()(value),
  );

  function compile(shape: Resolved, name: string): XmlWriter {
    switch (shape.type) {
      case 'structure':
        return document(shape, name, () => true);
      case 'list':
        return listWriter(shape, name);
      case 'map':
        return mapWriter(shape, name);
      default:
        return scalarWriter(shape, name, model.metadata.xmlTimestamps ?? 'iso8601');
    }
  }

  function document(shape: Resolved, name: string, keep: Keep): XmlWriter {
    const start = `<${name}${namespaceOf(shape)}`;
    const end = `</${name}>`;
    const attributes = attributesOf(model, shape);
    const members = membersOf(model, shape).filter((member) => keep(member.shape));
    const write = byHand(shape, members, { model, nameOf, element }) ?? membersWriter(members);
    const open = `${start}>`;
    if (attributes.length === 0) return (value) => open + write(value) + end;
    return (value) => {
      let text = start;
      for (const attribute of attributes) text += attribute(value as Record<string, unknown>);
      return `${text}>${write(value)}${end}`;
    };
  }

  const content = perShape((shape) => membersWriter(membersOf(model, shape)));

  function membersWriter(all: readonly Member[]): XmlWriter {
    const members = all.filter((member) => !member.shape.xmlAttribute);
    const names = members.map((member) => member.name);
    const writers = members.map((member) => element(member.ref, elementName(model, member, nameOf)));
    return (value) => {
      // The contract: a structure is an object. The two arrays are of one length.
      const source = value as Record<string, unknown>;
      let text = '';
      for (let i = 0; i < names.length; i++) {
        const item = source[names[i] as string];
        if (item !== undefined && item !== null) text += (writers[i] as XmlWriter)(item);
      }
      return text;
    };
  }

  function listWriter(shape: Resolved, name: string): XmlWriter {
    const { start, write, end } = listParts(shape, name, { model, nameOf, element });
    const writeAll = repeated(write);
    return start === '' ? writeAll : (value) => start + writeAll(value) + end;
  }

  function mapWriter(shape: Resolved, name: string): XmlWriter {
    const [key, value] = [mapKey(shape), mapValue(shape)];
    const writeKey = element(key, nameOf(resolve(model, key), 'key'));
    const writeValue = element(value, nameOf(resolve(model, value), 'value'));
    return mapElements(shape, name, writeKey, writeValue);
  }

  return { element, document, content, pieces: (...of) => pieces(...of, { model, nameOf, element }) };
}

interface Compiler extends Pick<XmlEncoder, 'element'> {
  readonly model: ServiceModel;
  readonly nameOf: NameOf;
}

function byHand(shape: Resolved, members: readonly Member[], compiler: Compiler): XmlWriter | undefined {
  const { model, nameOf, element } = compiler;
  return BY_HAND[`${model.metadata.serviceId} ${shape.shape}`]?.((name) => {
    const found = members.find((each) => each.name === name);
    const member = present(found, `${shape.shape} has a member ${name}`);
    return element(member.ref, elementName(model, member, nameOf));
  });
}

function pieces(shape: Resolved, name: string, keep: Keep, compiler: Compiler): PieceWriter {
  const { model } = compiler;
  const start = `<${name}${namespaceOf(shape)}`;
  const end = `</${name}>`;
  const attributes = attributesOf(model, shape);
  const members = membersOf(model, shape)
    .filter((member) => keep(member.shape) && !member.shape.xmlAttribute)
    .map((member) => ({ name: member.name, write: memberPieces(member, compiler) }));
  return (value, push) => {
    const source = value as Record<string, unknown>; // the contract: a structure is an object
    let head = start;
    for (const attribute of attributes) head += attribute(source);
    push(`${head}>`);
    for (const member of members) {
      const item = source[member.name];
      if (item !== undefined && item !== null) member.write(item, push);
    }
    push(end);
  };
}

function memberPieces(member: Member, compiler: Compiler): PieceWriter {
  const name = elementName(compiler.model, member, compiler.nameOf);
  if (member.shape.type === 'list') {
    const { start, write, end } = listParts(member.shape, name, compiler);
    return (value, push) => {
      push(start);
      // The contract: a list is an array.
      for (const item of value as readonly unknown[]) if (item !== undefined && item !== null) push(write(item));
      push(end);
    };
  }
  const write = compiler.element(member.ref, name);
  return (value, push) => push(write(value));
}

/** What stands before and after the items of a list, and how one is written. */
function listParts(
  shape: Resolved,
  name: string,
  { model, nameOf, element }: Compiler,
): { start: string; write: XmlWriter; end: string } {
  const ref = listMember(shape);
  if (shape.flattened) return { start: '', write: element({ ...ref, ...flatNamespace(shape) }, name), end: '' };
  const write = element(ref, nameOf(resolve(model, ref), 'member'));
  return { start: `<${name}${namespaceOf(shape)}>`, write, end: `</${name}>` };
}

function mapElements(shape: Resolved, name: string, writeKey: XmlWriter, writeValue: XmlWriter): XmlWriter {
  const entry = shape.flattened ? name : 'entry';
  const entryStart = `<${entry}${shape.flattened ? namespaceOf(shape) : ''}>`;
  const entries: XmlWriter = (map) => {
    let text = '';
    for (const [key, item] of Object.entries(map as Record<string, unknown>)) {
      if (item !== undefined && item !== null) text += `${entryStart}${writeKey(key)}${writeValue(item)}</${entry}>`;
    }
    return text;
  };
  if (shape.flattened) return entries;
  const [start, end] = [`<${name}${namespaceOf(shape)}>`, `</${name}>`];
  return (map) => start + entries(map) + end;
}

/** A flattened list has no element of its own: see `itemNameOf`. */
export function elementName(model: ServiceModel, member: Member, nameOf: NameOf): string {
  return nameOf(member.shape, '') || itemNameOf(model, member, nameOf) || member.name;
}

/**
 * Where the list's shape is flattened, its items may be named (SQS: `Message`, S3: `EncryptionType`), and the name counts
 * if the member has none. Where only the member flattens a list, the items' name is for the places that don't.
 */
function itemNameOf(model: ServiceModel, { ref, shape }: Member, nameOf: NameOf): string {
  const isItems = shape.type === 'list' && model.shapes[ref.shape]?.flattened === true;
  return isItems ? nameOf(resolve(model, listMember(shape)), '') : '';
}

function repeated(write: XmlWriter): XmlWriter {
  return (value) => {
    let text = '';
    for (const item of value as readonly unknown[]) if (item !== undefined && item !== null) text += write(item);
    return text;
  };
}

function scalarWriter(shape: Resolved, name: string, timestamps: TimestampFormat): XmlWriter {
  // `compile` has dealt with structures, lists and maps.
  const write = textWriter(shape, timestamps) as TextWriter;
  const [start, end] = [`<${name}${namespaceOf(shape)}>`, `</${name}>`];
  // The same bytes may say something else by now.
  if (shape.type === 'blob') return (value) => start + write(value) + end;
  if (shape.type !== 'string' && shape.type !== 'character') return kept((value) => start + write(value) + end);
  return kept((value) => start + escapeXml(typeof value === 'string' ? value : String(value)) + end);
}

/** Items of a list have mostly one owner, one type, one class, often one time: a short text that was written last is written again. */
function kept(write: XmlWriter): XmlWriter {
  let last: unknown;
  let text = '';
  let isFlat = false;
  return (value) => {
    if (value !== last) {
      const fresh = write(value);
      if (fresh.length > LONGEST_KEPT) return fresh;
      last = value;
      text = fresh;
      isFlat = false;
    } else if (!isFlat) {
      // V8 keeps what was put together as a tree until somebody looks at its characters, and would walk it each time.
      PLAIN.test(text);
      isFlat = true;
    }
    return text;
  };
}

const LONGEST_KEPT = 128;

function attributesOf(model: ServiceModel, shape: Resolved): ((value: Record<string, unknown>) => string)[] {
  return membersOf(model, shape)
    .filter((member) => member.shape.xmlAttribute)
    .map((member) => {
      const write = textWriter(member.shape, 'iso8601') ?? String;
      const start = ` ${member.shape.locationName ?? member.name}="`;
      return (value) => {
        const item = value[member.name];
        return item === undefined || item === null ? '' : `${start}${escapeXml(write(item))}"`;
      };
    });
}

/** What a flattened list says of its namespace goes to each item, unless the item says something itself. */
const flatNamespace = (shape: Resolved): Partial<ShapeRef> =>
  shape.xmlNamespace && !shape.member?.xmlNamespace ? { xmlNamespace: shape.xmlNamespace } : {};

export function namespaceOf(shape: Pick<ShapeRef, 'xmlNamespace'>): string {
  const namespace = shape.xmlNamespace;
  if (namespace === undefined) return '';
  if (typeof namespace === 'string') return ` xmlns="${escapeXml(namespace)}"`;
  return ` xmlns${namespace.prefix ? `:${namespace.prefix}` : ''}="${escapeXml(namespace.uri)}"`;
}
