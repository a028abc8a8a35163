/**
 * Form parameters to values, one compiled reader per shape, for awsQuery and ec2Query. The two differ in how they name
 * members and in that EC2's lists are all flattened.
 */
import { type Form, type FormNode, hasParts, isThere, itemsOf, partsOf, textAt } from '#gateway/wire/form.ts';
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

export type FormReader = (node: FormNode, form: Form) => unknown;

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
    (slot) => (node, form) => slot()(node, form),
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
    const members = membersOf(model, shape);
    const names = members.map((member) => member.name);
    const wireNames = members.map((member) => dialect.wireName(model, member));
    const readers = members.map((member) => reader(member.ref));
    const { strange } = dialect;
    return (node, form) => {
      const result: Record<string, unknown> = {};
      if (!hasParts(node, form)) {
        if (textAt(node, form)) malformed('Unexpected complex element termination');
        return result;
      }
      const parts = partsOf(node, wireNames);
      for (let i = 0; i < names.length; i++) {
        // The three arrays are of one length.
        const part = parts[i];
        if (isThere(part, form)) result[names[i] as string] = (readers[i] as FormReader)(part, form);
      }
      if (strange !== undefined) refuseStrange(node, form, parts, strange);
      return result;
    };
  }

  function listReader(shape: Resolved): FormReader {
    const ref = listMember(shape);
    const read = reader(ref);
    const itemName = dialect.isFlat(shape) ? undefined : [dialect.nameOf(resolve(model, ref), 'member')];
    return (node, form) => {
      if (!hasParts(node, form)) {
        // An empty list is a name without a value.
        if (textAt(node, form)) malformed('Unexpected list element termination');
        return [];
      }
      const items = itemName === undefined ? node : partsOf(node, itemName)[0];
      if (!isThere(items, form)) malformed('Unexpected list element termination');
      return itemsOf(items, form).map((item) => read(item, form));
    };
  }

  return reader;
}

function refuseStrange(
  node: FormNode,
  form: Form,
  known: readonly (FormNode | undefined)[],
  strange: (name: string) => void,
): void {
  for (const part of node.parts?.values() ?? []) if (isThere(part, form) && !known.includes(part)) strange(part.name);
}

const ENTRY: readonly string[] = ['entry'];

function mapReader(model: ServiceModel, dialect: QueryDialect, shape: Resolved, read: FormReader): FormReader {
  const keyName = dialect.nameOf(resolve(model, mapKey(shape)), 'key');
  const valueName = dialect.nameOf(resolve(model, mapValue(shape)), 'value');
  const names = [keyName, valueName];
  const isFlat = dialect.isFlat(shape);
  return (node, form) => {
    const result: Record<string, unknown> = Object.create(null);
    const entries = isFlat ? node : partsOf(node, ENTRY)[0];
    if (!isThere(entries, form)) {
      if (hasParts(node, form) || textAt(node, form)) malformed('Unexpected map element termination');
      return result;
    }
    for (const entry of itemsOf(entries, form)) {
      const [key, value] = partsOf(entry, names);
      const entryKey = key && textAt(key, form);
      if (entryKey === undefined) malformed('A map entry has no key');
      // Validation says what a null value means; SQS gives a message of its own.
      result[entryKey] = isThere(value, form) ? read(value, form) : null;
    }
    return result;
  };
}

function scalarReader(shape: Resolved): FormReader {
  // `compile` has dealt with structures, lists and maps.
  const read = textReader(shape, 'iso8601') as TextReader;
  return (node, form) => {
    if (hasParts(node, form)) malformed('Start of structure or map found where not expected.');
    return read(textAt(node, form) ?? '');
  };
}
