/** XML elements to values, one compiled reader per shape. Unknown elements and attributes are dropped. */
import { type TextReader, textReader } from '#gateway/wire/scalar-text.ts';
import {
  listMember,
  type Member,
  malformed,
  mapKey,
  mapValue,
  membersOf,
  memoized,
  type Resolved,
  resolve,
} from '#gateway/wire/shapes.ts';
import { elementName, type NameOf } from '#gateway/wire/xml-encode.ts';
import type { XmlNode } from '#gateway/wire/xml-parse.ts';
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';

/** One node, or for a flattened collection all that have its name. */
type XmlNodeReader = (nodes: readonly XmlNode[]) => unknown;

export interface XmlDecoder {
  reader(ref: ShapeRef): XmlNodeReader;
  /** A structure from an element's children; `keep` says which members belong to the body. */
  content(shape: Resolved, keep: (member: Resolved) => boolean): (node: XmlNode) => Record<string, unknown>;
}

const nameOf: NameOf = (shape, name) => shape.locationName ?? name;

export function xmlDecoder(model: ServiceModel): XmlDecoder {
  const reader = memoized<XmlNodeReader>(
    (ref) => compile(resolve(model, ref)),
    (slot) => (nodes) => slot()(nodes),
  );

  function compile(shape: Resolved): XmlNodeReader {
    switch (shape.type) {
      case 'structure': {
        const read = content(shape, () => true);
        return (nodes) => read(only(nodes));
      }
      case 'list':
        return listReader(shape);
      case 'map':
        return mapReader(model, shape, reader(mapValue(shape)));
      default:
        return scalarReader(shape);
    }
  }

  function content(shape: Resolved, keep: (member: Resolved) => boolean): (node: XmlNode) => Record<string, unknown> {
    const members = membersOf(model, shape).filter((member) => keep(member.shape));
    const attributes = members.filter((member) => member.shape.xmlAttribute).map(attributeReader);
    const elements = members
      .filter((member) => !member.shape.xmlAttribute)
      .map((member) => ({
        name: member.name,
        element: elementName(model, member, nameOf),
        read: reader(member.ref),
      }));
    return (node) => {
      const result: Record<string, unknown> = {};
      for (const read of attributes) read(node, result);
      if (node.children.length === 0) return result;
      const byName = Map.groupBy(node.children, (child) => child.name);
      for (const member of elements) {
        const nodes = byName.get(member.element);
        if (nodes !== undefined) result[member.name] = member.read(nodes);
      }
      return result;
    };
  }

  function listReader(shape: Resolved): XmlNodeReader {
    const ref = listMember(shape);
    const read = reader(ref);
    if (shape.flattened) return (nodes) => nodes.map((node) => read([node]));
    const itemName = nameOf(resolve(model, ref), 'member');
    return (nodes) => {
      const { children } = only(nodes);
      if (children.some((child) => child.name !== itemName)) malformed('Unexpected list element termination');
      return children.map((child) => read([child]));
    };
  }

  return { reader, content };
}

function mapReader(model: ServiceModel, shape: Resolved, read: XmlNodeReader): XmlNodeReader {
  const keyName = nameOf(resolve(model, mapKey(shape)), 'key');
  const valueName = nameOf(resolve(model, mapValue(shape)), 'value');
  return (nodes) => {
    const result: Record<string, unknown> = Object.create(null);
    for (const entry of shape.flattened ? nodes : only(nodes).children) {
      const byName = Map.groupBy(entry.children, (child) => child.name);
      const values = byName.get(valueName);
      result[only(byName.get(keyName) ?? []).text] = values === undefined ? null : read(values);
    }
    return result;
  };
}

function only(nodes: readonly XmlNode[]): XmlNode {
  const [node] = nodes;
  if (node === undefined) malformed('An element is missing');
  if (nodes.length > 1) malformed(`The element ${node.name} is given more than once`);
  return node;
}

function scalarReader(shape: Resolved): XmlNodeReader {
  // `compile` has dealt with structures, lists and maps.
  const read = textReader(shape, 'iso8601') as TextReader;
  const isText = shape.type === 'string' || shape.type === 'character';
  return (nodes) => {
    const { children, text } = only(nodes);
    if (children.length > 0) malformed('Unexpected complex element termination');
    return read(isText ? text : text.trim());
  };
}

function attributeReader(member: Member): (node: XmlNode, result: Record<string, unknown>) => void {
  const name = member.shape.locationName ?? member.name;
  const read = textReader(member.shape, 'iso8601') ?? ((text: string) => text);
  return (node, result) => {
    const text = node.attributes[name];
    if (text !== undefined) result[member.name] = read(text);
  };
}
