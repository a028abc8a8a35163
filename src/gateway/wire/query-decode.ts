/**
 * Form parameters to values, one compiled reader per shape, for awsQuery and ec2Query. The two differ in how they name
 * members and in that EC2's lists are all flattened.
 */
import { type FormNode, indexedChildren } from '#gateway/wire/form.ts';
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
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';

export type FormReader = (node: FormNode) => unknown;

export interface QueryDialect {
  /** Of an item, a key or a value whose own name is `name`. */
  nameOf(shape: Resolved, name: string): string;
  wireName(model: ServiceModel, member: Member): string;
  isFlat(shape: Resolved): boolean;
  /** Throws for a parameter that no member has the name of; without it such are passed over. */
  readonly strange?: (name: string) => void;
}

export function queryReader(model: ServiceModel, dialect: QueryDialect): (ref: ShapeRef) => FormReader {
  const reader = memoized<FormReader>(
    (ref) => compile(resolve(model, ref)),
    (slot) => (node) => slot()(node),
  );

  function compile(shape: Resolved): FormReader {
    switch (shape.type) {
      case 'structure':
        return structureReader(shape);
      case 'list':
        return listReader(shape);
      case 'map':
        return mapReader(model, dialect, shape, reader(mapValue(shape)));
      default:
        return scalarReader(shape);
    }
  }

  function structureReader(shape: Resolved): FormReader {
    const members = membersOf(model, shape).map((member) => ({
      name: member.name,
      wireName: dialect.wireName(model, member),
      read: reader(member.ref),
    }));
    const { strange } = dialect;
    const names = new Set(members.map(({ wireName }) => wireName));
    return (node) => {
      const result: Record<string, unknown> = {};
      if (node.children === undefined) {
        if (node.value) malformed('Unexpected complex element termination');
        return result;
      }
      for (const member of members) {
        const child = node.children.get(member.wireName);
        if (child !== undefined) result[member.name] = member.read(child);
      }
      if (strange !== undefined) for (const name of node.children.keys()) if (!names.has(name)) strange(name);
      return result;
    };
  }

  function listReader(shape: Resolved): FormReader {
    const ref = listMember(shape);
    const read = reader(ref);
    const itemName = dialect.isFlat(shape) ? undefined : dialect.nameOf(resolve(model, ref), 'member');
    return (node) => {
      if (node.children === undefined) {
        // An empty list is a name without a value.
        if (node.value) malformed('Unexpected list element termination');
        return [];
      }
      const items = itemName === undefined ? node : node.children.get(itemName);
      if (items === undefined) malformed('Unexpected list element termination');
      return indexedChildren(items).map(read);
    };
  }

  return reader;
}

function mapReader(model: ServiceModel, dialect: QueryDialect, shape: Resolved, read: FormReader): FormReader {
  const keyName = dialect.nameOf(resolve(model, mapKey(shape)), 'key');
  const valueName = dialect.nameOf(resolve(model, mapValue(shape)), 'value');
  const isFlat = dialect.isFlat(shape);
  return (node) => {
    const result: Record<string, unknown> = Object.create(null);
    const entries = isFlat ? node : node.children?.get('entry');
    if (entries === undefined) {
      if (node.children !== undefined || node.value) malformed('Unexpected map element termination');
      return result;
    }
    for (const entry of indexedChildren(entries)) {
      const entryKey = entry.children?.get(keyName)?.value;
      const entryValue = entry.children?.get(valueName);
      if (entryKey === undefined) malformed('A map entry has no key');
      // Validation says what a null value means; SQS gives a message of its own.
      result[entryKey] = entryValue === undefined ? null : read(entryValue);
    }
    return result;
  };
}

function scalarReader(shape: Resolved): FormReader {
  // `compile` has dealt with structures, lists and maps.
  const read = textReader(shape, 'iso8601') as TextReader;
  return (node) => {
    if (node.children !== undefined) malformed('Start of structure or map found where not expected.');
    return read(node.value ?? '');
  };
}
